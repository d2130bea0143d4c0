"""Check for evidence, waivers, exceptions, usage and trust that expire soon."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from mobile_ai.contracts.evidence import VerifiedModel
from mobile_ai.contracts.reading import Finding
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import CONTEXT, MODEL_VERSION
from mobile_ai.governance.facts import Facts
from mobile_ai.operations.audit.contract import Check, DeployedStack, Found

SOON: Final = timedelta(days=30)
"""Remaining validity that is reported: time to convene a board; the rules warn then too."""
_EXPIRING: Final = ("evaluation", "assessment")


def _look(deployed: DeployedStack) -> Iterator[Found]:
    for urn, what, expires in _terms(deployed):
        if expires - deployed.now < SOON:
            yield Found(
                urn=urn,
                # Advice only: where expired evidence must deny, a rule denies it.
                denies=False,
                finding=Finding(
                    what=what,
                    got=f"{_how(expires, deployed.now)} on {expires.date()}",
                    expected=f"more than {SOON.days} days",
                    next_step="have it renewed by the role that signed it (policy-pack/trust), "
                    "or removed",
                ),
            )


def _terms(deployed: DeployedStack) -> Iterator[tuple[str, str, datetime]]:
    facts = deployed.facts
    trust = facts.setting.trust
    yield "", f"trust {facts.setting.environment} version {trust.version}", trust.expires
    for item in deployed.resources:
        if item.type == MODEL_VERSION:
            yield from _of_model(item, facts)
        elif item.type == CONTEXT:
            yield from _of_records(item, facts)


def _of_model(resource: Resource, facts: Facts) -> Iterator[tuple[str, str, datetime]]:
    model: VerifiedModel | None = facts.models.get(str(resource.props.get("sha256")))
    if model is not None:  # one whose evidence does not verify is denied by a rule
        for kind in _EXPIRING:
            yield resource.urn, f"{kind} of {resource.name}", model.expiry(kind)


def _of_records(resource: Resource, facts: Facts) -> Iterator[tuple[str, str, datetime]]:
    for waivers in facts.records.waivers.values():
        for waiver in waivers:
            yield (
                resource.urn,
                f"waiver {waiver.name} of {waiver.content.rule}",
                waiver.content.expires,
            )
    for exception in facts.records.exceptions:
        yield resource.urn, f"exception {exception.name}", exception.content.expires
    for (_, app), records in facts.records.usage.items():
        newest = max(records, key=lambda record: record.content.ends)
        yield resource.urn, f"usage of {app} ({newest.name})", newest.content.ends


def _how(expires: datetime, now: datetime) -> str:
    return "ended" if expires <= now else "ends"


approvals_not_near_expiry = Check(
    id="approvals-not-near-expiry",
    title="No evidence, waiver, exception, usage record or trust expires within 30 days.",
    severity="medium",
    frameworks=("EU AI Act Art. 72", "NIST AI RMF GOVERN 1.5"),
    look=_look,
)
"""Check: evidence, records and trust of what is deployed do not expire soon."""
