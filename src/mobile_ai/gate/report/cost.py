"""Cost section of the report: the plan's cost, what it was before, and the budgets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final

from mobile_ai.contracts.deployed import baseline_of
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import CONTEXT, DEPLOYED
from mobile_ai.gate.report.actuals import Billed
from mobile_ai.gate.report.sections import (
    Actuals,
    BudgetCost,
    CostReport,
    NamedCost,
    ResourceCost,
    TotalCost,
    UnknownCost,
)
from mobile_ai.governance.facts import Context
from mobile_ai.governance.rules.budgets_enforced import budgets_hold
from mobile_ai.governance.stack_policy import Setting
from mobile_ai.pricing import (
    Assumptions,
    BudgetVerdict,
    CostError,
    CostEstimate,
    Line,
    estimate,
    judge_budgets,
)
from mobile_ai.pricing.budgets import BudgetLimits, Prior, exceptions_of, month_end
from mobile_ai.pricing.catalogue import pack_catalogue
from mobile_ai.pricing.errors import UnknownInputError
from mobile_ai.pricing.estimate import Total
from mobile_ai.pricing.values import ZERO, cents

TAGS: Final = ("team", "cost-center", "app", "environment")
"""Cost tags that the report groups by."""
NOT_PLANNED: Final = CostReport(estimated=False, unpriced=0, reason="nothing was planned")
"""Cost of a run without a plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Terms that a plan's cost is evaluated against.

    Attributes:
        limits: Interpretation of the budgets' limits.
        exceptions: Amount by budget that a signed, unexpired exception allows.
        told: Deployed cost that the pack was given.
        billed: Charges of this month, if a file was given.
        identity: Cost tags that identify charges of this stack.
    """

    limits: BudgetLimits = field(default_factory=BudgetLimits)
    exceptions: Mapping[str, Decimal] = field(default_factory=dict)
    told: Prior = field(default_factory=Prior.unknown)
    billed: Billed | None = None
    identity: Mapping[str, str] = field(default_factory=dict)


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


def told_of(resources: Sequence[Resource], stack: str) -> Prior:
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


def cost_report(
    proposed: Sequence[Resource],
    prior: Sequence[Resource] = (),
    *,
    against: str = "",
    terms: Terms | None = None,
    assume: Assumptions | None = None,
) -> CostReport:
    """Return the cost of a plan, or the reason why it cannot be estimated.

    Args:
        proposed: Resources of the plan.
        prior: Resources to compare with; empty if there are none.
        against: Display name of the prior resources.
        terms: Terms that the cost is evaluated against.
        assume: Assumptions for usage that neither side declares.
    """
    if not proposed:
        return NOT_PLANNED
    try:
        after = estimate(proposed, pack_catalogue(), assume=assume)
        before = estimate(prior, pack_catalogue(), assume=assume) if prior else None
        verdicts = judge_budgets(
            after,
            after.plan.budgets,
            limits=(terms or Terms()).limits,
            exceptions=(terms or Terms()).exceptions,
            prior=(terms or Terms()).told,
        )
    except (CostError, UnknownInputError) as error:
        return CostReport(estimated=False, unpriced=len(proposed), reason=str(error))
    return _cost(_Pair(after, before), verdicts, against, terms or Terms())


@dataclass(frozen=True, slots=True)
class _Pair:
    """Estimates of the plan and of its comparison."""

    after: CostEstimate
    before: CostEstimate | None

    def named(self, name: str, total: Callable[[CostEstimate], Total]) -> NamedCost:
        """Return a total of both estimates."""
        return _named(name, total(self.after), total(self.before) if self.before else None)

    def group(self, parts: Callable[[CostEstimate], Mapping[str, Total]]) -> tuple[NamedCost, ...]:
        """Return every part of either estimate, highest cost first."""
        after, before = parts(self.after), parts(self.before) if self.before else None
        found = [
            _named(
                name,
                after.get(name, _NOTHING),
                None if before is None else before.get(name, _NOTHING),
            )
            for name in dict.fromkeys([*after, *(before or ())])
        ]
        return tuple(sorted(found, key=lambda item: -Decimal(item.typical)))


_NOTHING: Final = Total.of(())


def _cost(pair: _Pair, verdicts: Sequence[BudgetVerdict], against: str, terms: Terms) -> CostReport:
    after = pair.after
    whole = pair.named("", CostEstimate.total)
    unknown = [line for line in after.lines if line.status == "unknown" and line.billed]
    billed = terms.billed
    return CostReport(
        estimated=True,
        unpriced=len({line.urn for line in unknown}),
        currency=after.currency,
        prices=after.priced_of[0],
        prices_sha256=after.priced_of[1],
        against=against if pair.before else "",
        proposed=_total(after.total()),
        prior=_total(pair.before.total()) if pair.before else None,
        delta=whole.delta,
        budgets=tuple(_budget(pair, item, terms) for item in verdicts),
        deployments=pair.group(CostEstimate.by_deployment),
        tags={key: _told(pair.group(partial(_by_tag, key))) for key in TAGS},
        resources=_resources(pair),
        unknowns=tuple(
            UnknownCost(
                resource=line.name,
                item=line.item,
                reason=line.reason,
                ceiling=None if line.ceiling is None else _usd(line.ceiling),
            )
            for line in unknown
        ),
        declared=after.declared(),
        actuals=None if billed is None else _actuals(billed, terms.identity),
    )


def _budget(pair: _Pair, verdict: BudgetVerdict, terms: Terms) -> BudgetCost:
    named = pair.named(verdict.name, lambda item: item.of_budget(verdict.scope, verdict.name))
    spent = _spent(pair.after, verdict, terms) if terms.billed else None
    ahead = None
    if spent is not None and terms.billed is not None:
        planned = verdict.total.amount.typical
        ahead = month_end(spent, planned, day=terms.billed.day, days=terms.billed.days)
    return BudgetCost(
        **named.model_dump(),
        scope=verdict.scope,
        kind=verdict.kind,
        limit=_usd(verdict.limit),
        allowed=_usd(verdict.allowed),
        outcome=verdict.outcome,
        reasons=verdict.reasons,
        spent=None if spent is None else _usd(spent),
        forecast=None if ahead is None else _usd(ahead),
    )


def _spent(after: CostEstimate, verdict: BudgetVerdict, terms: Terms) -> Decimal:
    """Return the charges of a budget: its own, and its planned share of shared ones."""
    billed = terms.billed
    if billed is None:
        return ZERO
    if not verdict.scope.startswith("app:"):
        return billed.total(**terms.identity)
    app = verdict.scope.removeprefix("app:")
    parts = after.by_tag("app")
    own, shared = (parts.get(name, _NOTHING).amount.typical for name in (app, ""))
    share = (verdict.total.amount.typical - own) / shared if shared else ZERO
    common = billed.total(**terms.identity, app="")
    return billed.total(**terms.identity, app=app) + common * min(max(share, ZERO), Decimal(1))


def _actuals(billed: Billed, identity: Mapping[str, str]) -> Actuals:
    rest = billed.total() - billed.total(**identity)
    return Actuals(month=billed.month, day=billed.day, days=billed.days, untagged=_usd(rest))


def _resources(pair: _Pair) -> tuple[ResourceCost, ...]:
    after = pair.after.by_resource()
    before = pair.before.by_resource() if pair.before else {}
    found = []
    for urn in dict.fromkeys([*after, *before]):
        line = (after.get(urn) or before[urn])[0]
        total, prior = Total.of(after.get(urn, ())), Total.of(before.get(urn, ()))
        changed = pair.before is not None and total.amount != prior.amount
        if total.amount.high or total.unknown or changed:
            found.append(_resource(line, total, prior if pair.before else None))
    return tuple(sorted(found, key=lambda item: (-Decimal(item.typical), item.name)))


def _resource(line: Line, total: Total, prior: Total | None) -> ResourceCost:
    named = _named(line.name, total, prior)
    return ResourceCost(urn=line.urn, type=line.type, **named.model_dump())


def _told(parts: tuple[NamedCost, ...]) -> tuple[NamedCost, ...]:
    """Return the parts with a cost; resources without a tag mostly have none."""

    def says(item: NamedCost) -> bool:
        return any((Decimal(item.high), item.unknown, Decimal(item.prior or 0)))

    return tuple(filter(says, parts))


def _by_tag(key: str, found: CostEstimate) -> Mapping[str, Total]:
    return found.by_tag(key)


def _named(name: str, total: Total, prior: Total | None) -> NamedCost:
    before = None if prior is None else prior.amount.typical
    return NamedCost(
        name=name,
        prior=None if before is None else _usd(before),
        delta=None if before is None else _usd(total.amount.typical - before),
        **_total(total).model_dump(),
    )


def _total(total: Total) -> TotalCost:
    return TotalCost(
        low=_usd(total.amount.low),
        typical=_usd(total.amount.typical),
        high=_usd(total.amount.high),
        unknown=total.unknown,
        ceiling=None if total.ceiling is None else _usd(total.ceiling),
    )


def _usd(amount: Decimal) -> str:
    return str(cents(amount))
