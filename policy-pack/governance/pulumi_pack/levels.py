"""The levels and baseline that the engine hands over: what the pack accepts of them.

Levels and parameters are the pack's own, from its protected folder. Whatever the command
line asks for instead (``--policy-pack-config``) is refused when it is weaker: everything is
denied until it is gone. The one thing taken is the baseline, which only the gate can know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from governance.documents import read_json
from governance.errors import DocumentError
from governance.facts import Baseline

__all__ = ["BASELINE_RULE", "read_baseline", "weakened"]

# The policy whose configuration carries the baseline.
BASELINE_RULE: Final = "no-silent-downgrade"


def weakened(asked: Mapping[str, str], own: Mapping[str, str]) -> list[str]:
    """Return the rules that the engine was asked to run below their own level."""
    return sorted(
        rule
        for rule, level in asked.items()
        if own.get(rule) == "mandatory" and level != "mandatory"
    )


def read_baseline(text: str) -> Baseline:
    """Return the baseline that the gate wrote.

    Raises:
        DocumentError: If it is not one.
    """
    value: Any = read_json(text, name="baseline")
    try:
        return Baseline(
            released=frozenset(str(item) for item in value["released"]),
            deployments={
                str(name): {
                    "version": str(item["version"]),
                    "sha256": str(item["sha256"]),
                    "previousSha256": str(item.get("previousSha256", "")),
                    "specSha256": str(item.get("specSha256", "")),
                }
                for name, item in value["deployments"].items()
            },
            costs=_costs(value["costs"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise DocumentError(
            "baseline",
            got=f"{type(error).__name__}: {error}",
            expected="{released, deployments: {name: {version, sha256, previousSha256}}, costs}",
            next_step="let `mobile-ai gate` write it",
        ) from error


def _costs(value: Any) -> dict[str, str] | None:
    return None if value is None else {str(name): str(usd) for name, usd in value.items()}
