"""Estimates the cost of a plan, with totals by deployment, budget and tag.

Each stage ends before the next begins: the plan is indexed, its price models return the usage of
each resource, the usage is priced as lines, and the lines are summed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import DEPLOYMENT
from mobile_ai.pricing import values
from mobile_ai.pricing.assumptions import Assumptions
from mobile_ai.pricing.catalogue import Catalogue
from mobile_ai.pricing.errors import UnknownInputError
from mobile_ai.pricing.free import free_of
from mobile_ai.pricing.kinds import PRICED
from mobile_ai.pricing.line import Line, priced_lines
from mobile_ai.pricing.plan import Plan
from mobile_ai.pricing.usage import Free, Unknown, Usage
from mobile_ai.pricing.values import ONE, ZERO, Band, cents


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A sum of lines.

    Attributes:
        amount: Sum of the priced and billed lines.
        unknown: Number of billed lines without price or usage, which ``amount`` excludes.
        ceiling: Upper bound of those lines; ``None`` if one of them has none.
        unbounded: Names of the unknown lines without an upper bound.
        reasons: What each unknown line lacks, each reason once.
    """

    amount: Band
    unknown: int
    ceiling: Decimal | None
    unbounded: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    @classmethod
    def of(cls, lines: Iterable[Line], part_of: Callable[[Line], Decimal] = lambda _: ONE) -> Total:
        """Return the sum of the billed lines, each multiplied by ``part_of`` the line."""
        low = typical = high = ceiling = ZERO
        unknown, unbounded = 0, []
        reasons: dict[str, None] = {}
        for line in lines:  # a single pass: a plan has thousands of lines
            part = part_of(line) if line.billed else ZERO
            if not part:
                continue
            if line.amount:
                low += line.amount.low * part
                typical += line.amount.typical * part
                high += line.amount.high * part
            if line.status != "unknown":
                continue
            unknown += 1
            reasons[line.reason] = None
            if line.ceiling is None:
                unbounded.append(f"{line.name} {line.item}")
            else:
                ceiling += line.ceiling * part
        return cls(
            amount=Band(low, typical, high),
            unknown=unknown,
            ceiling=None if unbounded else ceiling,
            unbounded=tuple(unbounded),
            reasons=tuple(reasons),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        ceiling = None if self.ceiling is None else str(cents(self.ceiling))
        return {"amount": self.amount.to_dict(), "unknown": self.unknown, "ceiling": ceiling}


@dataclass(frozen=True, slots=True, kw_only=True)
class CostEstimate:
    """The estimated monthly cost of a plan.

    Attributes:
        lines: Every line, in order of the resources.
        plan: The priced plan.
        currency: Currency of every amount.
        priced_of: Date and digest of the price catalogue.
    """

    lines: tuple[Line, ...]
    plan: Plan
    currency: str
    priced_of: tuple[str, str]

    def total(self, part_of: Callable[[Line], Decimal] = lambda _: ONE) -> Total:
        """Return the sum of all lines (see ``Total.of``)."""
        return Total.of(self.lines, part_of)

    def by_deployment(self) -> dict[str, Total]:
        """Return a total per deployment; the empty name holds shared costs."""
        names = ["", *self.plan.demands] if self._usage_known() else [""]
        return {name: self.total(partial(_part, names=frozenset({name}))) for name in names}

    def of_budget(self, scope: str, name: str = "") -> Total:
        """Return the total that a budget covers.

        ``stack`` covers all lines, ``app:<name>`` the shares of that application's deployments;
        any other scope covers the deployments that name the budget.
        """
        if scope == "stack":
            return self.total()
        wanted = scope.removeprefix("app:") if scope.startswith("app:") else None
        names = {
            item.name
            for item in self.plan.by_type[DEPLOYMENT]
            if (wanted is not None and wanted in self.plan.tags[item.urn].values())
            or (wanted is None and values.text(item.props, "spec", "budget") == name)
        }
        return self.total(partial(_part, names=frozenset(names)))

    def by_tag(self, key: str) -> dict[str, Total]:
        """Return a total per value of a tag or label; the empty value holds untagged resources."""
        tagged = {urn: tags.get(key, "") for urn, tags in self.plan.tags.items()}
        found = sorted(set(tagged.values()))
        return {value: self.total(partial(_tagged, tagged=tagged, wanted=value)) for value in found}

    def by_resource(self) -> dict[str, list[Line]]:
        """Return the lines of every resource by its URN."""
        found: dict[str, list[Line]] = {}
        for line in self.lines:
            found.setdefault(line.urn, []).append(line)
        return found

    def declared(self) -> tuple[str, ...]:
        """Return a sentence for each declared price that a line uses: item, region, who and why."""
        lines = (line for line in self.lines if line.declared)
        return tuple(dict.fromkeys(f"{i.item} in {i.region}, {i.source}" for i in lines))

    def unknown_share(self) -> Decimal:
        """Return the share of resources with at least one unknown line."""
        resources = self.by_resource()
        unsure = sum(any(i.status == "unknown" for i in lines) for lines in resources.values())
        return Decimal(unsure) / len(resources) if resources else ZERO

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; money as text, rounded to the cent."""
        unbilled = Band.total(i.amount for i in self.lines if not i.billed and i.amount)
        return {
            "apiVersion": "mobile-ai/v1",
            "kind": "CostEstimate",
            "currency": self.currency,
            "catalogue": {"date": self.priced_of[0], "sha256": self.priced_of[1]},
            "total": self.total().to_dict(),
            "unbilled": unbilled.to_dict(),
            "deployments": {name: item.to_dict() for name, item in self.by_deployment().items()},
            "budgets": {
                values.text(item, "name"): self.of_budget(
                    values.text(item, "scope"), values.text(item, "name")
                ).to_dict()
                for item in self.plan.budgets
            },
            "declared": list(self.declared()),
            "lines": [line.to_dict() for line in self.lines if line.status != "free"],
            "free": sum(line.status == "free" for line in self.lines),
        }

    def _usage_known(self) -> bool:
        try:
            return bool(self.plan.demands)
        except UnknownInputError:
            return False


def estimate(
    resources: Sequence[Resource], catalogue: Catalogue, *, assume: Assumptions | None = None
) -> CostEstimate:
    """Return the estimate of a plan's resources.

    Args:
        resources: Resources of one plan or state, with inputs or outputs.
        catalogue: The prices.
        assume: Usage assumptions.

    Raises:
        CostError: If an input is negative or out of range, or no region is known.
    """
    plan = Plan(resources, catalogue, assume or Assumptions())
    charges = [(item, usage) for item in resources for usage in _usage(plan, item)]
    return CostEstimate(
        lines=priced_lines(plan, charges),
        plan=plan,
        currency=catalogue.currency,
        priced_of=(catalogue.date.isoformat(), catalogue.sha256),
    )


def _usage(plan: Plan, resource: Resource) -> Iterable[Usage]:
    model = PRICED.get(resource.type)
    if model is None:
        free = free_of(resource.type)
        reason = "no price model for this type"
        return [Free(*free, region="") if free else Unknown(resource.type, reason, region="")]
    try:
        return model(plan, resource)
    except UnknownInputError as error:
        return [Unknown("usage", str(error), region=plan.region)]


def _tagged(line: Line, *, tagged: Mapping[str, str], wanted: str) -> Decimal:
    return Decimal(tagged[line.urn] == wanted)


def _part(line: Line, *, names: frozenset[str]) -> Decimal:
    if "" in names and not line.shares:
        return Decimal(1)
    return sum((line.shares.get(name, ZERO) for name in names), ZERO)
