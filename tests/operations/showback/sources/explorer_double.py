"""Cost Explorer over a list of lines: filters, groups and pages as documented."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

__all__ = ["ExplorerDouble", "Line"]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A charge of one day."""

    billed: str
    effective: str = ""
    service: str = "Amazon CloudFront"
    record: str = "Usage"
    day: str = "2026-10-01"
    tags: Mapping[str, str] = field(default_factory=dict)
    account: str = "111122223333"

    def value(self, kind: str, key: str) -> str:
        """Return what the line has for a tag or a dimension."""
        if kind == "TAG":
            return self.tags.get(key.removeprefix("mobile-ai:"), "")
        found = {
            "SERVICE": self.service,
            "RECORD_TYPE": self.record,
            "LINKED_ACCOUNT": self.account,
        }
        return found[key]

    def amounts(self) -> tuple[Decimal, Decimal]:
        """Return billed and effective."""
        return Decimal(self.billed), Decimal(self.effective or self.billed)


class ExplorerDouble:
    """Stands where boto3's client does. ``page`` groups come at once."""

    def __init__(self, lines: Sequence[Line], *, page: int = 1000, estimated: bool = False) -> None:
        self.lines, self.page, self.estimated = lines, page, estimated
        self.asked: list[dict[str, Any]] = []
        self.answers: list[dict[str, Any]] = []

    def get_cost_and_usage(self, **question: Any) -> dict[str, Any]:
        """Answer one request."""
        self.asked.append(question)
        lines = [line for line in self.lines if _passes(line, question.get("Filter"))]
        by = question.get("GroupBy", [])
        assert len(by) <= 2
        sums: dict[tuple[str, tuple[str, ...]], list[Line]] = defaultdict(list)
        for line in lines:
            start = f"{line.day[:7]}-01" if question["Granularity"] == "MONTHLY" else line.day
            sums[start, tuple(_group(line, item) for item in by)].append(line)
        if not by and not lines:
            sums[question["TimePeriod"]["Start"], ()] = []
        first = int(question.get("NextPageToken", "0"))
        shown = sorted(sums.items())[first : first + self.page]
        answer: dict[str, Any] = {"ResultsByTime": self._periods(shown, question)}
        if first + self.page < len(sums):
            answer["NextPageToken"] = str(first + self.page)
        self.answers.append(answer)
        return answer

    def _periods(self, shown: Any, question: Mapping[str, Any]) -> list[dict[str, Any]]:
        periods: dict[str, dict[str, Any]] = {}
        for (start, keys), lines in shown:
            end = question["TimePeriod"]["End"]
            if question["Granularity"] == "DAILY":
                end = f"{start[:8]}{int(start[8:]) + 1:02d}"
            period = periods.setdefault(
                start,
                {
                    "TimePeriod": {"Start": start, "End": end},
                    "Total": {},
                    "Groups": [],
                    "Estimated": self.estimated,
                },
            )
            metrics = self._metrics(lines, question["Metrics"])
            if keys:
                period["Groups"].append({"Keys": list(keys), "Metrics": metrics})
            else:
                period["Total"] = metrics
        return list(periods.values())

    def _metrics(self, lines: Sequence[Line], names: Sequence[str]) -> dict[str, Any]:
        sums = [sum((line.amounts()[i] for line in lines), Decimal(0)) for i in range(2)]
        return {
            name: {"Amount": str(amount), "Unit": "USD"}
            for name, amount in zip(names, sums, strict=True)
        }


def _group(line: Line, by: Mapping[str, str]) -> str:
    value = line.value(by["Type"], by["Key"])
    return f"{by['Key']}${value}" if by["Type"] == "TAG" else value


def _passes(line: Line, expression: Mapping[str, Any] | None) -> bool:
    if expression is None:
        return True
    if "And" in expression:
        assert len(expression["And"]) > 1
        return all(_passes(line, item) for item in expression["And"])
    ((kind, wanted),) = expression.items()
    value = line.value("TAG" if kind == "Tags" else "DIMENSION", wanted["Key"])
    if wanted.get("MatchOptions") == ["ABSENT"]:
        return not value
    return value in wanted["Values"]
