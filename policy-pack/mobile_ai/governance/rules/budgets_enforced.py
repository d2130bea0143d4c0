"""Enforces budgets on the estimated cost of the plan, and the age of the price catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from mobile_ai.contracts.deployed import safe_without_baseline
from mobile_ai.contracts.reading import Secret
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import CONTEXT, DEPLOYMENT
from mobile_ai.governance.rule import Parameter, Rule, resource_rule, stack_rule
from mobile_ai.governance.rule_context import Case, StackContext
from mobile_ai.pricing.budgets import (
    BudgetLimits,
    BudgetVerdict,
    Prior,
    exceptions_of,
    judge_budgets,
)
from mobile_ai.pricing.catalogue import pack_catalogue
from mobile_ai.pricing.errors import CostError, UnknownInputError, unpriceable
from mobile_ai.pricing.estimate import CostEstimate, estimate
from mobile_ai.pricing.recommend import ServiceLevel, recommend_placements
from mobile_ai.pricing.values import cents


@stack_rule(
    id="budgets-hold",
    title="The estimated monthly cost is within every budget, or a signed exception covers it.",
    group="finops",
    severity="high",
    frameworks=("FinOps Framework: Budgeting", "AWS Well-Architected COST01"),
    remediation="see `mobile-ai cost estimate`; shrink the plan, or have an exception signed",
    parameters={
        "highFactor": Parameter(
            default=1.2, doc="Maximum ratio of the high figure to the limit.", weaker="higher"
        ),
        "warnShare": Parameter(
            default=0.8, doc="Share of a soft budget above which it warns.", weaker="higher"
        ),
        "maximumIncreaseUsd": Parameter(
            default=-1,
            doc="Most that one change may add to a budget, USD a month; -1: no cap.",
            weaker="never",
        ),
    },
)
def budgets_hold(whole: StackContext) -> None:
    """Estimate the cost of the plan and compare it with every budget.

    A safety change, which adds nothing, is warned of a budget that does not hold.
    """
    try:
        found = _estimated(whole)
        verdicts = judge_budgets(
            found,
            found.plan.budgets,
            limits=BudgetLimits.of(whole.parameters),
            exceptions=exceptions_of(
                whole.facts.records, stack=whole.facts.setting.stack, now=whole.facts.now
            ),
            prior=_prior(whole),
        )
    except CostError as error:
        _refuse(whole, error)
        return
    for verdict in verdicts:
        _tell(whole, verdict)


def _tell(whole: StackContext, verdict: BudgetVerdict) -> None:
    typical = cents(verdict.total.amount.typical)
    warns = verdict.outcome == "warn" or whole.facts.step == "safety"
    if warns and verdict.outcome != "pass":
        _warn(whole, verdict)
    elif verdict.outcome == "deny":
        whole.deny(
            f"{verdict.kind} budget {verdict.name}",
            got=f"typical {typical} USD: " + "; ".join(verdict.reasons),
            expected=f"within {cents(verdict.allowed)} USD a month",
        )


def _warn(whole: StackContext, verdict: BudgetVerdict) -> None:
    for item in whole.of(CONTEXT)[:1]:
        item.warn(
            f"budget {verdict.name}",
            got="; ".join(verdict.reasons),
            expected=f"within {cents(verdict.allowed)} USD",
        )


def _prior(whole: StackContext) -> Prior:
    baseline = whole.facts.baseline
    if baseline is not None:
        return Prior.told(baseline.costs)
    # Without a baseline the increase is unknown; a cap on it must not block a halt or a rollback.
    deployments, released = whole.of(DEPLOYMENT), whole.facts.released
    safe = all(safe_without_baseline(item.resource.props, released) for item in deployments)
    return Prior.told(None) if deployments and safe else Prior.unknown()


def _estimated(whole: StackContext) -> CostEstimate:
    """Return the estimate of the plan; secret values in it are recorded and never printed."""
    hidden = whole.facts.secrets
    resources = [_opened(item, hidden) for item in whole.index.resources]
    try:
        return estimate(resources, pack_catalogue())
    except UnknownInputError as error:
        raise unpriceable(error) from error


def _opened(resource: Resource, hidden: set[str]) -> Resource:
    """Return a resource with its secret values unwrapped; ``hidden`` receives their texts."""
    props = _unwrapped(resource.props, hidden, secret=False)
    return resource if props is resource.props else replace(resource, props=props)


def _unwrapped(found: Any, hidden: set[str], *, secret: bool) -> Any:
    while isinstance(found, Secret):
        found, secret = found.value, True
    if isinstance(found, str):
        if secret:
            hidden.add(found)
        return found
    if isinstance(found, Mapping):
        mapping = {key: _unwrapped(item, hidden, secret=secret) for key, item in found.items()}
        return mapping if any(mapping[key] is not found[key] for key in mapping) else found
    if isinstance(found, Sequence):
        items = [_unwrapped(item, hidden, secret=secret) for item in found]
        return items if any(a is not b for a, b in zip(items, found, strict=True)) else found
    return found


def _refuse(whole: StackContext, error: CostError) -> None:
    whole.deny(error.what, got=error.got, expected=error.expected, next_step=error.next_step)


@resource_rule(
    id="prices-current",
    title="The price catalogue is not out of date.",
    group="finops",
    severity="low",
    enforcement="advisory",
    frameworks=("FinOps Framework: Forecasting",),
    remediation="run `mobile-ai cost prices refresh` and commit the result",
    applies_to=(CONTEXT,),
    waivable_by="finops-approver",
    parameters={
        "maximumDays": Parameter(default=180, doc="Age of the prices, days.", weaker="higher")
    },
)
def prices_current(case: Case) -> None:
    """Deny a price catalogue that is older than `maximumDays`."""
    catalogue, most = pack_catalogue(), case.parameters["maximumDays"]
    age = catalogue.age_days(case.now.date())
    if age > most:
        case.deny("prices", got=f"{age} days old", expected=f"at most {most} days")


@stack_rule(
    id="placements-near-optimum",
    title="The cost of a deployment's placements is close to the optimum.",
    group="finops",
    severity="low",
    frameworks=("FinOps Framework: Workload Optimization", "AWS Well-Architected COST06"),
    remediation="see `mobile-ai recommend`, or have the pack's config raised",
    waivable_by="finops-approver",
    parameters={
        "maximumExcess": Parameter(
            default=-1,
            doc="Maximum share above the optimum, 0.2 for a fifth; -1: not checked.",
            weaker="never",
        )
    },
)
def placements_near_optimum(whole: StackContext) -> None:
    """Compare the cost of each deployment's placements with the exact optimum."""
    most = Decimal(str(whole.parameters["maximumExcess"]))
    if most < 0:
        return
    try:
        plan = _estimated(whole).plan
    except CostError as error:
        _refuse(whole, error)
        return
    for case in whole.of(DEPLOYMENT):
        try:
            found = recommend_placements(
                plan, plan.find(case.resource.urn), level=ServiceLevel(), keep=1
            )
        except (CostError, UnknownInputError) as error:
            case.deny("placement", got=str(error), expected="a cost that can be compared")
            continue
        if found.current_usd is None or not found.answers:
            case.deny("placement", got="one that breaks a limit", expected="one that keeps all")
            continue
        best = found.answers[0].usd
        if found.current_usd > best * (1 + most):
            got = f"{cents(found.current_usd)} USD a month"
            case.deny("placement", got=got, expected=f"at most {most:.0%} above {cents(best)} USD")


RULES: Final[tuple[Rule, ...]] = (budgets_hold, placements_near_optimum, prices_current)
