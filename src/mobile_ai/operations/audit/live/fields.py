"""Finds the last writer of a field of a Kubernetes object, from its ``managedFields``.

The API server records for every field which manager set it and when:
https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management. A manager is
the name of a program; only the cluster's audit log records the user. A removed field has no
owner, so its author is unknown.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from mobile_ai.operations.audit.contract import Author

Path: TypeAlias = tuple[str | int, ...]
"""Path of a field: keys, and indices of lists."""

_PERSON: Final = "a program's name; the cluster's audit log has the user"
_NOBODY: Final = "a field taken away has no author: see the cluster's audit log"
# Managers of the deployment: they still own a list from which somebody else removed an item.
_OURS: Final = re.compile(r"mobile-ai/|pulumi-kubernetes")


def author_of(live: Mapping[str, Any], paths: Iterable[Path]) -> Author:
    """Return the manager that last wrote one of these fields.

    Args:
        live: The object on the API server.
        paths: Fields that differ from the declaration.
    """
    entries = live.get("metadata", {}).get("managedFields") or ()
    found = [
        entry
        for path in paths
        for entry in entries
        if _owns(entry.get("fieldsV1") or {}, live, path) and not _innocent(entry, live, path)
    ]
    if not found:
        return Author(source="managedFields", note=_NOBODY)
    newest = max(found, key=lambda entry: str(entry.get("time", "")))
    return Author(
        who=str(newest.get("manager", "")),
        when=str(newest.get("time", "")),
        source=f"managedFields, {newest.get('operation', '')}".rstrip(", "),
        note=_PERSON,
    )


def _innocent(entry: Mapping[str, Any], live: Any, path: Path) -> bool:
    """Return whether a deployment manager merely owns a list that others changed."""
    return isinstance(_value(live, path), list) and bool(_OURS.match(str(entry.get("manager"))))


def _value(value: Any, path: Path) -> Any:
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _owns(owned: Mapping[str, Any], value: Any, path: Path) -> bool:
    if not path:
        return True
    part, rest = path[0], path[1:]
    inner = _value(value, (part,))
    if inner is None:
        return False
    for name in _names(part, inner, owned):
        if not owned[name]:
            return True  # a field that is owned as a whole
        if _owns(owned[name], inner, rest):
            return True
    return False


def _names(part: str | int, inner: Any, owned: Mapping[str, Any]) -> Iterator[str]:
    """Yield the ``fieldsV1`` keys that denote an object key, or the item at an index of a list."""
    if isinstance(part, str):
        yield from (name for name in (f"f:{part}",) if name in owned)
        return
    for name in owned:
        kind, _, text = name.partition(":")
        if name == f"i:{part}" or (kind in {"k", "v"} and _is(kind, json.loads(text), inner)):
            yield name


def _is(kind: str, key: Any, item: Any) -> bool:
    if kind == "v":
        return bool(key == item)
    return isinstance(item, Mapping) and all(item.get(name) == key[name] for name in key)
