"""A location in a CloudFormation resource schema, with resolved references and alternatives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.arguments import word

_ALTERNATIVES: Final = ("allOf", "anyOf", "oneOf")


class TemplateNode:
    """A subschema: its types, members and items.

    A value must match one of several alternatives; for locating members all of them are merged.
    """

    def __init__(self, schema: Mapping[str, Any], root: Mapping[str, Any]) -> None:
        """Store the subschema and the resource schema that references point into."""
        self._root = root
        self._parts = tuple(_parts(schema, root))

    @cached_property
    def types(self) -> frozenset[str]:
        """JSON types that a value may have; empty for any."""
        found: set[str] = set()
        for part in self._parts:
            types = part.get("type", ())
            found.update([types] if isinstance(types, str) else types)
        if not found:
            found |= {"object"} if self._members else set()
            found |= {"array"} if any("items" in part for part in self._parts) else set()
        return frozenset(found)

    @cached_property
    def _members(self) -> dict[str, Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        for part in self._parts:
            for name, schema in part.get("properties", {}).items():
                # A later part may only exclude a member or repeat a part of it.
                if name not in found and isinstance(schema, Mapping):
                    found[name] = schema
        return found

    @property
    def members(self) -> tuple[str, ...]:
        """Names of the members."""
        return tuple(self._members)

    @property
    def is_open(self) -> bool:
        """True if keys are arbitrary: a map, or an object that no schema describes."""
        return not self._members

    def member(self, name: str) -> TemplateNode | None:
        """Return the member of exactly this name."""
        schema = self._members.get(name)
        return None if schema is None else TemplateNode(schema, self._root)

    def named(self, *names: str) -> str | None:
        """Return the member with one of these names, ignoring case, separators and plural."""
        folded = {word(member): member for member in self._members}
        return next((folded[word(name)] for name in names if word(name) in folded), None)

    @cached_property
    def values(self) -> TemplateNode | None:
        """Schema of a map's values, None if not described."""
        for part in self._parts:
            patterns = [*part.get("patternProperties", {}).values()]
            more = part.get("additionalProperties")
            for schema in (*patterns, more):
                if isinstance(schema, Mapping):
                    return TemplateNode(schema, self._root)
        return None

    @cached_property
    def items(self) -> TemplateNode | None:
        """Schema of an array's items, None if not described."""
        for part in self._parts:
            if isinstance(part.get("items"), Mapping):
                return TemplateNode(part["items"], self._root)
        return None


def _parts(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the subschema and all its references and alternatives."""
    pending, seen = [schema], set()
    while pending:
        part = pending.pop(0)
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        if "$ref" in part:
            pending.append(_resolved(part["$ref"], root))
        choices = [item for keyword in _ALTERNATIVES for item in part.get(keyword, ())]
        pending += [item for item in choices if isinstance(item, Mapping)]


def _resolved(reference: str, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a subschema by its JSON pointer into the resource schema."""
    found: Any = root
    for name in reference.removeprefix("#/").split("/"):
        found = found[name.replace("~1", "/").replace("~0", "~")]
    result: Mapping[str, Any] = found
    return result
