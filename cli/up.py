"""`mobile-ai up`: the gate, then the engine, on one stack in the sandbox."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

import typer

from cli.errors import UserError

__all__ = ["command"]

Stack = Annotated[str, typer.Option(help="Stack to deploy: dev, prod, ...")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def command(stack: Stack, as_json: Json = False) -> None:  # noqa: FBT002
    """Deploy a stack into the running sandbox if the gate passes it.

    Runs the gate, checks that files, policy pack and state are still those it judged, and lets
    the engine deploy with the pack once more. Exit 0 deployed, 1 denied, 2 could not. Run it again
    after a failure: it goes on where it stopped.

    Example: mobile-ai sandbox up && mobile-ai up --stack dev
    """
    from gate import GateError, Options  # noqa: PLC0415  a help text has no second for it
    from gate.operate import bring_up  # noqa: PLC0415
    from gate.progress import shown  # noqa: PLC0415
    from gate.render.table import print_table  # noqa: PLC0415

    try:
        with shown() as tell:
            report, deployed = bring_up(Options(stack=stack), tell)
    except GateError as error:
        raise UserError(str(error)) from error
    if deployed is None:
        print_table(report)
        raise typer.Exit(report.exit_code)
    if as_json:
        sys.stdout.write(json.dumps(asdict(deployed), indent=2) + "\n")
        return
    for note in deployed.notes:
        print(f"note: {note}")
    print(f"Deployed {stack}: {_counted(deployed.changes)}")
    for name, value in deployed.outputs.items():
        shown_value = value if isinstance(value, str) else json.dumps(value)
        print(f"  {name}: {shown_value}")
    print("In the sandbox:")
    for name, url in deployed.reachable.items():
        print(f"  {name}: {url}")


def _counted(changes: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(changes.items())) or "nothing"
