"""Places where a stack may process data: its home jurisdiction, and further ones of its config.

The first of ``jurisdictions`` is the stack's home, which is the company's choice. Places beyond it,
in ``jurisdictions`` or in a rule's parameters, weaken the rule and are listed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.regions import RegionTable, shipped_regions

HOME: Final = "home"
"""Place that stands for every declared jurisdiction."""
_DEFAULT: Final = ("EU",)

_refused = DocumentError.advising("fix the pack config; its schema lists all")


@dataclass(frozen=True, slots=True, kw_only=True)
class Geography:
    """Regions and jurisdictions of a stack.

    Attributes:
        table: Known regions.
        jurisdictions: The home jurisdiction, then further ones.
    """

    table: RegionTable
    jurisdictions: tuple[str, ...]

    @property
    def home(self) -> frozenset[str]:
        """The regions of the home jurisdiction."""
        return self.table.within(self.jurisdictions[:1], name="jurisdictions")

    def regions(self, places: Iterable[str]) -> list[str]:
        """Return the regions of places, sorted: regions, jurisdictions or ``home``.

        Raises:
            DocumentError: If a place is none of them.
        """
        named = [
            item for place in places for item in (self.jurisdictions if place == HOME else (place,))
        ]
        return sorted(self.table.within(named, name="a place of the pack config"))

    def price_classes(self, values: Iterable[str]) -> list[str]:
        """Return classes of CloudFront locations; ``home`` is those that cover the home."""
        at_home = self.table.price_classes_of(self.home)
        named = [item for value in values for item in (at_home if value == HOME else (value,))]
        return list(dict.fromkeys(named))

    def weakenings(self) -> list[str]:
        """Return a sentence if jurisdictions beyond the home add regions."""
        beyond = sorted({*self.regions([HOME])} - self.home)
        if not beyond:
            return []
        return [f"jurisdictions is {list(self.jurisdictions)!r} (beyond the home: {beyond!r})"]


def read_geography(jurisdictions: Any, regions: Any, *, name: str) -> Geography:
    """Return the geography that a pack config declares.

    Args:
        jurisdictions: Its ``jurisdictions``; ``None``: the EU.
        regions: Its ``regions``, further rows of the table; ``None``: no further ones.
        name: Of the config, for messages.

    Raises:
        DocumentError: If a jurisdiction has no region, or a row is malformed.
    """
    table = shipped_regions()
    if regions is not None:
        table = table.extended(regions, name=f"{name} regions")
    declared = list(_DEFAULT) if jurisdictions is None else jurisdictions
    if not isinstance(declared, list) or not declared:
        raise _refused(f"{name} jurisdictions", repr(declared), "a list such as ['EU']")
    for item in declared:
        if item not in table.jurisdictions:
            expected = f"one of {list(table.jurisdictions)}"
            raise _refused(f"{name} jurisdictions", repr(item), expected)
    return Geography(table=table, jurisdictions=tuple(declared))
