"""Translates inputs to a CloudFormation template, and findings back to properties."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from mobile_ai.sandbox.providers.aws.api.arguments import pair_of
from mobile_ai.sandbox.providers.aws.schemas.leaves import leaves
from mobile_ai.sandbox.providers.aws.schemas.node import TemplateNode
from mobile_ai.sandbox.providers.aws.schemas.place import TemplatePlace, TemplateResource
from mobile_ai.sandbox.providers.aws.schemas.template import Path, Template
from mobile_ai.sandbox.providers.values import Special, Unknown, Value, plain

_MAIN: Final = "Resource"
_TEXT: Final = frozenset({"string"})

# CloudFormation's schema of a type, None where it has no such type.
Schemas: TypeAlias = Callable[[str], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class _Spot:
    """An object of the template that members are written to."""

    node: TemplateNode
    holder: dict[str, Any]
    path: Path


def translate(
    inputs: Mapping[str, Value], resource: TemplateResource, kind: str, schemas: Schemas
) -> Template | None:
    """Return inputs as a template; None if CloudFormation has no such type.

    Args:
        inputs: Property to value, as decoded from the engine.
        resource: The table's entry.
        kind: CloudFormation's name of the type.
        schemas: Returns CloudFormation's resource schemas.

    Raises:
        LookupError: The table names a member that the schema does not have.
    """
    if schemas(kind) is None:
        return None
    writer = _Writer(resource, kind, schemas)
    writer.write(inputs)
    return writer.template


class _Writer:
    def __init__(self, resource: TemplateResource, kind: str, schemas: Schemas) -> None:
        self.template = Template(filled=resource.filled)
        self._entry = resource
        self._kind = kind
        self._schemas = schemas
        self._short = kind.rsplit("::", 1)[-1]

    def write(self, inputs: Mapping[str, Value]) -> None:
        root = self._resource(_MAIN, self._kind)
        spot, _ = self._reach(root, f"{self._entry.within}.") if self._entry.within else (root, "")
        self._members(inputs, spot, ())
        for place, value in self._entry.always.items():
            spot, member = self._reach(root, place)
            spot.holder.setdefault(member, value)

    def _resource(self, name: str, kind: str) -> _Spot:
        schema = self._schemas(kind)
        if schema is None:
            raise LookupError(f"CloudFormation has no {kind}")
        made = self.template.resources.setdefault(name, {"Type": kind, "Properties": {}})
        return _Spot(TemplateNode(schema, schema), made["Properties"], (name, "Properties"))

    def _members(self, values: Mapping[str, Value], spot: _Spot, path: tuple[str, ...]) -> None:
        """Write the members of an object; ``path`` is its property path with indexes."""
        for name, value in values.items():
            if value is not None:
                self._member((*path, name), value, spot)

    def _member(self, path: tuple[str, ...], value: Value, spot: _Spot) -> None:
        named = self._named(path, spot.node)
        if named is None:
            return
        place = named if isinstance(named, TemplatePlace) else TemplatePlace(path=named)
        if place.path == ".":
            inside = plain(value)
            inside = inside[0] if isinstance(inside, list) and len(inside) == 1 else inside
            if isinstance(inside, dict):
                self._members(inside, spot, path)
            return
        start = self._start(place.path, spot)
        if place.beside:
            listed, _, member = place.path.rpartition(".")
            target, array = self._reach(start, listed)
            self._append(place.beside, (array, member), value, target, path)
        else:
            target, member = self._reach(start, place.path)
            self._put(place, member, value, target, path)

    def _named(self, path: tuple[str, ...], node: TemplateNode) -> str | TemplatePlace | None:
        """Return the place of a property, from the table or by its normalised name."""
        dotted = ".".join(name for name in path if not name.startswith("["))
        if dotted in self._entry.names:
            return self._entry.names[dotted]
        name = path[-1]
        nested = [part for part in path if not part.startswith("[")][1:]
        if nested:
            return node.named(name)
        found = node.named(name, f"{self._short}{name}", f"{name}Document")
        return found or (self._tags() if name == "tags" else None)

    def _tags(self) -> str | None:
        """Return the place of tags, which are outside of a type's other properties."""
        found = self._resource(_MAIN, self._kind).node.named("tags", "resourceTags")
        return f"/{found}" if found else None

    def _start(self, path: str, spot: _Spot) -> _Spot:
        if path.startswith("AWS::"):
            self.template.partial.add("Other")
            return self._resource("Other", path.rsplit(".", 1)[0])
        return self._resource(_MAIN, self._kind) if path.startswith("/") else spot

    def _reach(self, spot: _Spot, path: str) -> tuple[_Spot, str]:
        """Return the object that holds the last member of a path, creating it, and that member."""
        inner = path.rsplit(".", 1)[-1] if path.startswith("AWS::") else path.removeprefix("/")
        *way, last = inner.split(".")
        for member in way:
            spot = self._step(spot, member)
        if last and spot.node.member(last) is None:
            raise LookupError(f"{self._kind} has no member {path}")
        return spot, last

    def _step(self, spot: _Spot, member: str) -> _Spot:
        node = spot.node.member(member)
        if node is None:
            raise LookupError(f"{self._kind} has no member {member}")
        here: Path = (*spot.path, member)
        if "array" not in node.types or node.items is None:
            return _Spot(node, spot.holder.setdefault(member, {}), here)
        held = spot.holder.setdefault(member, [{}])
        return _Spot(node.items, held[0], (*here, 0))

    def _put(
        self, place: TemplatePlace, member: str, value: Value, spot: _Spot, path: tuple[str, ...]
    ) -> None:
        known = plain(value)
        if place.values and not isinstance(known, Unknown):
            spelt = place.values.get(_spelling(known), known)
            if spelt is None:
                self._cover(path, known)
                return
            known = spelt
        node = spot.node.member(member)
        if node is None:  # `_reach` has looked
            return
        here: Path = (*spot.path, member)
        if place.key and isinstance(known, list):
            spot.holder[member] = self._keyed(place, known, node, here, path)
        else:
            merged = self._converted(known, node, here, path)
            before = spot.holder.get(member)
            if isinstance(before, dict) and isinstance(merged, dict):
                merged = {**before, **merged}
            spot.holder[member] = merged

    def _append(
        self,
        beside: Mapping[str, str],
        place: tuple[str, str],
        value: Value,
        spot: _Spot,
        path: tuple[str, ...],
    ) -> None:
        """Write each of several plain values as an object of a list."""
        array, member = place
        held = spot.holder.setdefault(array, [])
        listed = plain(value)
        items = listed if isinstance(listed, list) else [listed]
        for index, item in enumerate(items):
            here: Path = (*spot.path, array, len(held), member)
            at = (*path, f"[{index}]") if isinstance(listed, list) else path
            held.append({**beside, member: self._scalar(item, _TEXT, here, at)})

    def _keyed(
        self,
        place: TemplatePlace,
        items: list[Value],
        node: TemplateNode,
        here: Path,
        path: tuple[str, ...],
    ) -> dict[str, Any]:
        """Return a list of objects as a map by one of their members."""
        found: dict[str, Any] = {}
        for index, item in enumerate(items):
            entry = plain(item)
            key = plain(entry.get(place.key)) if isinstance(entry, dict) else None
            if not isinstance(entry, dict) or not isinstance(key, str):
                continue
            at = (*path, f"[{index}]")
            self._cover((*at, place.key), key)
            rest: Value = {name: value for name, value in entry.items() if name != place.key}
            if place.value:
                rest, at = entry.get(place.value), (*at, place.value)
            found[key] = self._converted(rest, node.values or node, (*here, key), at)
        return found

    def _converted(
        self, value: Value, node: TemplateNode | None, here: Path, path: tuple[str, ...]
    ) -> Any:
        value = plain(value)
        self.template.places[here] = _shown(path)
        if isinstance(value, dict):
            return self._object(value, node, here, path)
        if isinstance(value, list):
            return self._list(value, node, here, path)
        if node is not None and isinstance(value, str) and node.types & {"object", "array"}:
            return self._parsed(value, node, here, path)
        types = node.types if node else frozenset[str]()
        converted = self._scalar(value, types, here, path)
        return [converted] if types == {"array"} else converted

    def _object(
        self, value: dict[str, Value], node: TemplateNode | None, here: Path, path: tuple[str, ...]
    ) -> Any:
        if node is not None and "array" in node.types and "object" not in node.types:
            pair = pair_of(node.items.members) if node.items else None
            if pair is None:
                return [self._converted(value, node.items, (*here, 0), path)]
            return [
                {
                    pair[0]: key,
                    pair[1]: self._converted(item, None, (*here, index, pair[1]), (*path, key)),
                }
                for index, (key, item) in enumerate(value.items())
            ]
        if node is None or node.is_open:
            inner = node.values if node else None
            return {
                key: self._converted(item, inner, (*here, key), (*path, key))
                for key, item in value.items()
                if item is not None
            }
        holder: dict[str, Any] = {}
        self._members(value, _Spot(node, holder, here), path)
        return holder

    def _list(
        self, value: list[Value], node: TemplateNode | None, here: Path, path: tuple[str, ...]
    ) -> Any:
        single = node is not None and node.types and "array" not in node.types
        if single and len(value) == 1:
            return self._converted(value[0], node, here, (*path, "[0]"))
        inner = node.items if node else None
        return [
            self._converted(item, inner, (*here, index), (*path, f"[{index}]"))
            for index, item in enumerate(value)
        ]

    def _parsed(self, text: str, node: TemplateNode, here: Path, path: tuple[str, ...]) -> Any:
        """Return a JSON text as parsed, if a template has a structure in its place."""
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict | list):
            self._cover(path, text)
            return [text] if node.types == {"array"} else text
        counted = set(self.template.covered)
        found = self._converted(parsed, node, here, path)
        self.template.covered = {*counted, _shown(path)}
        return found

    def _scalar(
        self, value: Value, types: frozenset[str], here: Path, path: tuple[str, ...]
    ) -> Any:
        value = plain(value)
        self.template.places[here] = _shown(path)
        if isinstance(value, Unknown | Special):
            return self.template.unknown_value(here)
        self._cover(path, value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        numeric = {"integer", "number"} & types
        if "string" in types and not numeric and isinstance(value, int | float):
            return _spelling(value).lower()
        return value

    def _cover(self, path: tuple[str, ...], value: Value) -> None:
        self.template.covered.update(found for found, _ in leaves(value, _shown(path)))


def _spelling(value: Value) -> str:
    """Return a value as text, like the table's keys."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _shown(path: tuple[str, ...]) -> str:
    return ".".join(path).replace(".[", "[")
