"""Does what is planned stay within the budgets, at prices that are not out of date?"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from governance.case import Case, Whole
from governance.cost.budgets import BudgetVerdict, Limits, judge_budgets
from governance.cost.catalogue import pack_catalogue
from governance.cost.errors import UnknownInputError
from governance.cost.estimate import estimate
from governance.cost.money import cents
from governance.cost.recommend import ServiceLevel, recommend
from governance.errors import GovernanceError
from governance.rule import Parameter, Rule, resource_rule, stack_rule
from governance.statements import EXCEPTION
from governance.tokens import CONTEXT, DEPLOYMENT
from governance.trust import parse_time

__all__ = ["RULES"]


@stack_rule(
    id="budgets-hold",
    title="The projected month stays within every budget, or somebody signed for more.",
    group="finops",
    severity="high",
    frameworks=("FinOps Framework: Budgeting", "AWS Well-Architected COST01"),
    remediation="see `mobile-ai cost estimate`; shrink the plan, or have an exception signed",
    parameters={
        "highFactor": Parameter(
            default=1.2, doc="Times the limit that the high figure may reach.", weaker="higher"
        ),
        "warnShare": Parameter(
            default=0.8, doc="Share of a soft budget above which it warns.", weaker="higher"
        ),
        "maximumIncreaseUsd": Parameter(
            default=-1,
            doc="Most that one change may add, USD a month; -1: no cap.",
            weaker="higher",
        ),
    },
)
def budgets_hold(whole: Whole) -> None:
    """Estimate the plan and hold every budget against it."""
    context = whole.facts.context
    budgets = list(context.budgets.values()) if context else []
    found = estimate(whole.index.resources, pack_catalogue())
    cap = Decimal(str(whole.parameters["maximumIncreaseUsd"]))
    verdicts = judge_budgets(
        found,
        budgets,
        limits=Limits(
            high_factor=Decimal(str(whole.parameters["highFactor"])),
            warn_share=Decimal(str(whole.parameters["warnShare"])),
            increase_usd=cap if cap >= 0 else None,
        ),
        exceptions=_exceptions(whole),
        prior=_prior(whole),
    )
    for verdict in verdicts:
        _tell(whole, verdict)


def _tell(whole: Whole, verdict: BudgetVerdict) -> None:
    typical = cents(verdict.total.amount.typical)
    for item in whole.of(CONTEXT)[:1] if verdict.outcome == "warn" else ():
        item.warn(
            f"budget {verdict.name}",
            got="; ".join(verdict.reasons),
            expected=f"within {cents(verdict.allowed)} USD",
        )
    if verdict.outcome == "deny":
        whole.deny(
            f"{verdict.kind} budget {verdict.name}",
            got=f"typical {typical} USD: " + "; ".join(verdict.reasons),
            expected=f"within {cents(verdict.allowed)} USD a month",
        )


def _exceptions(whole: Whole) -> dict[str, Decimal]:
    """Return what signed and unexpired exceptions allow, by budget."""
    allowed: dict[str, Decimal] = {}
    for record in whole.facts.records.by_type.get(EXCEPTION, ()):
        said: Mapping[str, Any] = record.predicate
        try:
            expires = parse_time(said.get("expires"), name=f"{record.name} expires")
            limit = Decimal(str(said["monthlyUsd"]))
        except (GovernanceError, KeyError, ArithmeticError):
            continue  # an exception that cannot be read allows nothing
        fits = said.get("stack") == whole.facts.setting.stack and expires > whole.facts.now
        budget = said.get("budget")
        if fits and isinstance(budget, str) and limit.is_finite():
            allowed[budget] = max(limit, allowed.get(budget, Decimal(0)))
    return allowed


def _prior(whole: Whole) -> dict[str, Decimal] | None:
    """Return what was deployed before cost, by budget, when the gate told."""
    told = getattr(whole.facts.baseline, "budgets", None)
    return None if told is None else {name: Decimal(str(cost)) for name, cost in told.items()}


@resource_rule(
    id="prices-current",
    title="The price catalogue is not out of date.",
    group="finops",
    severity="low",
    frameworks=("FinOps Framework: Forecasting",),
    remediation="run `mobile-ai cost prices refresh` and commit the result",
    applies_to=(CONTEXT,),
    waivable_by="finops-approver",
    parameters={
        "maximumDays": Parameter(default=180, doc="Age of the prices, days.", weaker="higher")
    },
)
def prices_current(case: Case) -> None:
    """Warn when the catalogue is older than it may be."""
    catalogue, most = pack_catalogue(), case.parameters["maximumDays"]
    age = catalogue.age_days(case.now.date())
    if age > most:
        case.warn("prices", got=f"{age} days old", expected=f"at most {most} days")


@stack_rule(
    id="placements-near-optimum",
    title="A deployment's placements cost little more than the best that serve it as well.",
    group="finops",
    severity="low",
    frameworks=("FinOps Framework: Workload Optimization", "AWS Well-Architected COST06"),
    remediation="see `mobile-ai recommend`, or have the pack's config raised",
    waivable_by="finops-approver",
    parameters={
        "maximumExcess": Parameter(
            default=-1,
            doc="Share above the optimum, 0.2 for a fifth; -1: not asked.",
            weaker="higher",
        )
    },
)
def placements_near_optimum(whole: Whole) -> None:
    """Compare what each deployment's placements cost with the exact optimum."""
    most = Decimal(str(whole.parameters["maximumExcess"]))
    if most < 0:
        return
    plan = estimate(whole.index.resources, pack_catalogue()).plan
    for case in whole.of(DEPLOYMENT):
        try:
            found = recommend(plan, case.resource, level=ServiceLevel(), keep=1)
        except UnknownInputError as error:
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
