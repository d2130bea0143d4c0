"""`mobile-ai gate`: preview a stack with the policy pack and print one verdict."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.errors import UserError

if TYPE_CHECKING:
    from gate import Report

__all__ = ["FORMATS", "command"]

# Named here too, since the room itself takes a second to load and a help text has no second.
FORMATS: Final = ("table", "json", "markdown", "sarif")
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
        str, typer.Option("--format", help=f"One or more of {', '.join(FORMATS)}.")
    ] = _TABLE,
    out: Annotated[
        Path | None, typer.Option(help="Write every format to a file in this folder.")
    ] = None,
    base: Annotated[
        str, typer.Option(help="Commit to count changes against; else the deployed state.")
    ] = "",
    time: Annotated[bool, typer.Option("--time", help="Print where the time went.")] = False,  # noqa: FBT002
) -> None:
    """Preview a stack with the policy pack; exit 0 pass, 1 denied, 2 could not judge.

    Example: mobile-ai gate --stack prod --base origin/main --format markdown

    Example: mobile-ai gate --stack dev --format table,sarif --out build/gate --time
    """
    forms = _forms(form, out)
    from gate import GateError, Options, run_gate  # noqa: PLC0415
    from gate.progress import shown  # noqa: PLC0415
    from gate.render.timing import render_timing  # noqa: PLC0415

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
    if unknown := [item for item in forms if item not in FORMATS]:
        raise UserError(
            f"--format: got {', '.join(unknown)!r}; expected one or more of {', '.join(FORMATS)}. "
            "Next: separate several with commas."
        )
    if len(forms) > 1 and out is None:
        raise UserError(
            f"--format: got {len(forms)} formats and nowhere to put them; expected one, or a "
            "folder. Next: add --out FOLDER."
        )
    return forms


def _show(report: "Report", forms: list[str], out: Path | None) -> None:
    from gate.render import SUFFIXES, render  # noqa: PLC0415
    from gate.render.table import print_table  # noqa: PLC0415
    from gate.render.words import headline  # noqa: PLC0415

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
