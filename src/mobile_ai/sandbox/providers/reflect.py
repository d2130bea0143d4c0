"""Builds the spec of a provider from the installed SDK and the maintained table.

Run once per SDK version and cached: it imports the SDK's namespaces, which takes seconds.
"""

from __future__ import annotations

import collections.abc
import enum
import importlib
import inspect
import json
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from mobile_ai.sandbox.providers.spec import Shape

_PRIMITIVES: dict[object, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    Any: "any",
}


def load_table(path: Path) -> dict[str, Any]:
    """Return a type table: ``{"types": {token: entry}, ...}``."""
    table: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return table


def build_spec(package: str, version: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """Join the table with the SDK's shapes.

    Args:
        package: Import name of the SDK, ``pulumi_aws`` or ``pulumi_kubernetes``.
        version: Its version, stored in the result.
        table: Result of ``load_table``.

    Raises:
        LookupError: A token of the table is not in the SDK.
    """
    reader = SdkReader()
    classes = registered_classes(package)
    entries = {
        token: reader.resource(_resource_class(token, classes)) | dict(entry or {})
        for token, entry in table["types"].items()
    }
    provider = importlib.import_module(f"{package}.provider").ProviderArgs
    return {
        "version": version,
        "types": {token: _with_naming(entry) for token, entry in entries.items()},
        "config": reader.fields(provider),
        "objects": reader.objects,
        "extra": {key: value for key, value in table.items() if key != "types"}
        | _EXTRAS[package](classes),
    }


def registered_classes(package: str) -> dict[str, tuple[str, str]]:
    """Return type token to (module, class), from the SDK's own registration list."""
    source = inspect.getsource(importlib.import_module(package))
    text = source.split('resource_modules="""', 1)[1].split('"""', 1)[0]
    return {
        token: (module["fqn"], name)
        for module in json.loads(text)
        for token, name in module["classes"].items()
    }


def _regions(_: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    regions = importlib.import_module("pulumi_aws._enums").Region
    return {"regions": sorted(region.value for region in regions)}


def _api_groups(classes: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    return {"groups": sorted({token.split(":")[1].rsplit("/", 1)[0] for token in classes})}


_EXTRAS = {"pulumi_aws": _regions, "pulumi_kubernetes": _api_groups}


def _resource_class(token: str, classes: Mapping[str, tuple[str, str]]) -> type:
    if token not in classes:
        raise LookupError(f"type table names {token}, which the installed SDK does not have")
    module, name = classes[token]
    found: type = getattr(importlib.import_module(module), name)
    return found


def _with_naming(entry: dict[str, Any]) -> dict[str, Any]:
    """Enable autonaming for every type with an optional, always-present text ``name``.

    That is the rule of the official bridge; a table entry overrides or (``naming: null``) disables
    it.
    """
    shape, required = entry["inputs"].get("name", (None, True))
    always = entry["outputs"].get("name", (None, False))[1]
    if "naming" not in entry and shape == "string" and not required and always:
        entry["naming"] = {"prop": "name"}
    elif entry.get("naming") is not None:
        entry["naming"] = {"prop": "name"} | entry["naming"]
    return entry


class SdkReader:
    """Reads shapes from SDK classes and collects the nested object types."""

    def __init__(self) -> None:
        """Start without object types."""
        self.objects: dict[str, dict[str, list[Any]]] = {}

    def resource(self, cls: type) -> dict[str, Any]:
        """Return inputs and outputs of a resource class."""
        return {"inputs": self.fields(_args_class(cls)), "outputs": self._outputs(cls)}

    def fields(self, cls: type) -> dict[str, list[Any]]:
        """Return the properties of an args class: wire name to ``[shape, required]``."""
        required = {
            name
            for name, parameter in inspect.signature(cls).parameters.items()
            if parameter.default is inspect.Parameter.empty
        }
        return {
            wire: [self.shape(hint), int(python in required)]
            for python, wire, hint in _properties(cls)
        }

    def _outputs(self, cls: type) -> dict[str, list[Any]]:
        return {
            wire: [_outline(hint), int(type(None) not in _members(_unwrapped(hint)))]
            for python, wire, hint in _properties(cls)
            if python not in {"id", "urn"}
        }

    def shape(self, hint: Any) -> Shape:
        """Return the shape of a type annotation, without its ``Input``/``Optional`` wrappers."""
        shapes: list[Shape] = []
        for member in _members(hint):
            if not _is_plumbing(member) and (shape := self._single(member)) not in shapes:
                shapes.append(shape)
        if not shapes or "any" in shapes:
            return "any"
        return shapes[0] if len(shapes) == 1 else ["one", shapes]

    def _single(self, hint: Any) -> Shape:
        origin, args = typing.get_origin(hint), typing.get_args(hint)
        if hint in _PRIMITIVES:
            return _PRIMITIVES[hint]
        if origin is typing.Literal:
            return ["const", list(args)]
        if origin in {list, collections.abc.Sequence}:
            return ["list", self.shape(args[0])]
        if origin in {dict, collections.abc.Mapping}:
            return ["map", self.shape(args[1])]
        if not isinstance(hint, type):
            return "any"
        return self._class(hint)

    def _class(self, hint: type) -> Shape:
        if issubclass(hint, enum.Enum):
            return ["const", [member.value for member in hint]]
        if hint.__name__ in {"Asset", "Archive"}:
            return "asset"
        if not hasattr(hint, "_pulumi_input_type"):
            return "any"
        key = f"{hint.__module__}.{hint.__name__}".replace("._inputs", "").split(".", 1)[1]
        if key not in self.objects:
            self.objects[key] = {}  # first, because types such as WAF statements nest themselves
            self.objects[key] = self.fields(hint)
        return ["object", key]


def _args_class(cls: type) -> type:
    """Return the args class of a resource class (``XArgs``, or ``XInitArgs`` in Kubernetes)."""
    module = sys.modules[cls.__module__]
    found: type = getattr(module, f"{cls.__name__}InitArgs", None) or getattr(
        module, f"{cls.__name__}Args"
    )
    return found


def _properties(cls: type) -> Iterator[tuple[str, str, Any]]:
    """Yield Python name, wire name and resolved annotation of each property of a class."""
    # The SDK's ``Input`` alias holds forward references to these two names.
    forward = {"Output": importlib.import_module("pulumi").Output, "T": type(None)}
    names = {**vars(sys.modules[cls.__module__]), **forward}
    for base in cls.__mro__[:-1]:
        for python, member in vars(base).items():
            getter = getattr(member, "fget", None)
            wire = getattr(getter, "_pulumi_name", None)
            if wire is not None:
                hints = typing.get_type_hints(getter, globalns=names)
                yield python, wire, hints["return"]


def _members(hint: Any) -> tuple[Any, ...]:
    origin = typing.get_origin(hint)
    return typing.get_args(hint) if origin in {typing.Union, types.UnionType} else (hint,)


def _is_plumbing(hint: Any) -> bool:
    """Return whether a union member is only a wrapper: an Output, an awaitable or None."""
    origin = typing.get_origin(hint) or hint
    return (
        origin is type(None)
        or origin is collections.abc.Awaitable
        or getattr(origin, "__name__", "") == "Output"
    )


def _unwrapped(hint: Any) -> Any:
    """Return ``X`` of ``Output[X]``."""
    origin = typing.get_origin(hint)
    return typing.get_args(hint)[0] if getattr(origin, "__name__", "") == "Output" else hint


def _outline(hint: Any) -> str:
    """Return the rough kind of an output, sufficient for a typed placeholder."""
    known = [member for member in _members(_unwrapped(hint)) if member is not type(None)]
    origin = typing.get_origin(known[0]) or known[0]
    if origin in _PRIMITIVES:
        return _PRIMITIVES[origin]
    return "list" if origin in {list, collections.abc.Sequence} else "object"
