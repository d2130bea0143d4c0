"""`mobile-ai model requests`: list retraining requests and their status."""

import json
from pathlib import Path
from typing import Annotated

import typer

from mobile_ai.cli.options import Json
from mobile_ai.model_build.requests import asked


def requests_command(
    models: Annotated[Path, typer.Option(help="Folder of all model versions.")] = Path("models"),
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """List retraining requests, and the recipe that satisfies each.

    A request is pending until a recipe for a later version pins different data.

    Example: mobile-ai model requests --json
    """
    found = asked(models)
    if as_json:
        print(json.dumps([item.to_dict() for item in found], indent=1))
        return
    for item in found:
        request = item.request
        print(f"{request.model} after {request.parent.version}, {request.finding.rule}:", end=" ")
        print(f"{item.state}; {item.reason}")
    print(f"{len(found)} requests")
