"""Command lines, resolved against the real commands: ours and those of the AWS command line."""

from __future__ import annotations

import re
import shlex
from functools import cache
from typing import Any, Final

import botocore.session
import typer
from botocore import xform_name

from mobile_ai.cli.main import GROUPS, application

__all__ = [
    "command_of",
    "missing_for_aws",
    "options",
    "unexpected_words",
    "unknown_options",
    "unknown_to_aws",
    "words",
]

# Of the AWS CLI itself, on every command.
_AWS_GLOBAL: Final = {"--region", "--query", "--output", "--profile", "--no-cli-pager"}


def words(line: str) -> list[str]:
    """Return the words after the program, without brackets that mark what may be left out."""
    call = re.split(r"\s[|>&]", line, maxsplit=1)[0]
    return shlex.split(re.sub(r"(?<=\s)\[|\](?=\s|$)", "", call), comments=True)[1:]


def command_of(arguments: list[str]) -> tuple[Any, list[str]]:
    """Return the command that words name, and the words after its name.

    Raises:
        LookupError: There is none.
    """
    if arguments[0] in {"...", "--help", "--version"}:
        return None, []
    if arguments[0] not in GROUPS:
        raise LookupError(f"mobile-ai {arguments[0]}")
    command: Any = typer.main.get_command(application(arguments))
    rest = list(arguments)
    while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
        if rest[0] == "...":
            return None, []
        if rest[0] not in command.commands:
            raise LookupError(f"mobile-ai {' '.join(arguments)}: {rest[0]}")
        command = command.commands[rest.pop(0)]
    return command, rest


def unexpected_words(line: str) -> list[str]:
    """Return the words of a line that its command has no argument for.

    Raises:
        LookupError: There is no such command.
    """
    command, rest = command_of(words(line))
    if command is None or "..." in rest:
        return []
    if hasattr(command, "commands"):
        return rest
    context = command.make_context(command.name, [], resilient_parsing=True)
    parser = command.make_parser(context)
    _, left, _ = parser.parse_args(rest)
    return [str(item) for item in left if item != "{}"]  # a message fills in options there


def options(arguments: list[str]) -> set[str]:
    """Return the names of the options in the words of a command line."""
    return {item.split("=", 1)[0] for item in arguments if item.startswith("--") and item != "--"}


def unknown_options(line: str) -> set[str]:
    """Return the options of a line that its command does not take.

    Raises:
        LookupError: There is no such command.
    """
    command, rest = command_of(words(line))
    if command is None:
        return set()
    known = {item for part in command.params for item in (*part.opts, *part.secondary_opts)}
    return options(rest) - known - {"--help"}


@cache
def operations(service: str) -> dict[str, Any]:
    """Return the operations of an AWS service as its command line names them."""
    session = botocore.session.get_session()
    model = session.get_service_model({"s3api": "s3"}.get(service, service))
    names = model.operation_names
    return {xform_name(name, "-"): model.operation_model(name) for name in names}


def unknown_to_aws(line: str) -> set[str]:
    """Return the options of an AWS command line that its operation does not take.

    Raises:
        LookupError: There is no such operation.
    """
    service, operation, *rest = words(line)
    if operation not in operations(service):
        raise LookupError(line)
    shape = operations(service)[operation].input_shape
    members = set(shape.members) if shape else set()
    known = {f"--{xform_name(member, '-')}" for member in members}
    return options(rest) - known - _AWS_GLOBAL


def missing_for_aws(line: str) -> set[str]:
    """Return the required options of an AWS operation that a command line lacks."""
    service, operation, *rest = words(line)
    shape = operations(service)[operation].input_shape
    required = set(shape.required_members) if shape else set()
    return {f"--{xform_name(member, '-')}" for member in required} - options(rest)
