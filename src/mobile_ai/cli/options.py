"""Options that commands share."""

from pathlib import Path
from typing import Annotated, Final

import typer

__all__ = ["STORE", "Findings", "Json"]

STORE: Final = Path("build/telemetry")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value for machines.")]
Findings = Annotated[
    Path | None,
    typer.Option("--findings", help="Folder of findings; default: <store>/findings."),
]
