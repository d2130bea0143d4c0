"""Options that commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

STORE: Final = Path("build/telemetry")
"""Telemetry store of the commands that read or write one."""
LONGEST_DAYS: Final = 3_660
"""Longest validity that a command signs: ten years, as the sample evidence has."""


class Cloud(StrEnum):
    """Clouds that a command can work on."""

    SANDBOX = "sandbox"
    AWS = "aws"


Json = Annotated[bool, typer.Option("--json", help="Print one JSON value instead of text.")]
Operated = Annotated[
    Cloud, typer.Option(help="The running sandbox, or AWS with your backend and credentials.")
]
Repository = Annotated[
    Path, typer.Option("--root-dir", help="The repository.", exists=True, file_okay=False)
]
StackFile = Annotated[
    Path | None,
    typer.Option(
        "--config-file", help="Stack file to use instead of the repository's, such as a copy."
    ),
]
App = Annotated[str, typer.Option("--app", help="The application.")]
Model = Annotated[str, typer.Option("--model", help="The model.")]
Embedded = Annotated[
    Path | None, typer.Option("--embedded", help="Model file in the application's package.")
]
Findings = Annotated[
    Path | None,
    typer.Option("--findings", help="Folder of findings; default: <store>/findings."),
]
