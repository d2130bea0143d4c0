"""The pack's own knowledge of a stack: its environment, trust, config and bounds.

Read from the pack's own folder and nowhere else. ``stacks.yaml`` maps a stack's name (which
comes from the URN, not from configuration) to the rest; a stack that is not listed has no
setting, and everything in it is denied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from mobile_ai.contracts.documents import read_yaml
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.trust import Trust, load_trust
from mobile_ai.governance.bounds import Bounds, read_bounds
from mobile_ai.governance.config import PackConfig, load_config
from mobile_ai.governance.rule_terms import RuleTerms

__all__ = ["Setting", "load_bounds", "load_setting"]

_KEYS = frozenset({"environment", "trust", "config", "bounds"})
_OPTIONAL = frozenset({"releaseRoot"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The judge's own knowledge of a stack.

    Attributes:
        stack: The stack's name.
        environment: Such as ``prod``.
        trust: Trusted keys and their roles.
        config: Effective levels and parameters.
        bounds: Allowed values of its stack file.
        rego: The company's own modules by file name.
        release_root: SHA-256 of the first root of its releases; empty: no release proves anything.
    """

    stack: str
    environment: str
    trust: Trust
    config: PackConfig
    bounds: Bounds
    rego: Mapping[str, str] = field(default_factory=dict)
    release_root: str = ""


def load_setting(folder: Path, stack: str, *, rules: Iterable[RuleTerms], now: datetime) -> Setting:
    """Return the setting of a stack from a pack's folder.

    Args:
        folder: The pack's folder.
        stack: The stack's name.
        rules: The rules that the pack config may name.
        now: The time at which the trust counts as expired or not.

    Raises:
        GovernanceError: If the stack is not listed, or one of its files is wrong.
    """
    entry = _entry(folder, stack)
    environment = entry["environment"]
    trust = load_trust(_text(folder, entry["trust"]), environment=environment, now=now)
    config = load_config(_text(folder, entry["config"]), rules, name=entry["config"])
    return Setting(
        stack=stack,
        environment=environment,
        trust=trust,
        config=config,
        bounds=load_bounds(folder, stack),
        rego=_rego(folder),
        release_root=entry.get("releaseRoot", ""),
    )


def load_bounds(folder: Path, stack: str) -> Bounds:
    """Return the bounds alone of a stack from a pack's folder.

    Raises:
        GovernanceError: If the stack is not listed, or its bounds are wrong.
    """
    return read_bounds(_entry(folder, stack)["bounds"], name=f"stacks.yaml {stack}.bounds")


def _entry(folder: Path, stack: str) -> dict[str, Any]:
    table: Any = read_yaml(_text(folder, "stacks.yaml"), name="stacks.yaml")
    stacks = table.get("stacks") if isinstance(table, dict) else None
    entry = stacks.get(stack) if isinstance(stacks, dict) else None
    if not isinstance(entry, dict) or set(entry) - _OPTIONAL != _KEYS:
        raise DocumentError(
            f"stack {stack!r}",
            got="no entry" if entry is None else f"entry {entry!r}",
            expected=f"an entry with {sorted(_KEYS)} in policy-pack/stacks.yaml",
            next_step="have the stack added on the protected branch",
        )
    return {key: value if key == "bounds" else str(value) for key, value in entry.items()}


def _rego(folder: Path) -> dict[str, str]:
    names = sorted(path.name for path in (folder / "rego").glob("*.rego"))
    return {name: _text(folder, f"rego/{name}") for name in names}


def _text(folder: Path, name: str) -> str:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise _unreadable(name, "a path outside the pack")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(name, f"{type(error).__name__}") from error


def _unreadable(name: str, got: str) -> DocumentError:
    return DocumentError(
        f"policy-pack/{name}",
        got=got,
        expected="a text file of the pack",
        next_step="restore it from the protected branch",
    )
