"""`mobile-ai model scope`: sign a further use of an approved version."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from mobile_ai.cli.models.options import (
    EnvironmentName,
    Key,
    Manifest,
    TrustFile,
    answering,
    ask_person,
    trust_if_any,
)
from mobile_ai.cli.options import LONGEST_DAYS, Json
from mobile_ai.model_build.approve import ask_assessment, load_assessment
from mobile_ai.model_build.scope import add_scope
from mobile_ai.model_build.writer import read_version
from mobile_ai.signing.roles import check_key, signer_from_uri

_ROLE = "ethics-reviewer"


def scope_command(  # noqa: PLR0917  # typer passes options by name
    manifest: Manifest,
    name: Annotated[str, typer.Option(help="Name of the record, such as the application's.")],
    key: Key,
    questionnaire: Annotated[
        Path | None, typer.Option(help="Answers as YAML; default: interactive prompts.")
    ] = None,
    days: Annotated[
        int, typer.Option(min=1, max=LONGEST_DAYS, help="Validity of the record in days.")
    ] = 365,
    environment: EnvironmentName = None,
    trust: TrustFile = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Answer the impact questionnaire for a further use of an approved version, and sign it.

    The record is written to the folder `scope` beside the manifest, whose digest stays the same:
    no pin changes. An existing record of another use is not replaced.

    Example: mobile-ai model scope models/digits/1.1.0/manifest.yaml --name second-app
    --key awskms:alias/ethics-reviewer --questionnaire answers.yaml
    """
    with answering():
        version = read_version(manifest.parent)
        answers = (
            load_assessment(questionnaire)
            if questionnaire
            else ask_assessment(version.manifest, ask=ask_person)
        )
        trusted = trust_if_any(environment, trust)
        signer = signer_from_uri(key, role=_ROLE, trust=trusted)
        if trusted is not None:
            check_key(signer.public_key, role=_ROLE, trust=trusted)
        now = datetime.now(UTC).replace(microsecond=0)
        path, is_new = add_scope(
            manifest.parent,
            answers,
            name=name,
            signer=signer,
            issued=now,
            expires=now + timedelta(days=days),
            trust=trusted,
        )
    if as_json:
        value = {"record": path.as_posix(), "manifestSha256": version.sha256, "changed": is_new}
        print(json.dumps(value, indent=1))
    else:
        print(f"{'wrote' if is_new else 'unchanged'} {path.as_posix()}")
