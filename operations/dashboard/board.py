"""What the dashboard shows, as data: charts and tables in sections, each row with its subject."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["FILTERS", "Board", "Chart", "Section", "Table"]

FILTERS = ("app", "version", "ring")
"""Fields by which a reader may narrow the page; a row without one is always shown."""

Mark = Literal["area", "bar", "line", "point"]
Value = str | int | float | None
Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart and the rows behind it.

    Attributes:
        id: Stable name, also of the file that a reader downloads.
        title: What it shows.
        note: How to read it, in a sentence.
        mark: How a row is drawn.
        unit: Of the values.
        rows: Each with ``at`` (ISO day), ``series``, ``value``, optionally ``low`` and ``high``,
            and the fields of ``FILTERS``.
        limit: Where it becomes a finding; drawn as a line.
        share: Whether the values of a moment are shown as parts of their sum.
        step: What a row is of.
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
        id: Stable name, also of the file that a reader downloads.
        title: What it shows.
        columns: Keys of the rows and their headings, in order.
        rows: Texts and numbers by key, and the fields of ``FILTERS``.
        empty: What is said when there is none.
    """

    id: str
    title: str
    columns: Mapping[str, str]
    rows: Sequence[Row]
    empty: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the page, with its readers in mind.

    Attributes:
        id: Anchor.
        title: Heading.
        parts: In order.
    """

    id: str
    title: str
    parts: Sequence[Chart | Table]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The page.

    Attributes:
        stack: Whose page it is.
        made: When, for people.
        facts: The few figures on top, by name.
        sections: In order.
    """

    stack: str
    made: str
    facts: Mapping[str, str]
    sections: Sequence[Section]

    @property
    def charts(self) -> list[Chart]:
        """Return every chart."""
        return [p for item in self.sections for p in item.parts if isinstance(p, Chart)]

    def values(self, name: str) -> list[str]:
        """Return what a filter can be set to."""
        rows: list[Any] = [row for item in self.sections for p in item.parts for row in p.rows]
        return sorted({str(row[name]) for row in rows if row.get(name)})
