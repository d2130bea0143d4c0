"""`mobile-ai migrate`: bring a repository's files to the present formats."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, cast, get_args

import typer

from mobile_ai.cli.errors import UserError
from mobile_ai.cli.options import Json, Repository
from mobile_ai.contracts.printable import printable
from mobile_ai.contracts.vocabulary import StackClass
from mobile_ai.signing.migration import MigratedFile, migrate_repository

_TO_DO: Final = 1


def command(
    root_dir: Repository = Path(),
    classes: Annotated[
        list[str] | None,
        typer.Option(
            "--class",
            help="STACK=CLASS for an entry of policy-pack/stacks.yaml without a class; repeatable.",
        ),
    ] = None,
    check: Annotated[  # noqa: FBT002
        bool, typer.Option("--check", help="Write nothing; exit code 1 if something would be.")
    ] = False,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Bring a repository's files to the present formats, and say what becomes of each.

    A signed file is never rewritten and stays valid. The list of stacks is staged as version 1 of
    the signed roots: `mobile-ai roots sign` signs it. Verdicts stay the same; a second run changes
    nothing. All files are read before the first is written.

    Example: mobile-ai migrate --check

    Example: mobile-ai migrate --class staging=development --class live=production
    """
    found = migrate_repository(
        root_dir, classes=_classes(classes or []), now=datetime.now(UTC), check=check
    )
    changed = sum(item.changed for item in found)
    if as_json:
        print(json.dumps([item.to_dict() for item in found], indent=1))
    else:
        for item in found:
            _show(item)
        print(f"{changed} of {len(found)} files {'to change' if check else 'changed'}")
    if check and changed:
        raise typer.Exit(_TO_DO)


def _show(item: MigratedFile) -> None:
    print(printable(f"{item.outcome:8} {item.path}: {item.why}"))
    for need in item.needs:
        people = ", ".join(need.people) or "nobody"
        more = "" if need.keys >= need.number else "; first mobile-ai trust add one more"
        line = f"needs {need.number} by {need.role} of {need.environment}: {people}{more}"
        print(printable(f"         {line}"))
    if item.needs:
        print("         Next: commit it; each of them runs mobile-ai roots sign --key KEY")


def _classes(options: list[str]) -> dict[str, StackClass]:
    pairs = [option.partition("=") for option in options]
    for option, (stack, _, value) in zip(options, pairs, strict=True):
        if not stack or value not in get_args(StackClass):
            raise UserError(
                f"--class {option!r}: got another form; expected STACK=CLASS, the class one of "
                f"{', '.join(get_args(StackClass))}. Next: write it as in `mobile-ai migrate "
                "--help`."
            )
    return {stack: cast("StackClass", value) for stack, _, value in pairs}
