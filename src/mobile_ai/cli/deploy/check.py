"""`mobile-ai check`: run the gate's checks that require no engine, for a commit hook."""

import datetime as dt
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from mobile_ai.cli.errors import answering
from mobile_ai.cli.options import Json
from mobile_ai.contracts.printable import printable, printable_lines

if TYPE_CHECKING:
    from mobile_ai.gate.verdict.offline_check import Quick

_DENIED: Final = 1
_UNUSABLE: Final = 2


def command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Changed files; without any, all stacks are checked."),
    ] = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Check stack files, manifests, evidence and waivers without an engine, in a second or two.

    Exit 0 pass, 1 denied, 2 invalid or could not be evaluated. `mobile-ai gate` evaluates
    resources, cost and the deployed state.

    Example: mobile-ai check Pulumi.prod.yaml
    """
    from mobile_ai.gate.errors import GateError  # noqa: PLC0415
    from mobile_ai.gate.project import find_project, find_root  # noqa: PLC0415
    from mobile_ai.gate.verdict.offline_check import check_stack, stacks_of  # noqa: PLC0415

    now = dt.datetime.now(dt.UTC)
    with answering(GateError):
        root = find_root(Path.cwd())
        found = [
            check_stack(find_project(root, stack), now=now)
            for stack in stacks_of(root, files or [])
        ]
    if as_json:
        print(json.dumps([item.to_dict() for item in found], indent=1))
    elif found:
        for item in found:
            show(item)
    else:
        print("no stack is affected")
    if any(item.problems for item in found):
        raise typer.Exit(_UNUSABLE)
    if any(item.denied for item in found):
        raise typer.Exit(_DENIED)


def show(found: "Quick") -> None:
    """Print a stack's result: findings on standard error, else a summary."""
    for problem in found.problems:
        print(printable_lines(problem), file=sys.stderr)
    for verdict in found.denied:
        for finding in verdict.findings:
            name = verdict.urn.rpartition("::")[2]
            line = f"{found.stack}: {name}: {verdict.rule}: {finding}"
            print(printable(line), file=sys.stderr)
    if not found.problems and not found.denied:
        print(f"{found.stack}: {len(found.verdicts)} judgements, none denied")
