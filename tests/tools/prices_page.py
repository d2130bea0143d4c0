"""The table of known prices in ``docs/cost.md``."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Final

from mobile_ai.pricing.catalogue import Catalogue, load_catalogue
from mobile_ai.pricing.items import asked_rows

__all__ = ["cost_page"]

ROOT: Final = Path(__file__).parents[2]
_BLOCK: Final = re.compile(r"(<!-- prices: [^\n]*-->\n).*?(<!-- end of prices -->)", re.DOTALL)


def cost_page() -> str:
    """Return the page with its table of known prices."""
    folder = ROOT / "policy-pack" / "mobile_ai" / "pricing" / "prices"
    table = _table(load_catalogue(folder))
    text = (ROOT / "docs" / "cost.md").read_text("utf-8")
    return _BLOCK.sub(lambda found: found[1] + table + found[2], text)


def _table(catalogue: Catalogue) -> str:
    asked = asked_rows(catalogue)
    total = Counter(region for _, region in asked)
    known = Counter(region for item, region in asked if catalogue.prices[item, region].known)
    whole = sorted(region for region in total if known[region] == total[region] and "-" in region)
    partly = sorted(region for region in total if known[region] < total[region])
    share = f"{sum(known.values())} of {sum(total.values())}"
    rows = [
        f"As shipped, {share} rows that an estimate can need have a price:\n",
        "| regions | rows with a price, each |",
        "|---|---|",
        f"| {', '.join(whole)} | {total[whole[0]]} of {total[whole[0]]} |",
        *(f"| {region} | {known[region]} of {total[region]} |" for region in partly),
        f"| all regions alike, and viewers by area | {_alike(known)} of {_alike(total)} |",
    ]
    return "\n".join(rows) + "\n"


def _alike(count: Counter[str]) -> int:
    return sum(number for region, number in count.items() if "-" not in region)
