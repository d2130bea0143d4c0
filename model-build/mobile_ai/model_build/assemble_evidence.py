"""Signed statements of a version, in order: builder, then evaluator, then (later) the reviewer.

Every statement names the canonical manifest and every artifact, so none can be swapped
under a signature; the provenance names the bill of materials too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from securesystemslib.signer._signer import Signer

from mobile_ai.contracts.canonical import sha256_text
from mobile_ai.contracts.predicates import EVALUATION, PROVENANCE
from mobile_ai.contracts.statements import Statement, Subject
from mobile_ai.model_build.assemble import Draft, manifest_subjects
from mobile_ai.model_build.bom import bom_text
from mobile_ai.model_build.evaluation import evaluation_predicate
from mobile_ai.model_build.provenance import provenance_predicate
from mobile_ai.model_build.results import BuildResult, EvaluationReport
from mobile_ai.model_build.signing import evidence_text, sign_artifacts
from mobile_ai.model_build.writer import EVIDENCE_FILES
from mobile_ai.signing.errors import SigningError


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Time and place of a version's build.

    Attributes:
        started: Start of the build.
        finished: End of the build; also the version's ``created`` and the evidence's ``issued``.
        expires: End of the evaluation's validity.
        commit: Source commit, or ``unknown``.
        builder: URI that names the builder in the provenance.
    """

    started: datetime
    finished: datetime
    expires: datetime
    commit: str
    builder: str


def build_evidence(
    draft: Draft,
    build: BuildResult,
    report: EvaluationReport,
    *,
    signers: Mapping[str, Signer],
    occasion: Occasion,
) -> dict[str, str]:
    """Return provenance, evaluation, bill of materials and model signature, by kind.

    Args:
        draft: The version, see ``assemble``.
        build: Result of the build.
        report: The measurements.
        signers: By role: ``builder`` and ``evaluator``, which must be two keys.
        occasion: Time and place of the build.

    Raises:
        SigningError: If a role has no signer or both roles have the same key.
    """
    builder, evaluator = _two(signers)
    bom = bom_text(draft.manifest, report, tools=build.tools)
    subjects = manifest_subjects(draft)
    provenance = provenance_predicate(
        build,
        started=occasion.started,
        finished=occasion.finished,
        commit=occasion.commit,
        builder=occasion.builder,
    )
    evaluation = evaluation_predicate(report, issued=occasion.finished, expires=occasion.expires)
    listed = (*subjects, Subject(EVIDENCE_FILES["bom"], sha256_text(bom)))
    return {
        "provenance": evidence_text(
            Statement(PROVENANCE, listed, provenance), [builder], name="provenance"
        ),
        "evaluation": evidence_text(
            Statement(EVALUATION, tuple(subjects), evaluation), [evaluator], name="evaluation"
        ),
        "bom": bom,
        "signature": _signature(draft, builder),
    }


def _two(signers: Mapping[str, Signer]) -> tuple[Signer, Signer]:
    missing = {"builder", "evaluator"} - set(signers)
    if missing:
        raise SigningError(
            "signers",
            got=f"none for {sorted(missing)}",
            expected="one for builder and another for evaluator",
            next_step="give both keys: --key URI --evaluator-key URI",
        )
    builder, evaluator = signers["builder"], signers["evaluator"]
    if builder.public_key.keyval == evaluator.public_key.keyval:
        raise SigningError(
            "signers",
            got="one key for builder and evaluator",
            expected="two: whoever builds does not judge",
            next_step="give the evaluator a key of its own with --evaluator-key",
        )
    return builder, evaluator


def _signature(draft: Draft, signer: Signer) -> str:
    with tempfile.TemporaryDirectory() as scratch:
        # The folder's name is part of the statement, so it is the same as in the version.
        folder = Path(scratch) / "artifacts"
        for name, content in draft.files.items():
            path = Path(scratch) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return sign_artifacts(folder, signer)
