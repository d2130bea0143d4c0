"""The table of rooms in ``docs/architecture.md``: its last column comes from the import contracts.

``pyproject.toml`` has a contract a room, under ``[tool.importlinter]``: what the room must not
import, and single imports that are exceptions. The column states the rest.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

__all__ = ["architecture_page", "contracts", "may_import", "rooms"]

ROOT: Final = Path(__file__).parents[2]
_NAMESPACE: Final = "mobile_ai."
_ROW: Final = re.compile(
    r"^\| `(?:[\w-]+/)*mobile_ai/(?P<room>\w+)/` .*\|(?P<cell>[^|]*)\|$", re.MULTILINE
)


@cache
def _settings() -> Mapping[str, Any]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    table: Mapping[str, Any] = settings["tool"]["importlinter"]
    return table


def rooms() -> tuple[str, ...]:
    """Return the rooms that the contracts cover, innermost first."""
    return tuple(name.removeprefix(_NAMESPACE) for name in _settings()["root_packages"])


def contracts() -> Mapping[str, Mapping[str, Any]]:
    """Return every contract by its id."""
    return {contract["id"]: contract for contract in _settings()["contracts"]}


def may_import(room: str) -> str:
    """Return the cell of a room: the rooms it may import, then its exceptions."""
    contract = contracts()[room]
    refused = {name.removeprefix(_NAMESPACE) for name in contract["forbidden_modules"]}
    allowed = [f"`{other}`" for other in rooms() if other not in {room, *refused}]
    kept = "all but `testing`" if refused == {"testing"} else ", ".join(allowed)
    return "; ".join([kept or "no other room", *_exceptions(room, contract)])


def _exceptions(room: str, contract: Mapping[str, Any]) -> list[str]:
    pairs = (line.split(" -> ") for line in contract.get("ignore_imports", ()))
    own = f"{_NAMESPACE}{room}."
    return [
        f"`{importer.removeprefix(own)}` also `{imported.removeprefix(_NAMESPACE)}`"
        for importer, imported in pairs
    ]


def architecture_page() -> str:
    """Return the page with its column as the contracts have it."""

    def row(match: re.Match[str]) -> str:
        start = match.start("cell") - match.start()
        return f"{match[0][:start]} {may_import(match['room'])} |"

    return _ROW.sub(row, (ROOT / "docs/architecture.md").read_text("utf-8"))
