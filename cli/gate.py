"""`mobile-ai gate`: preview a stack with the policy pack and print one verdict."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import UserError
from cli.reports import FORMATS, forms_of, show

__all__ = ["command"]


class Cloud(StrEnum):
    """Which providers run."""

    SANDBOX = "sandbox"
    AWS = "aws"


def command(  # noqa: PLR0917  typer passes options by name
    stack: Annotated[str, typer.Option(help="Stack to preview: dev, prod, ...")],
    cloud: Annotated[
        Cloud, typer.Option(help="Stand-in providers, or the official ones with your credentials.")
    ] = Cloud.SANDBOX,
    form: Annotated[
        str, typer.Option("--format", help=f"One or more of {', '.join(FORMATS)}.")
    ] = "table",
    out: Annotated[
        Path | None, typer.Option(help="Write every format to a file in this folder.")
    ] = None,
    base: Annotated[
        str, typer.Option(help="Commit to count changes against; else the deployed state.")
    ] = "",
    actuals: Annotated[
        Path | None,
        typer.Option(help="FOCUS file (.csv, .jsonl) with this month's charges, for a forecast."),
    ] = None,
    time: Annotated[bool, typer.Option("--time", help="Print where the time went.")] = False,  # noqa: FBT002
) -> None:
    """Preview a stack with the policy pack; exit 0 pass, 1 denied, 2 could not judge.

    Example: mobile-ai gate --stack prod --base origin/main --format markdown

    Example: mobile-ai gate --stack dev --format table,sarif --out build/gate --time
    """
    forms = forms_of(form, out)
    from gate import GateError, Options, run_gate  # noqa: PLC0415
    from gate.progress import shown  # noqa: PLC0415
    from gate.render.timing import render_timing  # noqa: PLC0415

    options = Options(stack=stack, cloud=cloud.value, base=base, actuals=actuals)
    try:
        with shown() as tell:
            report = run_gate(options, tell)
    except GateError as error:
        raise UserError(str(error)) from error
    show(report, forms, out)
    if time:
        print(render_timing(report.timing), end="", file=sys.stderr)
    raise typer.Exit(report.exit_code)
