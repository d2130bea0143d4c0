"""Allocates every charge of a bill to owners.

Three steps, each visible in the result: by tag; by measured usage; in proportion to the costs
already allocated. Charges that none of them covers stay unallocated, with the reason.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from mobile_ai.operations.showback.bill import Bill, Charge
from mobile_ai.operations.showback.measured import Measured, MeasuredMonth
from mobile_ai.operations.showback.owner import CostOwner
from mobile_ai.operations.showback.split import split

BASES: Final[Mapping[str, str]] = {
    "AWS Data Transfer": "delivered_bytes",
    "AWS Lambda": "inferences",
    "AWS WAF": "delivered_bytes",
    "Amazon API Gateway": "inferences",
    "Amazon Athena": "events",
    "Amazon CloudFront": "delivered_bytes",
    "Amazon Data Firehose": "events",
    "Amazon Elastic Container Registry": "registry_calls",
    "Amazon Elastic Container Service": "registry_calls",
    "Amazon Kinesis": "events",
    "Amazon Relational Database Service": "registry_calls",
    "Amazon Simple Storage Service": "delivered_bytes",
    "Edge site": "inferences",
    "Elastic Load Balancing": "registry_calls",
}
"""Allocation base of each service: the count that its cost scales with.

Other services are allocated in proportion to the costs already allocated.
"""
_FOLLOWS: Final = "cost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocated:
    """A part of a charge and its owner.

    Attributes:
        charge: The charge.
        owner: Owner of the part.
        method: ``tag``, the name of the count, ``cost``, or ``none``.
        ratio: Part of the charge, from 0 to 1; for display, the amounts are exact.
        billed: Part of the billed cost (FOCUS ``BilledCost``).
        effective: Part of the effective cost (FOCUS ``EffectiveCost``).
        reason: Reason why it is unallocated; empty if it has an application.
    """

    charge: Charge
    owner: CostOwner
    method: str
    ratio: Decimal
    billed: Decimal
    effective: Decimal
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """An allocated bill.

    Attributes:
        bill: The bill.
        measured: Measured usage.
        parts: Parts of all charges; they sum to the bill exactly.
    """

    bill: Bill
    measured: MeasuredMonth
    parts: tuple[Allocated, ...]

    @property
    def unallocated(self) -> tuple[Allocated, ...]:
        """Parts without an application."""
        return tuple(part for part in self.parts if not part.owner.app)


def allocate(bill: Bill, measured: MeasuredMonth) -> Allocation:
    """Allocate every charge of a bill to owners.

    Args:
        bill: Bill of a month.
        measured: Measured usage of the same month.
    """
    first = [charge for charge in bill.charges if not _follows(charge)]
    parts = [part for charge in first for part in _by_measure(charge, measured)]
    weights = _weights(parts)
    for charge in bill.charges:
        if _follows(charge):
            parts += _by_cost(charge, weights)
    return Allocation(bill=bill, measured=measured, parts=tuple(parts))


def _follows(charge: Charge) -> bool:
    """Return whether a charge is allocated by cost: taxes, keys, networks, support."""
    return charge.service not in BASES and not charge.tags.get("app")


def _by_measure(charge: Charge, measured: MeasuredMonth) -> list[Allocated]:
    base, app = BASES.get(charge.service, ""), charge.tags.get("app", "")
    tagged = _tagged(charge, measured)
    if not app and charge.tags.get("idle"):
        return [_whole(charge, tagged, "none", "idle capacity")]
    if charge.tags.get("model"):  # charges of edge sites are split by pod already
        return [_whole(charge, tagged, "tag")]
    weights = _counted(measured.owners(app), base, tagged)
    if any(weights.values()):
        return _parts(charge, weights, method=base)
    if app:
        return [_whole(charge, tagged, "tag")]
    return [_whole(charge, tagged, "none", f"no measured {base.replace('_', ' ')}")]


def _counted(rows: Iterable[Measured], base: str, tagged: CostOwner) -> dict[CostOwner, Decimal]:
    """Return the counts by owner; the bill's tags take precedence over the measurement."""
    weights: dict[CostOwner, Decimal] = defaultdict(Decimal)
    for row in rows:
        owner = row.owner
        owner = replace(
            owner, project=tagged.project or owner.project, team=tagged.team or owner.team
        )
        weights[owner] += getattr(row, base or "events")
    return weights


def _by_cost(charge: Charge, weights: Mapping[CostOwner, Decimal]) -> list[Allocated]:
    if any(weights.values()):
        return _parts(charge, weights, method=_FOLLOWS)
    return [_whole(charge, CostOwner(), "none", "nothing else has an owner")]


def _weights(parts: Sequence[Allocated]) -> dict[CostOwner, Decimal]:
    """Return the cost allocated to each owner so far; negative sums (refunds) count as zero."""
    found: dict[CostOwner, Decimal] = defaultdict(Decimal)
    for part in parts:
        if part.owner.app:
            found[part.owner] += part.effective
    return {owner: max(amount, Decimal(0)) for owner, amount in sorted(found.items())}


def _parts(charge: Charge, weights: Mapping[CostOwner, Decimal], *, method: str) -> list[Allocated]:
    billed, effective = split(charge.billed, weights), split(charge.effective, weights)
    total = sum(weights.values(), Decimal(0))
    return [
        Allocated(
            charge=charge,
            owner=owner,
            method=method,
            ratio=weight / total,
            billed=billed[owner],
            effective=effective[owner],
        )
        for owner, weight in weights.items()
        if weight
    ]


def _whole(charge: Charge, owner: CostOwner, method: str, reason: str = "") -> Allocated:
    return Allocated(
        charge=charge,
        owner=owner,
        method=method,
        ratio=Decimal(1),
        billed=charge.billed,
        effective=charge.effective,
        reason=reason,
    )


def _tagged(charge: Charge, measured: MeasuredMonth) -> CostOwner:
    """Return the owner by a charge's tags, completed from the measurement of its application."""
    tags = charge.tags
    known = next(iter(measured.owners(tags["app"])), None) if tags.get("app") else None
    return CostOwner(
        project=tags.get("project") or (known.project if known else ""),
        team=tags.get("team") or (known.team if known else ""),
        app=tags.get("app", ""),
        model=tags.get("model", ""),
        version=tags.get("version", ""),
    )
