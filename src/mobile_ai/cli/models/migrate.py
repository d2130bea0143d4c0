"""`mobile-ai model migrate`: move unsigned manifests to the present format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final

import typer

from mobile_ai.cli.models.options import answering, manifest_at
from mobile_ai.cli.options import Json
from mobile_ai.model_build.migrate import migrate

_SAID: Final = {
    "migrated": "written as mobile-ai/v2",
    "current": "is mobile-ai/v2 already",
    "signed": "is signed as mobile-ai/v1 and stays valid; the next build writes mobile-ai/v2",
}


def migrate_command(
    manifests: Annotated[
        list[Path] | None,
        typer.Argument(help="Manifests or version folders; default: all below models/."),
    ] = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Write manifests that nobody signed as `mobile-ai/v2`, in place.

    A signed manifest is kept as it is, since its signatures are over its own form. Recipes, stack
    files and pins do not change. Running it again changes nothing.

    Example: mobile-ai model migrate models/digits/1.1.0/manifest.yaml
    """
    found = manifests or sorted(Path("models").glob("*/*/manifest.yaml"))
    with answering():
        done = {path.as_posix(): migrate(path) for path in map(manifest_at, found)}
    if as_json:
        print(json.dumps(done, indent=1))
        return
    for name, word in done.items():
        print(f"{name} {_SAID[word]}")
    print(f"{sum(word == 'migrated' for word in done.values())} of {len(done)} migrated")
