"""Taggable AWS resource types, from a generated table that a test compares with pulumi-aws."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def taggable_types() -> frozenset[str]:
    """Return the type tokens of pulumi-aws that take ``tags``."""
    text = (Path(__file__).parent / "data" / "aws-taggable.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))
