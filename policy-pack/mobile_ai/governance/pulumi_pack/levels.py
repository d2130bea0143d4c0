"""Detects enforcement levels from the command line that would weaken the pack.

Levels and parameters are configured in the pack's protected folder. A weaker level in
``--policy-pack-config`` makes the pack deny every resource until the option is removed.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["weakened"]


def weakened(asked: Mapping[str, str], own: Mapping[str, str]) -> list[str]:
    """Return the mandatory rules for which the engine was given a weaker level."""
    return sorted(
        rule
        for rule, level in asked.items()
        if own.get(rule) == "mandatory" and level != "mandatory"
    )
