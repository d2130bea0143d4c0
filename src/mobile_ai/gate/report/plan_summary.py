"""Cost and model changes of a run's plan."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from mobile_ai.contracts.deployed import baseline_of
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import CONTEXT, DEPLOYED
from mobile_ai.gate.engine.observation import EngineObservation
from mobile_ai.gate.report.actuals import Billed
from mobile_ai.gate.report.cost import Terms, cost_report
from mobile_ai.gate.report.models import model_changes
from mobile_ai.gate.report.sections import CostReport, ModelChange
from mobile_ai.governance.facts import Context
from mobile_ai.governance.rules.budgets_enforced import budgets_hold
from mobile_ai.governance.stack_policy import Setting
from mobile_ai.pricing.budgets import BudgetLimits, Prior, exceptions_of
from mobile_ai.pricing.errors import CostError
from mobile_ai.pricing.recorded import resources_of_steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Inputs of the cost comparison.

    Attributes:
        prior: Resources to compare with; empty if there are none.
        against: Display name of the prior resources.
        deployed: Resources of the deployed state.
        billed: Charges of this month, if a file was given.
        setting: The stack's settings in the pack, if they can be read.
        now: Time of the evaluation.
    """

    prior: Sequence[Resource]
    against: str
    deployed: Sequence[Resource]
    billed: Billed | None
    setting: Setting | None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Valued:
    """Cost and model changes of a plan."""

    cost: CostReport
    models: tuple[ModelChange, ...] = ()


NOT_VALUED: Final = Valued(
    cost=CostReport(estimated=False, unpriced=0, reason="nothing was planned")
)


def planned(seen: EngineObservation) -> list[Resource]:
    """Return the planned resources of a run; empty if it planned none."""
    try:
        return resources_of_steps(seen.planned)
    except CostError:
        return []


def valued(stack: str, resources: Sequence[Resource], question: Question) -> Valued:
    """Return cost and model changes of a stack's plan."""
    if not resources:
        return NOT_VALUED
    terms = terms_of(question.setting, resources, now=question.now)
    terms = replace(terms, told=_told(resources, stack), billed=question.billed)
    return Valued(
        cost=cost_report(resources, question.prior, against=question.against, terms=terms),
        models=model_changes(resources, question.deployed),
    )


def terms_of(setting: Setting | None, resources: Sequence[Resource], *, now: datetime) -> Terms:
    """Return the terms that the pack evaluates budgets with.

    Without the pack's settings there are no exceptions; its rules deny such a plan anyway.
    """
    if setting is None:
        return Terms()
    context = next((item for item in resources if item.type == CONTEXT), None)
    return Terms(
        limits=BudgetLimits.of(setting.config.parameters[budgets_hold.id]),
        exceptions=_exceptions(context, setting, now) if context else {},
        identity=_identity(context) if context else {},
    )


def _told(resources: Sequence[Resource], stack: str) -> Prior:
    """Return the deployed cost that the plan carries for the pack."""
    found = next((item for item in resources if item.type == DEPLOYED), None)
    try:
        return Prior.told(baseline_of(found, stack=stack).costs) if found else Prior.unknown()
    except (GovernanceError, CostError):
        return Prior.unknown()


def _exceptions(context: Resource, setting: Setting, now: datetime) -> dict[str, Decimal]:
    facts = Context.of(context, setting.trust, secrets=set())
    return exceptions_of(facts.records, stack=setting.stack, now=now)


def _identity(context: Resource) -> dict[str, str]:
    """Return the cost tags that identify this stack's charges."""
    owner = context.props.get("owner")
    project = owner.get("project") if isinstance(owner, dict) else None
    return {
        "environment": str(context.props.get("environment", "")),
        "project": str(project or ""),
    }
