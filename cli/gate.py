"""`mobile-ai gate`: preview a stack with the policy pack and print one verdict."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.errors import UserError
from gate import FORMS, GateError, Options, Report, render, run_gate
from gate.progress import shown
from gate.render import SUFFIXES
from gate.render.table import print_table
from gate.render.timing import render_timing
from gate.render.words import headline

__all__ = ["command"]

_TABLE: Final = "table"


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
        str, typer.Option("--format", help=f"One or more of {', '.join(FORMS)}.")
    ] = _TABLE,
    out: Annotated[
        Path | None, typer.Option(help="Write every format to a file in this folder.")
    ] = None,
    base: Annotated[
        str, typer.Option(help="Commit to count changes against; else the deployed state.")
    ] = "",
    time: Annotated[bool, typer.Option("--time", help="Print where the time went.")] = False,  # noqa: FBT002
) -> None:
    """Preview a stack with the policy pack; exit 0 pass, 1 denied, 2 could not judge."""
    forms = _forms(form, out)
    try:
        with shown() as tell:
            report = run_gate(Options(stack=stack, cloud=cloud.value, base=base), tell)
    except GateError as error:
        raise UserError(str(error)) from error
    _show(report, forms, out)
    if time:
        print(render_timing(report.timing), end="", file=sys.stderr)
    raise typer.Exit(report.exit_code)


def _forms(text: str, out: Path | None) -> list[str]:
    forms = list(dict.fromkeys(item.strip() for item in text.split(",")))
    if unknown := [item for item in forms if item not in FORMS]:
        raise UserError(
            f"--format: got {', '.join(unknown)!r}; expected one or more of {', '.join(FORMS)}. "
            "Next: separate several with commas."
        )
    if len(forms) > 1 and out is None:
        raise UserError(
            f"--format: got {len(forms)} formats and nowhere to put them; expected one, or a "
            "folder. Next: add --out FOLDER."
        )
    return forms


def _show(report: Report, forms: list[str], out: Path | None) -> None:
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for form in forms:
            path = out / f"gate-{report.stack}{SUFFIXES[form]}"
            path.write_text(render(report, form), encoding="utf-8")
    if _TABLE in forms:
        print_table(report)
    elif out is None:
        sys.stdout.write(render(report, forms[0]))
    else:
        print(headline(report))
