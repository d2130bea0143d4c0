"""Exact search for the lowest-cost combinations of one choice per slot that serve the load.

Branch and bound over all feasible combinations. The bound (cost of the chosen slots, plus the
lowest fixed cost of each open slot, without request costs) never exceeds the true cost, so that no
optimum is pruned; a test compares the result with full enumeration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from mobile_ai.pricing.values import ZERO

_SECONDS_PER_MONTH: Final = Decimal(730 * 3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One way to fill a slot.

    Attributes:
        label: Display name, such as ``edge frankfurt int8-onnx x2``.
        fixed_usd: Typical monthly cost, independent of the load.
        capacity: Requests per second that it can serve.
        usd_per_request: Additional cost of one request.
        placement: The entry of the stack file; ``None`` if the slot stays empty.
    """

    label: str
    fixed_usd: Decimal
    capacity: Decimal = ZERO
    usd_per_request: Decimal = ZERO
    placement: dict[str, Any] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A feasible combination.

    Attributes:
        usd: Typical monthly cost.
        choices: One per slot.
    """

    usd: Decimal
    choices: tuple[Choice, ...]


def cost_of(choices: Sequence[Choice], rate: Decimal) -> Decimal | None:
    """Return the monthly cost of a combination, ``None`` if its capacity is too small.

    Requests are assigned to the capacity with the lowest cost per request first.

    Args:
        choices: One per slot.
        rate: Requests per second.
    """
    left, total = rate, sum((item.fixed_usd for item in choices), ZERO)
    for item in sorted(choices, key=lambda choice: choice.usd_per_request):
        taken = min(left, item.capacity)
        total += taken * _SECONDS_PER_MONTH * item.usd_per_request
        left -= taken
    return None if left > 0 else total


def cheapest(
    slots: Sequence[Sequence[Choice]], *, rate: Decimal, keep: int = 3
) -> tuple[Answer, ...]:
    """Return the feasible combinations with the lowest cost; ties go to fewer placements.

    Args:
        slots: The choices of every slot; an empty slot makes everything infeasible.
        rate: Requests per second to serve.
        keep: Highest number of combinations to return.
    """
    if any(not slot for slot in slots):
        return ()
    order = [sorted(slot, key=lambda choice: choice.fixed_usd) for slot in slots]
    after = [ZERO] * (len(order) + 1)  # lowest fixed cost of all later slots
    carry = [ZERO] * (len(order) + 1)  # highest capacity of all later slots
    for index in range(len(order) - 1, -1, -1):
        after[index] = after[index + 1] + order[index][0].fixed_usd
        carry[index] = carry[index + 1] + max(item.capacity for item in order[index])
    found: list[Answer] = []

    def descend(chosen: tuple[Choice, ...], spent: Decimal, carried: Decimal) -> None:
        index = len(chosen)
        if carried + carry[index] < rate:
            return
        if len(found) == keep and spent + after[index] > found[-1].usd:
            return
        if index == len(order):
            cost = cost_of(chosen, rate)
            if cost is not None:
                found.append(Answer(usd=cost, choices=chosen))
                found.sort(key=_rank)
                del found[keep:]
            return
        for item in order[index]:
            descend((*chosen, item), spent + item.fixed_usd, carried + item.capacity)

    descend((), ZERO, ZERO)
    return tuple(found)


def _rank(answer: Answer) -> tuple[Decimal, int, tuple[str, ...]]:
    """Return the sort key: cost, then number of placements, then labels."""
    run = sum(item.placement is not None for item in answer.choices)
    return answer.usd, run, tuple(item.label for item in answer.choices)
