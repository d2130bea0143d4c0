"""Report formats and output files, shared by the commands that produce reports."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from mobile_ai.cli.console import console
from mobile_ai.cli.errors import UserError
from mobile_ai.contracts.files import write_whole

if TYPE_CHECKING:
    from mobile_ai.gate import Report

Verbose = Annotated[bool, typer.Option("--verbose", help="List the rules that passed too.")]

# Duplicates `gate.render.FORMS`, whose import takes a second, too long for a help text.
FORMATS: Final = ("table", "json", "markdown", "sarif")
"""Formats of a report."""
_TABLE: Final = "table"

Forms = Annotated[str, typer.Option("--format", help=f"One or more of {', '.join(FORMATS)}.")]
Out = Annotated[Path | None, typer.Option(help="Write every format to a file in this folder.")]


def forms_of(text: str, out: Path | None) -> list[str]:
    """Return the formats that an option names.

    Raises:
        UserError: A format is unknown, or several are given without a folder.
    """
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


def show(
    report: "Report",
    forms: list[str],
    out: Path | None,
    *,
    name: str = "gate",
    verbose: bool = False,
) -> None:
    """Print a report in its formats, or write them as files that begin with a name.

    Args:
        report: The report.
        forms: Its formats.
        out: Folder of the files; they list the rules that passed.
        name: How the names of the files begin.
        verbose: Print the rules that passed too.
    """
    from mobile_ai.gate.render import SUFFIXES, render  # noqa: PLC0415
    from mobile_ai.gate.render.summary_text import headline  # noqa: PLC0415
    from mobile_ai.gate.render.terminal import print_report  # noqa: PLC0415

    if out is not None:
        for form in forms:
            path = out / f"{name}-{report.stack}{SUFFIXES[form]}"
            write_whole(path, render(report, form).encode())
    if _TABLE in forms:
        print_report(report, console(), verbose=verbose)
    elif out is None:
        sys.stdout.write(render(report, forms[0]))
    else:
        print(headline(report))
