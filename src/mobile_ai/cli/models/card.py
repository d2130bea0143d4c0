"""`mobile-ai model card`: a version's card for the people who answer for a product."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mobile_ai.cli.models.options import (
    REFUSED,
    EnvironmentName,
    Manifest,
    TrustFile,
    answering,
    existing,
    trust_of,
)
from mobile_ai.contracts.files import write_whole
from mobile_ai.model_build.model_card_text import card_html, card_markdown
from mobile_ai.model_build.verify import verify_version


def card_command(
    manifest: Manifest,
    html: Annotated[bool, typer.Option("--html", help="HTML instead of Markdown.")] = False,  # noqa: FBT002
    output: Annotated[
        Path | None, typer.Option(help="File to write instead of standard output.")
    ] = None,
    environment: EnvironmentName = None,
    trust: TrustFile = None,
) -> None:
    """Write the model card of a verified version as Markdown or HTML.

    It is made of the manifest and the signed statements alone: the same version has the same card.
    Exit code 1 if the version does not verify.

    Example: mobile-ai model card models/digits/1.1.0/manifest.yaml --environment dev --html
    --output digits.html
    """
    with answering():
        found = verify_version(existing(manifest), trust=trust_of(environment, trust))
        if found.model is None or not found.ok:
            for item in found.findings:
                print(f"{item.where}: {item.problem}")
            print(f"NOT VERIFIED: {manifest}. Next: `mobile-ai model verify` with the right trust")
            raise typer.Exit(REFUSED)
        text = card_html(found.model) if html else card_markdown(found.model)
        if output is None:
            print(text, end="")
        else:
            write_whole(output, text.encode())
            print(f"wrote {output}")
