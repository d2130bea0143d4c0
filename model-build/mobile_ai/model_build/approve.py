"""Ethical impact assessment of a version: a questionnaire that a reviewer answers and signs.

Every question of ``QUESTIONS`` must be answered before the assessment can be signed. Their order
follows the fundamental rights impact assessment of the EU AI Act, Art. 27(1).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from securesystemslib.signer._signer import Signer

from mobile_ai.contracts.data_types import shipped_vocabulary
from mobile_ai.contracts.documents import read_yaml
from mobile_ai.contracts.errors import VerificationError
from mobile_ai.contracts.manifest import ModelManifest
from mobile_ai.contracts.models import MAIL_PATTERN
from mobile_ai.contracts.predicates import ASSESSMENT, PREDICATES, Scope
from mobile_ai.contracts.schema_errors import schema_problem
from mobile_ai.contracts.statements import Statement, load_envelope
from mobile_ai.contracts.trust import Trust
from mobile_ai.contracts.vocabulary import PRIVACY_TIERS, RiskClass
from mobile_ai.model_build.assemble import Draft, manifest_subjects
from mobile_ai.model_build.errors import ModelBuildError
from mobile_ai.model_build.signing import evidence_text
from mobile_ai.model_build.writer import WrittenVersion, read_draft, write_version

# Questions by key; each requires an answer.
QUESTIONS: Final[Mapping[str, str]] = {
    "purpose": "What is the model for, and in which process is it used?",
    "people": "Who is affected by its answers, and are any of them vulnerable?",
    "frequency": "How often and for how long is it used?",
    "harms": "What harm can a wrong answer do, and to whom?",
    "fairness": "Which groups were measured, and why are the differences acceptable?",
    "data": "Are the training data lawful to use and fit for the people affected?",
    "oversight": "Who can stop or overrule it, and how soon?",
    "redress": "How does a person affected complain and get a human answer?",
}
"""Questions of an assessment by key; each requires an answer."""
_MIN_ANSWER: Final = 10  # characters: "yes" explains nothing


class ApprovalError(ModelBuildError):
    """An assessment that cannot be signed."""


class _Model(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True
    )


class Assessment(_Model):
    """A reviewer's decision and answers, before they are bound to a version and signed."""

    decision: Literal["approved", "rejected"]
    risk_class: RiskClass
    human_oversight: Annotated[str, Field(pattern=MAIL_PATTERN)] = Field(
        description="Mail address of the person who can stop it."
    )
    scope: Scope
    questionnaire: dict[str, str] = Field(description="Answers by key, see QUESTIONS.")


def load_assessment(path: Path) -> Assessment:
    """Read a questionnaire file.

    Raises:
        ApprovalError: If a field is missing, unknown or invalid, or a question is unanswered.
    """
    return _assessment(read_yaml(path.read_text("utf-8"), name=str(path)), path.name)


def assessment_text(
    draft: Draft,
    assessment: Assessment,
    *,
    signers: Sequence[Signer],
    issued: datetime,
    expires: datetime,
) -> str:
    """Return the signed assessment of a version.

    Raises:
        ApprovalError: If a question is unanswered, the expiry is not after the issue, or the risk
            class differs from the manifest's.
    """
    meta = draft.manifest.metadata
    check_signable(assessment, draft.manifest, issued=issued, expires=expires)
    predicate = {
        "model": meta.name,
        "version": meta.version,
        **assessment.model_dump(mode="json", by_alias=True),
        "issued": issued.isoformat(timespec="seconds"),
        "expires": expires.isoformat(timespec="seconds"),
    }
    subjects = tuple(manifest_subjects(draft))
    return evidence_text(Statement(ASSESSMENT, subjects, predicate), signers, name="assessment")


def approve(
    folder: Path,
    assessment: Assessment,
    *,
    signer: Signer,
    expires: datetime,
    now: datetime | None = None,
    trust: Trust | None = None,
    role: str = "ethics-reviewer",
) -> WrittenVersion:
    """Sign an assessment into a version folder and return the version with its new pin.

    Args:
        folder: The version folder.
        assessment: The reviewer's assessment.
        signer: The reviewer's key.
        expires: End of validity.
        now: Time of issue; the current time by default.
        trust: If given, the file is written only if its signature verifies against this trust.
        role: The role that signs.

    Raises:
        ApprovalError: If the assessment cannot be signed, or its signature does not verify.
    """
    draft, evidence = read_draft(folder)
    text = assessment_text(
        draft, assessment, signers=[signer], issued=now or datetime.now(UTC), expires=expires
    )
    if trust is not None:
        _check_counts(text, trust, role)
    return write_version(
        draft, {**evidence, "assessment": text}, models=folder.parent.parent, replace=True
    )


def check_signable(
    assessment: Assessment, manifest: ModelManifest, *, issued: datetime, expires: datetime
) -> None:
    """Refuse answers that cannot be signed for a version.

    Raises:
        ApprovalError: If a question is unanswered, the expiry is not after the issue, or the risk
            class differs from the manifest's.
    """
    meta = manifest.metadata
    _check_answers(assessment, meta.name)
    if assessment.risk_class != meta.risk_class:
        raise ApprovalError(
            f"risk class of {meta.name} {meta.version}",
            got=assessment.risk_class,
            expected=f"{meta.risk_class}, as in the manifest",
            next_step="agree with the owner; correct the recipe or the questionnaire",
        )
    if expires <= issued:
        raise ApprovalError(
            "expiry",
            got=expires.isoformat(),
            expected=f"after {issued.isoformat()}",
            next_step="give more days with --days",
        )


def _check_counts(text: str, trust: Trust, role: str) -> None:
    """Refuse an assessment whose signature does not verify, before it replaces a valid one."""
    try:
        trust.verify(load_envelope(text, name="assessment"), role=role, name="assessment")
    except VerificationError as error:
        raise ApprovalError(
            error.what,
            got=error.got,
            expected=error.expected,
            next_step="name a key of that role with --key; nothing was written",
        ) from error


def check_role(role: str) -> None:
    """Refuse a role that may not sign assessments.

    Raises:
        ApprovalError: If the role may not sign them.
    """
    allowed = PREDICATES[ASSESSMENT].roles
    if role not in allowed:
        raise ApprovalError(
            f"role {role}",
            got="no right to sign an assessment",
            expected=f"one of {list(allowed)}",
            next_step="ask whoever holds that role in policy-pack/trust",
        )


def ask_assessment(manifest: ModelManifest, *, ask: Callable[[str], str]) -> Assessment:
    """Walk through the questionnaire for a version and return the answers.

    Args:
        manifest: The manifest of the version to assess.
        ask: Shows a question to a person and returns the answer.

    Raises:
        ApprovalError: If an answer is malformed or too short.
    """
    meta = manifest.metadata
    answers = {key: ask(question) for key, question in QUESTIONS.items()}
    scope = {
        "apps": _listed(ask("For which applications? (comma-separated)")),
        "dataTypes": _listed(
            ask(f"For which data? {', '.join(shipped_vocabulary().names)}, or your own")
        ),
        "regions": _listed(ask("In which regions?")),
        "privacyTiers": _listed(ask(f"Up to which privacy tiers? Of {list(PRIVACY_TIERS)}")),
    }
    values = {
        "questionnaire": answers,
        "scope": scope,
        "humanOversight": ask("Mail address of who can stop it?").strip(),
        "decision": ask(f"{meta.name} {meta.version}: approved or rejected?").strip(),
        "riskClass": meta.risk_class,
    }
    return _assessment(values, "your answers")


def _listed(answer: str) -> list[str]:
    return [part.strip() for part in answer.split(",") if part.strip()]


def _assessment(values: Any, name: str) -> Assessment:
    try:
        assessment = Assessment.model_validate_json(json.dumps(values))
    except ValidationError as error:
        problem = schema_problem(error)
        raise ApprovalError(
            f"{name}: {problem.place or 'questionnaire'}",
            got=problem.got,
            expected=problem.expected,
            next_step="see model-build/samples/assessments/ for the form",
        ) from error
    _check_answers(assessment, name)
    return assessment


def _check_answers(assessment: Assessment, name: str) -> None:
    answers: dict[str, Any] = assessment.questionnaire
    unanswered = [key for key in QUESTIONS if len(answers.get(key, "").strip()) < _MIN_ANSWER]
    unknown = sorted(set(answers) - set(QUESTIONS))
    if unanswered or unknown:
        raise ApprovalError(
            f"questionnaire of {name}",
            got=f"open: {unanswered or 'none'}; unknown: {unknown or 'none'}",
            expected=f"an answer of at least {_MIN_ANSWER} characters to each of {list(QUESTIONS)}",
            next_step="answer the open questions; nobody signs an empty form",
        )
