"""The runbook states what a day of each stack costs, as the stacks' own plans come to."""

import re
from decimal import Decimal

import pytest

from tests.e2e.checkout import ROOT, GateRun

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("e2e")]
PAGE = ROOT / "docs" / "first-deployment.md"
STACKS = ("dev", "prod")
HOURS = Decimal(730)  # of a month, as prices a month are made of prices an hour
BLOCK = re.compile(r"(<!-- costs: [^\n]*-->\n).*?(<!-- end of costs -->)", re.DOTALL)
HEAD = """\
| stack | a day: low | typical | high | a month, typical | lines without price; their ceiling |
|---|---|---|---|---|---|
"""


def a_day(amount: str) -> str:
    return f"{Decimal(amount) * 24 / HOURS:.2f}"


def row(stack: str, total: dict[str, str]) -> str:
    days = " | ".join(a_day(total[part]) for part in ("low", "typical", "high"))
    ceiling = total["ceiling"] or "not known"
    return f"| {stack} | {days} | {total['typical']} | {total['unknown']}, {ceiling} |\n"


def test_costs_of_the_runbook_are_those_of_the_plans(gated: dict[str, GateRun], golden) -> None:
    totals = {stack: gated[stack].report["cost"]["proposed"] for stack in STACKS}
    table = HEAD + "".join(row(stack, total) for stack, total in totals.items())
    text = PAGE.read_text("utf-8")
    assert BLOCK.search(text)
    golden(PAGE, BLOCK.sub(lambda found: found[1] + table + found[2], text))
