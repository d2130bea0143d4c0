"""The levels that the engine hands over: what the pack accepts of them.

Levels and parameters are the pack's own, from its protected folder. Whatever the command
line asks for instead (``--policy-pack-config``) is refused when it is weaker: everything is
denied until it is gone.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["weakened"]


def weakened(asked: Mapping[str, str], own: Mapping[str, str]) -> list[str]:
    """Return the rules that the engine was asked to run below their own level."""
    return sorted(
        rule
        for rule, level in asked.items()
        if own.get(rule) == "mandatory" and level != "mandatory"
    )
