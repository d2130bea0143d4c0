"""A month from AWS Cost Explorer, broken down as far as the showback needs.

GetCostAndUsage groups by two keys at most
(https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetCostAndUsage.html), so
a month is broken down two keys at a time: each group of the first two is asked again, by a filter,
for the next two. Every level must sum to the one above, and the last to the ungrouped month.

Amounts: FOCUS wants costs after all discounts, billed as invoiced and effective with prepayments
spread over their time. These are ``NetUnblendedCost`` and ``NetAmortizedCost``. AWS shows them to
a member account only where the payer allows it; ``GROSS`` is for the others.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from mobile_ai.operations.showback.errors import ShowbackError
from mobile_ai.operations.showback.sources.aws_errors import asking
from mobile_ai.operations.showback.sources.cells import KEYS, Amounts, Cell, Key, Month, odd

NET: Final = ("NetUnblendedCost", "NetAmortizedCost")
"""Metrics after discounts: billed and effective."""
GROSS: Final = ("UnblendedCost", "AmortizedCost")
"""Metrics before discounts: billed and effective."""
_REQUEST_USD: Final = Decimal("0.01")
_AT_ONCE: Final = 2  # keys that one request may group by


class Explorer:
    """Cost Explorer, for one stretch of days. It counts its requests, since each costs a cent."""

    def __init__(
        self,
        client: Any,
        month: Month,
        *,
        metrics: tuple[str, str] = NET,
        account: str = "",
        most: int = 100,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Take what is asked; nothing is asked yet.

        Args:
            client: boto3's ``ce``.
            month: The days.
            metrics: Billed and effective metric: ``NET`` or ``GROSS``.
            account: Only this member account; empty: all that the credentials see.
            most: Requests that may be paid for.
            tell: Told how far it is, in sentences.
        """
        self._client, self._month, self._metrics = client, month, metrics
        self._most, self._tell = most, tell
        only = {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": [account]}}
        self._always = [only] if account else []
        self.requests = 0

    def ask(self, by: Sequence[Key] = (), within: Mapping[Key, str] | None = None) -> list[Cell]:
        """Return the charges by up to two keys, all pages of them.

        Args:
            by: The keys; none: the sum of each period.
            within: Only the charges with these values.

        Raises:
            ShowbackError: AWS refuses, answers something else, or the requests are used up.
        """
        within = within or {}
        question: dict[str, Any] = {
            "TimePeriod": {"Start": self._month.start, "End": self._month.end},
            "Granularity": self._month.granularity,
            "Metrics": list(self._metrics),
        }
        if by:
            question["GroupBy"] = [{"Type": key.type, "Key": key.name} for key in by]
        filters = [*self._always, *(key.filter(value) for key, value in within.items())]
        if filters:
            question["Filter"] = {"And": filters} if len(filters) > 1 else filters[0]
        cells: list[Cell] = []
        for answer in self._pages(question):
            cells += self._cells(answer, by, within)
        return cells

    def _pages(self, question: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
        token: str | None = ""
        while token is not None:
            if self.requests >= self._most:
                raise ShowbackError(
                    "Cost Explorer",
                    got=f"more than {self._most} requests (USD {self._most * _REQUEST_USD})",
                    expected="fewer",
                    next_step="allow more with --most-requests, or read an export with --from s3://",
                )
            page = {"NextPageToken": token} if token else {}
            with asking("Cost Explorer", permission="ce:GetCostAndUsage"):
                answer = self._client.get_cost_and_usage(**question, **page)
            self.requests += 1
            self._tell(
                f"{self.requests} requests to Cost Explorer, USD {self.requests * _REQUEST_USD}"
            )
            yield answer
            token = answer.get("NextPageToken") or None

    def _cells(
        self, answer: Mapping[str, Any], by: Sequence[Key], within: Mapping[Key, str]
    ) -> Iterator[Cell]:
        for period in answer["ResultsByTime"]:
            groups = period["Groups"] if by else [{"Keys": [], "Metrics": period["Total"]}]
            for group in groups:
                values = [key.value(text) for key, text in zip(by, group["Keys"], strict=True)]
                amounts, currency = self._amounts(group["Metrics"])
                yield Cell(
                    start=period["TimePeriod"]["Start"],
                    end=period["TimePeriod"]["End"],
                    values={**within, **dict(zip(by, values, strict=True))},
                    amounts=amounts,
                    currency=currency,
                    estimated=bool(period.get("Estimated")),
                )

    def _amounts(self, metrics: Mapping[str, Any]) -> tuple[Amounts, str]:
        if missing := [name for name in self._metrics if name not in metrics]:
            raise ShowbackError(
                "Cost Explorer",
                got=f"no {missing[0]}",
                expected=" and ".join(self._metrics),
                next_step="the payer may hide net costs from member accounts: use --gross",
            )
        both = [metrics[name] for name in self._metrics]
        if len({item["Unit"] for item in both}) != 1:
            raise odd("amounts in two currencies", "one")
        return Amounts(*(_decimal(item["Amount"]) for item in both)), str(both[0]["Unit"])


def break_down(explorer: Explorer, keys: Sequence[Key] = KEYS) -> list[Cell]:
    """Return a month's charges by all keys; they sum to the ungrouped month, to the cent.

    Args:
        explorer: Asked once for the whole, once for the first two keys, then once for every group.
        keys: Tags first: a group is asked again by its values.

    Raises:
        ShowbackError: The parts do not sum to the whole, or as `Explorer.ask`.
    """
    whole = explorer.ask()
    if not whole:
        raise ShowbackError(
            "Cost Explorer",
            got="no charge",
            expected="a month that was charged for",
            next_step="name another month; AWS keeps 14, or 38 where the payer asked for it",
        )
    if len(currencies := {cell.currency for cell in whole}) != 1:
        raise odd(f"currencies {', '.join(sorted(currencies))}", "one")
    cells = list(_parts(explorer, keys, whole, {}, {}))
    if not _sum(cells).agrees(_sum(whole)):
        raise _unequal(_sum(cells), _sum(whole), "the month")
    return cells


def _parts(
    explorer: Explorer,
    keys: Sequence[Key],
    whole: Iterable[Cell],
    known: Mapping[Key, str],
    within: Mapping[Key, str],
) -> Iterator[Cell]:
    """Yield the parts of a whole by all keys.

    Args:
        explorer: Client of Cost Explorer.
        keys: Group keys not yet broken down.
        whole: Amounts that the parts must sum to.
        known: The values that all of it has.
        within: Those of them that it takes a filter to get.
    """
    now, later = keys[:_AT_ONCE], keys[_AT_ONCE:]
    cells = explorer.ask(now, within)
    _reconcile(cells, whole, known)
    if not later:
        found = (cell for cell in cells if cell.amounts != Amounts())
        yield from (replace(cell, values={**known, **cell.values}) for cell in found)
        return
    groups: dict[tuple[str, ...], list[Cell]] = defaultdict(list)
    for cell in cells:
        groups[tuple(cell.values[key] for key in now)].append(cell)
    for values, group in sorted(groups.items()):
        more = dict(zip(now, values, strict=True))
        # What is all there is needs no filter, and a tag that nobody activated bears none.
        narrower = {**within, **more} if len(groups) > 1 else within
        yield from _parts(explorer, later, group, {**known, **more}, narrower)


def _reconcile(parts: Iterable[Cell], whole: Iterable[Cell], known: Mapping[Key, str]) -> None:
    found, wanted = _by_period(parts), _by_period(whole)
    for period in sorted({*found, *wanted}):
        got, expected = found.get(period, Amounts()), wanted.get(period, Amounts())
        if not got.agrees(expected):
            said = ", ".join(f"{key.name}={value or 'none'}" for key, value in known.items())
            raise _unequal(got, expected, f"{period} {said}".strip())


def _by_period(cells: Iterable[Cell]) -> dict[str, Amounts]:
    sums: dict[str, Amounts] = defaultdict(Amounts)
    for cell in cells:
        sums[cell.start] += cell.amounts
    return sums


def _sum(cells: Iterable[Cell]) -> Amounts:
    return sum((cell.amounts for cell in cells), Amounts())


def _decimal(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise odd(f"amount {text!r}", "a number") from error
    if not amount.is_finite():
        raise odd(f"amount {text!r}", "a number")
    return amount


def _unequal(got: Amounts, expected: Amounts, where: str) -> ShowbackError:
    return ShowbackError(
        f"Cost Explorer, {where}",
        got=f"groups of {got.billed} billed, {got.effective} effective",
        expected=f"the ungrouped {expected.billed} and {expected.effective}, to the cent",
        next_step="AWS may have changed its figures meanwhile: run it again; nothing was written",
    )
