"""Dashboard content as data: charts and tables in sections; each row carries its filter fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

FILTERS = ("app", "version", "ring")
"""Fields by which a reader can filter the page; a row without one is always shown."""

Mark = Literal["area", "bar", "line", "point"]
"""Form of a chart."""
Value = str | int | float | None
"""Value of a table cell; `None` if it is unknown."""
Row = Mapping[str, Value]
"""Row of a table, by column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart and its rows.

    Attributes:
        id: Stable name, also of the downloaded file.
        title: Heading.
        note: Explanation, in a sentence.
        mark: Vega-Lite mark of a row.
        unit: Unit of the values.
        rows: Each with ``at`` (ISO day), ``series``, ``value``, optionally ``low`` and ``high``,
            and the fields of ``FILTERS``.
        limit: Threshold of a finding; drawn as a line.
        share: True to show values as shares of their sum at each time.
        step: Time step of a row.
    """

    id: str
    title: str
    note: str
    mark: Mark
    unit: str
    rows: Sequence[Row]
    limit: float | None = None
    share: bool = False
    step: Literal["day", "month"] = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table.

    Attributes:
        id: Stable name, also of the downloaded file.
        title: Heading.
        columns: Keys of the rows and their headings, in order.
        rows: Texts and numbers by key, and the fields of ``FILTERS``.
        empty: Text shown when there are no rows.
    """

    id: str
    title: str
    columns: Mapping[str, str]
    rows: Sequence[Row]
    empty: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardSection:
    """A section of the page.

    Attributes:
        id: Anchor.
        title: Heading.
        parts: Charts and tables, in order.
    """

    id: str
    title: str
    parts: Sequence[Chart | Table]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The page.

    Attributes:
        stack: The stack.
        made: Time of creation, for people.
        facts: Key figures at the top, by name.
        sections: Sections, in order.
    """

    stack: str
    made: str
    facts: Mapping[str, str]
    sections: Sequence[BoardSection]

    @property
    def charts(self) -> list[Chart]:
        """Return every chart."""
        return [p for item in self.sections for p in item.parts if isinstance(p, Chart)]

    def values(self, name: str) -> list[str]:
        """Return the values that a filter can be set to."""
        rows: list[Any] = [row for item in self.sections for p in item.parts for row in p.rows]
        return sorted({str(row[name]) for row in rows if row.get(name)})
