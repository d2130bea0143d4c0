"""The closed list of resource types, read from ``data/resources.yaml``.

A type stands there by its exact token, with the rules that evaluate it or the reason why none needs
to, the only properties that it may set and, for some of them, the only values.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from mobile_ai.contracts.documents import read_yaml
from mobile_ai.contracts.reading import MISSING, UNKNOWN, Secret

Names: TypeAlias = "dict[str, Names]"
"""Property names and, below each, the names there; none below a name: anything."""

_FILE: Final = Path(__file__).parent / "data" / "resources.yaml"
_UNSET: Final = "unset"
# Written by providers into checked inputs: the names of properties that have default values, and
# the tags with the provider's own.
_BY_PROVIDERS: Final = frozenset({"__defaults", "tagsAll"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedType:
    """A type of the list.

    Attributes:
        rules: The rules that evaluate it, beside those for every type.
        reason: Why no rule needs to, where none does.
        properties: The properties that it may set; ``None``: any.
        values: The only values of a property, by path; ``MISSING`` where it may be left out.
    """

    rules: tuple[str, ...]
    reason: str
    properties: Names | None
    values: Mapping[tuple[str, ...], tuple[Any, ...]]

    def unlisted(self, props: Mapping[str, Any]) -> Iterator[str]:
        """Yield the paths of set properties that are not listed."""
        if self.properties is not None:
            yield from _unlisted(props, self.properties, path="")


@cache
def listed_types() -> Mapping[str, ListedType]:
    """Return every type of the list by its token."""
    document = read_yaml(_FILE.read_text(encoding="utf-8"), name=_FILE.name)
    return {token: _listed(entry) for token, entry in document["types"].items()}


def _listed(entry: Mapping[str, Any]) -> ListedType:
    properties = entry.get("properties")
    return ListedType(
        rules=tuple(entry.get("rules", ())),
        reason=entry.get("reason", ""),
        properties=None if properties is None else _names(properties),
        values={
            tuple(path.split(".")): tuple(MISSING if item == _UNSET else item for item in values)
            for path, values in entry.get("values", {}).items()
        },
    )


def _names(paths: Sequence[str]) -> Names:
    names: Names = {}
    for path in paths:
        place = names
        for key in path.split("."):
            place = place.setdefault(key, {})
    return names


def _unlisted(value: Any, names: Names, *, path: str) -> Iterator[str]:
    """Yield the paths in a mapping, in a list's items or in a JSON text that ``names`` lacks."""
    if isinstance(value, Secret):
        value = value.value
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, list):
        for item in value:
            yield from _unlisted(item, names, path=f"{path}[]")
    if not isinstance(value, Mapping):
        return
    for key, item in value.items():
        below = names.get(key)
        if below:
            yield from _unlisted(item, below, path=f"{path}.{key}" if path else key)
        elif below is None and key not in _BY_PROVIDERS and _is_set(item):
            yield f"{path}.{key}" if path else key


def _is_set(value: Any) -> bool:
    if isinstance(value, Secret):
        value = value.value
    return value is UNKNOWN or not (value is None or value is False or value in ("", [], {}))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None  # no document; a rule that reads one says so
