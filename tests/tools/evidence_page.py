"""The table of points in ``docs/evidence.md``: what the sample's bundle states of each."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from mobile_ai.gate.project import find_project
from mobile_ai.operations.evidence.annex import technical_document
from mobile_ai.operations.evidence.document import Point
from mobile_ai.operations.evidence.subject import read_evidence

__all__ = ["evidence_page"]

_ROOT: Final = Path(__file__).parents[2]
_BEGIN: Final = "| point | of the sample | missing, and who could supply it |\n|---|---|---|\n"


def evidence_page() -> str:
    """Return the page with its table renewed."""
    text = (_ROOT / "docs" / "evidence.md").read_text("utf-8")
    head, _, rest = text.partition(_BEGIN)
    _, _, tail = rest.partition("\n\n")
    [about, *_] = read_evidence(find_project(_ROOT, "dev"))
    sections = technical_document(about).sections
    rows = "\n".join(_row(point) for section in sections for point in section.points)
    return f"{head}{_BEGIN}{rows}\n\n{tail}"


def _row(point: Point) -> str:
    gaps = "; ".join(f"{gap.what}: {gap.who}" for gap in point.gaps)
    return f"| {point.id} {point.title} | {point.status} | {gaps or point.note} |"
