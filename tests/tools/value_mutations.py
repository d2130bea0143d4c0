"""Makes invalid values out of planned AWS resources: one for each constraint on each input.

Constraints come from two sides. The API side traces values: the deploying code is run with a
session that records calls, once as planned and once with one input changed, so the argument that
differs is the one that the input reaches; its shape in botocore's model says what is invalid.
Nothing of the check takes part in that. The CloudFormation side walks the resource schemas along
the template that the check writes.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import regex
from botocore import xform_name
from google.protobuf import struct_pb2
from google.protobuf.json_format import ParseDict

from mobile_ai.sandbox.providers.aws.api.calls import Api
from mobile_ai.sandbox.providers.aws.api.kind import Kind
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject, bare
from mobile_ai.sandbox.providers.aws.schemas.judge import api_kind, cloudformation_type
from mobile_ai.sandbox.providers.aws.schemas.lint import resource_schema
from mobile_ai.sandbox.providers.aws.schemas.models import service_model
from mobile_ai.sandbox.providers.aws.schemas.place import TemplateResource
from mobile_ai.sandbox.providers.aws.schemas.table import RESOURCES
from mobile_ai.sandbox.providers.aws.schemas.translate import translate
from mobile_ai.sandbox.providers.spec import Spec
from mobile_ai.sandbox.providers.specfile import ensure_spec
from mobile_ai.sandbox.providers.values import (
    Properties,
    Special,
    Unknown,
    Value,
    contains_unknown,
    decode,
    plain,
)
from tests.components.support import run_stack, write_repository

__all__ = ["Mutation", "Planned", "mutations", "planned_resources"]

_REGION: Final = "eu-central-1"
_LONGEST: Final = 20_000
_MOST_ITEMS: Final = 200
_STRANGE: Final = ("\u0000", "<{~}>", " ", "é€", "!", "", "a b", "%2", "A" * 3, "_")


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A resource as the program asks for it at preview."""

    stack: str
    token: str
    name: str
    inputs: Properties


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """Inputs with one value that a schema or model does not allow.

    Attributes:
        resource: The resource they were made from.
        source: ``api`` or ``cloudformation``.
        kind: Constraint that is broken, as ``enum``.
        path: Property that was changed, without indexes.
        inputs: The changed inputs.
    """

    resource: Planned
    source: str
    kind: str
    path: str
    inputs: Properties

    def __str__(self) -> str:
        """Name it in lists of misses."""
        return f"{self.resource.token.rsplit(':', 1)[-1]} {self.path}: {self.kind} ({self.source})"


def planned_resources(stacks: Iterable[str] = ("dev", "prod")) -> list[Planned]:
    """Return every AWS resource that the program declares for the stacks."""
    with tempfile.TemporaryDirectory() as folder:
        repository = write_repository(Path(folder))
        return [
            Planned(
                stack=stack,
                token=item.type,
                name=item.name,
                inputs=decode(ParseDict(item.inputs, struct_pb2.Struct())),
            )
            for stack in stacks
            for item in run_stack(repository, stack).registered
            if item.custom and item.type.startswith("aws:")
        ]


def mutations(resources: Iterable[Planned]) -> Iterator[Mutation]:
    """Yield one mutation for each constraint on each property of each type."""
    seen: set[tuple[str, ...]] = set()
    for resource in resources:
        for mutation in (*_by_api(resource), *_by_schema(resource)):
            key = resource.token, mutation.source, mutation.kind, mutation.path
            if key not in seen:
                seen.add(key)
                yield mutation


# --- one input changed


def _walk(value: Value, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Value]]:
    value = plain(value)
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _walk(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, (*path, index))
    elif not isinstance(value, Unknown | Special):
        yield path, value


def _shown(path: tuple[Any, ...]) -> str:
    return re.sub(r"\.\[", "[", ".".join(f"[{p}]" if isinstance(p, int) else p for p in path))


def _plain_path(path: tuple[Any, ...]) -> str:
    return re.sub(r"\[\d+\]", "", _shown(path))


def _unsecret(value: Value) -> Any:
    value = plain(value)
    if isinstance(value, dict):
        return {key: _unsecret(item) for key, item in value.items()}
    return [_unsecret(item) for item in value] if isinstance(value, list) else value


def _with(inputs: Properties, path: tuple[Any, ...], value: Any) -> Properties:
    """Inputs with another value at a path; ``...`` removes what is there."""
    changed = _unsecret(deepcopy(inputs))
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    if value is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return changed


# --- what the API allows


class _Session:
    """Records calls; knows botocore's models and no endpoint."""

    def __init__(self) -> None:
        self.calls: dict[tuple[str, str], Any] = {}

    def client(self, service: str, _region: str) -> Any:
        model = service_model(service)
        mapping = {xform_name(name): name for name in model.operation_names}
        return SimpleNamespace(
            meta=SimpleNamespace(method_to_api_mapping=mapping, service_model=model)
        )

    def call(self, service: str, _region: str, operation: str, arguments: dict[str, Any]) -> Any:
        self.calls[service, operation] = arguments
        return {}


def _recorded(kind: Kind, inputs: Properties) -> dict[tuple[str, str], Any]:
    session = _Session()
    api = Api(session, kind)  # type: ignore[arg-type]
    subject = ApiSubject(
        urn="urn",
        props=bare(_filled(inputs)),
        facts={"account": "1" * 12, "region": _REGION, "partition": "aws", "mark": "mark"},
        id="some-id",
        answer={},
    )
    for step in (kind.create, *kind.then, *kind.changes):
        if getattr(step, "only", ()) and not set(step.only) & set(inputs):
            continue
        # An action that needs an answer ends early; the calls that it made count.
        with suppress(Exception):
            api.run(step, subject)
    return session.calls


def _filled(value: Value) -> Any:
    """Inputs with a text for each value that is not known yet."""
    value = plain(value)
    if isinstance(value, Unknown):
        return "unknown"
    if isinstance(value, dict):
        return {key: _filled(item) for key, item in value.items()}
    return [_filled(item) for item in value] if isinstance(value, list) else value


def _flat(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _flat(item, (*path, index))
    else:
        yield path, value


def _by_api(resource: Planned) -> Iterator[Mutation]:
    kind = api_kind(resource.token)
    if kind is None:
        return
    before = {call: dict(_flat(given)) for call, given in _recorded(kind, resource.inputs).items()}
    for path, value in _walk(resource.inputs):
        other = _other(value)
        if other is None:
            continue
        after = _recorded(kind, _with(resource.inputs, path, other))
        for (service, operation), arguments in after.items():
            known = before.get((service, operation), {})
            for place, sent in _flat(arguments):
                if known.get(place, sent) != sent:
                    shape = _shape_at(service, operation, place)
                    for name, wrong in _wrong(value, shape):
                        yield Mutation(
                            resource=resource,
                            source="api",
                            kind=name,
                            path=_plain_path(path),
                            inputs=_with(resource.inputs, path, wrong),
                        )


def _other(value: Value) -> Any:
    match value:
        case bool():
            return not value
        case float() | int():
            return value + 1
        case str() if value.isdigit():
            return str(int(value) + 1)
        case str():
            return f"{value}q"
    return None


def _shape_at(service: str, operation: str, place: tuple[Any, ...]) -> Any:
    model = service_model(service)
    name = _Session().client(service, "").meta.method_to_api_mapping[operation]
    shape = model.operation_model(name).input_shape
    for step in place:
        match shape.type_name:
            case "structure":
                shape = shape.members[step]
            case "list":
                shape = shape.member
            case "map":
                shape = shape.value
    return shape


def _wrong(value: Value, shape: Any) -> Iterator[tuple[str, Any]]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name == "string" and isinstance(value, str):
        if shape.enum:
            yield "enum", "NotAValue"
            return
        yield from _wrong_texts(value, shape.metadata.get("pattern"), least, most, whole=True)
    elif shape.type_name in {"integer", "long", "float", "double"}:
        yield from _wrong_numbers(value, least, most)


def _wrong_texts(
    value: str, pattern: str | None, least: int | None, most: int | None, *, whole: bool
) -> Iterator[tuple[str, str]]:
    if pattern and (text := _violating(value, pattern, whole=whole)) is not None:
        yield "pattern", text
    if least:
        yield "shortest", value[: least - 1]
    if most is not None and most < _LONGEST:
        yield "longest", (value or "a").ljust(most + 1, (value or "a")[-1])


def _wrong_numbers(
    value: Value, least: float | None, most: float | None
) -> Iterator[tuple[str, Any]]:
    as_sent = str if isinstance(value, str) else float
    if least is not None:
        # -1 is the official provider's word for "no limit" in some places.
        yield "minimum", as_sent(int(least) - (1 if least else 2))
    if most is not None and most < 2**53:
        yield "maximum", as_sent(int(most) + 1)


def _violating(value: str, pattern: str, *, whole: bool) -> str | None:
    """A text that a pattern does not match; None where there seems to be none.

    Patterns of the API without anchors mean the whole text, those of JSON Schema a part of it.
    """
    try:
        found = regex.compile(pattern.replace(r"\p{Graph}", r"\x21-\x7e"), regex.DOTALL)
    except regex.error:
        return None
    anchored = pattern.startswith("^") or pattern.endswith("$")
    matches = found.fullmatch if whole and not anchored else found.search
    candidates = (*(value + strange for strange in _STRANGE if strange), *_STRANGE, value.upper())
    return next((text for text in candidates if not matches(text)), None)


# --- what CloudFormation allows


def _by_schema(resource: Planned) -> Iterator[Mutation]:
    kind = cloudformation_type(resource.token)
    if not kind:
        return
    entry = RESOURCES.get(resource.token, TemplateResource())
    template = translate(resource.inputs, entry, kind, lambda name: resource_schema(name, _REGION))
    if template is None:
        return
    inputs = {_shown(path): (path, value) for path, value in _walk(resource.inputs)}
    for place, shown in template.places.items():
        logical, _, *members = place
        schema = resource_schema(template.resources[logical]["Type"], _REGION)
        if schema is None:
            continue
        parts = _parts_at(schema, members)
        if shown in inputs and not template.is_unknown(place):
            path, value = inputs[shown]
            for name, wrong in _wrong_by(parts, value):
                yield _of_schema(resource, name, path, _with(resource.inputs, path, wrong))
        yield from _wrong_lists(resource, parts, shown)
    yield from _dependencies(resource, template)


def _of_schema(resource: Planned, kind: str, path: tuple[Any, ...], inputs: Properties) -> Mutation:
    return Mutation(
        resource=resource,
        source="cloudformation",
        kind=kind,
        path=_plain_path(path),
        inputs=inputs,
    )


def _parts(schema: Any, root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A subschema and what holds beside it without a choice."""
    if not isinstance(schema, Mapping):
        return
    yield schema
    if "$ref" in schema:
        found: Any = root
        for name in schema["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        yield from _parts(found, root)
    for item in schema.get("allOf", ()):
        yield from _parts(item, root)


def _parts_at(root: Mapping[str, Any], members: Iterable[Any]) -> list[Mapping[str, Any]]:
    parts = list(_parts(root, root))
    for member in members:
        below = []
        for part in parts:
            if isinstance(member, int):
                below.append(part.get("items"))
            else:
                below.append(part.get("properties", {}).get(member))
                below += list(part.get("patternProperties", {}).values())
        parts = [inner for item in below for inner in _parts(item, root)]
    return parts


def _wrong_by(parts: Iterable[Mapping[str, Any]], value: Value) -> Iterator[tuple[str, Any]]:
    for part in parts:
        if any(word in part for word in ("enum", "enumCaseInsensitive", "const")):
            yield "enum", "NotAValue" if isinstance(value, str) else -77.0
            continue
        if isinstance(value, str) and "array" not in part.get("type", ()):
            yield from _wrong_texts(
                value,
                part.get("pattern"),
                part.get("minLength"),
                part.get("maxLength"),
                whole=False,
            )
        if not isinstance(value, bool):
            yield from _wrong_numbers(value, part.get("minimum"), part.get("maximum"))


def _wrong_lists(
    resource: Planned, parts: Iterable[Mapping[str, Any]], shown: str
) -> Iterator[Mutation]:
    """Lists that are too short or too long, or name something twice."""
    path = _list_path(resource.inputs, shown)
    if path is None:
        return
    held: Any = resource.inputs
    for step in path:
        held = plain(held)[step]
    items = _unsecret(held)
    for part in parts:
        least, most = part.get("minItems"), part.get("maxItems")
        if least:
            yield _of_schema(
                resource, "fewest", path, _with(resource.inputs, path, items[: least - 1])
            )
        if most is not None and most < _MOST_ITEMS and items:
            longer = [items[0]] * (most + 1)
            yield _of_schema(resource, "most", path, _with(resource.inputs, path, longer))
        known = items and not contains_unknown(items)
        if part.get("uniqueItems") and known:
            twice = [*items, items[0]]
            yield _of_schema(resource, "unique", path, _with(resource.inputs, path, twice))


def _list_path(inputs: Properties, shown: str) -> tuple[Any, ...] | None:
    pending: list[tuple[tuple[Any, ...], Value]] = [((), inputs)]
    while pending:
        path, value = pending.pop()
        value = plain(value)
        if isinstance(value, list):
            if _shown(path) == shown:
                return path
            pending += [((*path, index), item) for index, item in enumerate(value)]
        elif isinstance(value, dict):
            pending += [((*path, key), item) for key, item in value.items()]
    return None


def _dependencies(resource: Planned, template: Any) -> Iterator[Mutation]:
    """Members that must, or must not, stand beside others."""
    objects = {place[:-1] for place in template.places} | {
        (logical, "Properties") for logical in template.resources
    }
    for place in sorted(objects, key=repr):
        logical, _, *members = place
        if logical in template.partial:
            continue
        schema = resource_schema(template.resources[logical]["Type"], _REGION)
        parts = _parts_at(schema or {}, members)
        present = {
            other[len(place)]: other
            for other in template.places
            if other[: len(place)] == place and len(other) == len(place) + 1
        }
        for part in parts:
            for kind, member in _needed(part, set(present)):
                path = _path_of(resource.inputs, template.places[present[member]])
                if path is None or _is_replaced(resource, path, place):
                    continue
                yield _of_schema(resource, kind, path, _with(resource.inputs, path, ...))


def _is_replaced(resource: Planned, path: tuple[Any, ...], place: tuple[Any, ...]) -> bool:
    """Return whether an input is valid without a property.

    The official provider fills it in, or the object of the template is gone with it.
    """
    facts = _spec().find(resource.token)
    if facts and len(path) == 1:
        named = facts.naming is not None and facts.naming.prop == path[0]
        if named or path[0] in facts.defaults:
            return True
    entry = RESOURCES.get(resource.token, TemplateResource())
    without = translate(
        _with(resource.inputs, path, ...),
        entry,
        cloudformation_type(resource.token),
        lambda name: resource_schema(name, _REGION),
    )
    held: Any = without.resources if without else {}
    for step in place:
        try:
            held = held[step]
        except (KeyError, IndexError):
            return True
    return False


@cache
def _spec() -> Spec:
    return Spec.load(ensure_spec("aws"))


def _needed(part: Mapping[str, Any], present: set[Any]) -> Iterator[tuple[str, Any]]:
    for member in part.get("required", ()):
        if member in present:
            yield "required", member
    for member, others in part.get("dependentRequired", {}).items():
        if member in present:
            yield from (("dependent", other) for other in others if other in present)
    for names in part.get("requiredXor", ()) and [part["requiredXor"]]:
        chosen = present & set(names)
        if len(chosen) == 1:
            yield "one of", next(iter(chosen))


def _path_of(inputs: Properties, shown: str) -> tuple[Any, ...] | None:
    """The path of a property (not of an item of a list) by how it is shown."""
    pending: list[tuple[tuple[Any, ...], Value]] = [((), inputs)]
    while pending:
        path, value = pending.pop()
        if path and _shown(path) == shown and isinstance(path[-1], str):
            return path
        value = plain(value)
        if isinstance(value, dict):
            pending += [((*path, key), item) for key, item in value.items()]
        elif isinstance(value, list):
            pending += [((*path, index), item) for index, item in enumerate(value)]
    return None
