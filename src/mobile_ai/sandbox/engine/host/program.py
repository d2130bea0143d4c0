"""Arguments and variables of the executor that runs a Pulumi program."""

import json
from collections.abc import Mapping
from pathlib import Path

from pulumi.runtime.proto import language_pb2 as language

ALREADY_SHOWN = 32
"""Exit code of the executor after it has shown the error message itself."""


def executor_arguments(
    request: language.RunRequest, *, engine_address: str, tracing: str
) -> list[str]:
    """Return the arguments of `pulumi-language-python-exec` for `request`.

    Args:
        request: Run request of the engine.
        engine_address: Address of the engine, as given to the host.
        tracing: Tracing endpoint, empty for none.
    """
    options = {
        "monitor": request.monitor_address,
        "engine": engine_address,
        "project": request.project,
        "stack": request.stack,
        "organization": request.organization,
        "root_directory": request.info.root_directory,
        "pwd": request.pwd,
        "dry_run": _flag(value=request.dryRun),
        "parallel": str(request.parallel),
        "tracing": tracing,
    }
    given = [part for name, value in options.items() if value for part in (f"--{name}", value)]
    return [*given, _program(request), *request.args]


def executor_environment(request: language.RunRequest, base: Mapping[str, str]) -> dict[str, str]:
    """Return `base` with the stack's configuration, which is passed in the environment."""
    return {
        **base,
        "PULUMI_CONFIG": json.dumps(dict(request.config)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
    }


def _program(request: language.RunRequest) -> str:
    info = request.info
    return (
        str(Path(info.program_directory, info.entry_point or "."))
        if info.program_directory
        else (request.program or ".")
    )


def _flag(*, value: bool) -> str:
    return "true" if value else "false"
