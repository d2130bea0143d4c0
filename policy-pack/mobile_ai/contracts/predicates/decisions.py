"""Predicates of people's decisions: acceptances, revocations, freezes, approvals, trust."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mobile_ai.contracts.predicates.fields import (
    Amount,
    Dated,
    ExactText,
    Expiring,
    Identifier,
    LongText,
    Moment,
    PredicateModel,
    Sha256,
    ShortText,
    StackName,
)

__all__ = [
    "ApprovalPredicate",
    "BudgetExceptionPredicate",
    "FreezePredicate",
    "HaltPredicate",
    "LiftPredicate",
    "RemediationStep",
    "RevocationPredicate",
    "TrustPredicate",
    "WaiverPredicate",
]

RemediationStep = Literal["freeze", "throttle", "scale-down", "rollback", "retrain", "threshold"]
"""Steps of a playbook."""


class WaiverPredicate(Expiring):
    """Temporary acceptance of one rule's violation by one resource or digest."""

    rule: Annotated[ExactText, Field(max_length=100, description="Id of the waived rule.")]
    stack: Annotated[ExactText, Field(max_length=100, description="The stack.")]
    urn: ExactText | None = Field(default=None, description="The URN that violates the rule.")
    digest: Sha256 | None = Field(
        default=None, description="Instead of a URN: the digest that violates it."
    )
    reason: LongText = Field(description="Justification.")
    ticket: ShortText = Field(description="Reference in an issue tracker.")

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.urn is None) == (self.digest is None):
            raise ValueError("either a urn or a digest must be given")
        return self

    @property
    def target(self) -> str:
        """The exact URN or SHA-256 digest that it applies to."""
        return self.urn or self.digest or ""


class BudgetExceptionPredicate(PredicateModel):
    """Temporary higher limit of one budget."""

    issued: Moment | None = Field(
        default=None, description="Time of issue; required of new records."
    )
    expires: Moment = Field(description="End of validity, exclusive.")
    stack: StackName = Field(description="The stack.")
    budget: ShortText = Field(description="Name of the budget in the stack file.")
    monthly_usd: Amount = Field(description="Limit of a month until it expires, USD.")
    reason: LongText | None = Field(
        default=None, description="Justification; required of new records."
    )
    ticket: ShortText | None = Field(
        default=None, description="Reference in an issue tracker; required of new records."
    )


class RevocationPredicate(Dated):
    """Model versions, artifacts or images that may never run again; its subjects name them."""

    reason: LongText = Field(description="Fault found in them.")
    ticket: ShortText | None = Field(default=None, description="Reference in an issue tracker.")


class HaltPredicate(Dated):
    """Order to halt digests, as evidence; devices obey ``halt.json`` of the release alone."""

    stack: StackName = Field(description="The stack.")
    app: Identifier = Field(description="The application.")
    model: Identifier = Field(description="The model.")
    reason: LongText = Field(description="Fault found in it.")
    ticket: ShortText | None = Field(default=None, description="Reference in an issue tracker.")


class LiftPredicate(PredicateModel):
    """Ids of halts that are lifted: the content of ``lifts.json``, which a release signs."""

    kind: Literal["Lift"] = "Lift"
    lifted: Annotated[tuple[Sha256, ...], Field(min_length=1, max_length=10_000, strict=False)] = (
        Field(description="Ids of halts, as `mobile-ai release plan` shows them.")
    )


class FreezePredicate(Expiring):
    """Period in which deployments of a stack change only to be safer."""

    stack: StackName = Field(description="The stack.")
    deployment: Identifier | None = Field(
        default=None, description="The deployment; absent: all of the stack."
    )
    reason: LongText = Field(description="Justification.")
    ticket: ShortText | None = Field(default=None, description="Reference in an issue tracker.")


class ApprovalPredicate(Expiring):
    """A person's approval of one remediation step for what runs now."""

    stack: StackName = Field(description="The stack.")
    incident: Annotated[str, Field(pattern=r"^[0-9a-f]{16,64}$")] = Field(
        description="Id of the finding or incident."
    )
    step: RemediationStep = Field(description="The step that may be taken.")
    deployment: Identifier = Field(description="The deployment that it changes.")
    digest: Sha256 = Field(description="Manifest digest that runs there; another one ends it.")
    reason: LongText | None = Field(default=None, description="Justification.")


class _TrustKey(PredicateModel):
    owner: ShortText = Field(description="The person or job that holds the private key.")
    state: Literal["active", "superseded", "compromised"]
    keytype: ShortText
    scheme: ShortText
    keyval: Annotated[dict[ShortText, LongText], Field(min_length=1, max_length=8)]
    uri: LongText | None = Field(default=None, description="URI of the private half in a KMS.")


class _TrustRole(PredicateModel):
    keyids: Annotated[tuple[ShortText, ...], Field(min_length=1, max_length=100, strict=False)]
    threshold: Annotated[int, Field(ge=1, le=100)]


class TrustPredicate(PredicateModel):
    """One version of an environment's trust (see ``mobile_ai.contracts.trust``)."""

    environment: StackName
    version: Annotated[int, Field(ge=1)]
    expires: Moment = Field(description="End of validity; it still verifies what it signed.")
    keys: Annotated[dict[ShortText, _TrustKey], Field(max_length=1_000)]
    roles: Annotated[dict[Identifier, _TrustRole], Field(max_length=100)]
    revoked: Annotated[dict[Sha256, str], Field(max_length=10_000)] = Field(
        description="Manifest digests that may never run, with the reason."
    )
