"""Predicates of a model version's evidence; the fields that readers use are typed.

Provenance is SLSA's format and open where SLSA is open (https://slsa.dev/spec/v1.0/provenance,
"parsing rules": consumers ignore fields that they do not know). An evaluation is closed in its own
fields; the statistics inside a measurement depend on the metric and are open.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from mobile_ai.contracts.models import DataTypeName, Mail
from mobile_ai.contracts.predicates.fields import (
    Expiring,
    LongText,
    PredicateModel,
    Sha256,
    ShortText,
)
from mobile_ai.contracts.vocabulary import PrivacyTier, RiskClass

_Names = Annotated[tuple[ShortText, ...], Field(min_length=1, max_length=1_000, strict=False)]
_Parts = tuple[dict[str, Any], ...]


class _Open(PredicateModel):
    model_config = ConfigDict(extra="ignore")


class _BuildDefinition(_Open):
    build_type: ShortText


class _Builder(_Open):
    id: ShortText


class _RunDetails(_Open):
    builder: _Builder


class ProvenancePredicate(_Open):
    """SLSA provenance v1; other fields of SLSA may be there and are not read."""

    build_definition: _BuildDefinition
    run_details: _RunDetails


class _Quality(_Open):
    value: Annotated[float, Field(allow_inf_nan=False)]


class _Result(_Open):
    sha256: Sha256
    quality: _Quality | None = None


class EvaluationPredicate(Expiring):
    """The evaluator's measurements of a version's artifacts."""

    results: Annotated[tuple[_Result, ...], Field(max_length=1_000, strict=False)]
    gates: Annotated[_Parts, Field(strict=False)] = ()
    model: ShortText | None = None
    version: ShortText | None = None
    method: LongText | None = None
    machine: LongText | None = None
    reference: ShortText | None = None
    held_out: dict[str, Any] | None = None
    interpretability: dict[str, Any] | list[dict[str, Any]] | None = None
    robustness: Annotated[_Parts, Field(strict=False)] = ()
    calibration: Annotated[_Parts, Field(strict=False)] = ()
    notes: Annotated[tuple[str, ...], Field(max_length=1_000, strict=False)] = ()


class Scope(PredicateModel):
    """Approved uses; those that are not listed are not approved."""

    apps: _Names
    data_types: Annotated[tuple[DataTypeName, ...], Field(min_length=1, strict=False)]
    regions: _Names
    privacy_tiers: Annotated[tuple[PrivacyTier, ...], Field(min_length=1, strict=False)]

    @property
    def uses(self) -> Mapping[str, frozenset[str]]:
        """The values by field."""
        values = self.model_dump(by_alias=True)
        return {key: frozenset(items) for key, items in values.items()}


class _Assessed(Expiring):
    model: ShortText
    version: ShortText
    risk_class: RiskClass = Field(description="Of the use; must be that of the manifest.")
    human_oversight: Mail = Field(description="Mail address of the person who can stop it.")
    questionnaire: Annotated[dict[ShortText, LongText], Field(max_length=50)] = Field(
        description="Answers about the use."
    )


class AssessmentPredicate(_Assessed):
    """An ethics reviewer's decision about a version, and the answers that it rests on."""

    decision: Literal["approved", "rejected"]
    scope: Scope | None = None


class AssessmentScopePredicate(_Assessed):
    """An ethics reviewer's approval of a further use of an approved version."""

    scope: Scope
