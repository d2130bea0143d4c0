"""Checks inputs against the types of the installed SDK recursively; unknown values pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from mobile_ai.sandbox.providers.errors import Failure, suggestion
from mobile_ai.sandbox.providers.spec import Fields, Shape
from mobile_ai.sandbox.providers.values import Special, Unknown, Value, plain

_MAX_LISTED: Final = 12
_LEAVES: Final[Mapping[str, Callable[[Value], bool]]] = {
    "any": lambda _: True,
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    # A protobuf Struct has no integers: 5 arrives as 5.0.
    "integer": lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer()
    ),
    "asset": lambda value: isinstance(value, Special),
}


def check_fields(
    values: Mapping[str, Value],
    fields: Fields,
    objects: Mapping[str, Fields],
    *,
    owner: str,
    path: str = "",
) -> Iterator[Failure]:
    """Yield every property that is unknown to the SDK, missing, or of the wrong type.

    Args:
        values: The inputs, as decoded from the engine.
        fields: Property to ``(shape, required)``.
        objects: Nested object types by key.
        owner: Type to name in messages.
        path: Property path of ``values`` itself.
    """
    for name, value in values.items():
        if name.startswith("__"):  # internal keys of the engine and the bridge
            continue
        here = f"{path}.{name}" if path else name
        if name in fields:
            yield from _check_value(value, fields[name][0], objects, path=here)
        else:
            yield _unknown_property(name, here, fields, owner)
    for name, (shape, required) in fields.items():
        if required and values.get(name) is None:
            here = f"{path}.{name}" if path else name
            yield Failure(
                here,
                f"`{here}` of {owner} is missing: got nothing, expected {describe(shape)}; set it",
            )


def describe(shape: Shape) -> str:
    """Return a shape in words."""
    if isinstance(shape, str):
        return {"any": "any value", "asset": "an asset or archive"}.get(shape, f"a {shape}")
    kind, inner = shape
    if kind == "list":
        return f"a list, each item {describe(inner)}"
    if kind == "map":
        return f"a map, each value {describe(inner)}"
    if kind == "object":
        return f"an object ({inner.rsplit('.', 1)[-1]})"
    if kind == "const":
        return "one of " + ", ".join(repr(item) for item in inner)
    return " or ".join(describe(item) for item in inner)


def _check_value(
    value: Value, shape: Shape, objects: Mapping[str, Fields], *, path: str
) -> Iterator[Failure]:
    value = plain(value)
    if value is None or isinstance(value, Unknown) or _is_reference(value):
        return
    if isinstance(shape, str):
        if not _LEAVES[shape](value):
            yield _wrong_type(value, shape, path)
        return
    kind, inner = shape
    if kind == "one":
        yield from _check_choice(value, inner, objects, path=path)
    elif kind in {"list", "map", "object"} and isinstance(value, list if kind == "list" else dict):
        yield from _check_inside(value, shape, objects, path=path)
    elif kind != "const" or value not in inner:
        yield _wrong_type(value, shape, path)


def _check_inside(
    value: list[Value] | dict[str, Value], shape: Shape, objects: Mapping[str, Fields], *, path: str
) -> Iterator[Failure]:
    kind, inner = shape
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _check_value(item, inner, objects, path=f"{path}[{index}]")
    elif kind == "map":
        for key, item in value.items():
            yield from _check_value(item, inner, objects, path=f"{path}.{key}")
    else:
        owner = inner.rsplit(".", 1)[-1]
        yield from check_fields(value, objects[inner], objects, owner=owner, path=path)


def _is_reference(value: Value) -> bool:
    """Return whether a value is a resource reference, which the engine has checked."""
    return isinstance(value, Special) and value.kind == "resource"


def _check_choice(
    value: Value, shapes: list[Shape], objects: Mapping[str, Fields], *, path: str
) -> Iterator[Failure]:
    """Check a union: accept any matching member, else report the closest member's failures."""
    complaints = [list(_check_value(value, shape, objects, path=path)) for shape in shapes]
    if any(not found for found in complaints):
        return
    deeper = [found for found in complaints if found[0].path != path]
    if deeper:
        yield from min(deeper, key=len)
    else:
        yield _wrong_type(value, ["one", shapes], path)


def _unknown_property(name: str, here: str, fields: Fields, owner: str) -> Failure:
    listed = ", ".join(sorted(fields)[:_MAX_LISTED])
    more = ", ..." if len(fields) > _MAX_LISTED else ""
    return Failure(
        here,
        f"`{here}` is not a property of {owner}: got `{name}`, expected one of "
        f"{listed}{more}{suggestion(name, fields)}",
    )


def _wrong_type(value: Value, shape: Shape, path: str) -> Failure:
    return Failure(
        path,
        f"`{path}` has the wrong type: got {_sketch(value)}, expected {describe(shape)}",
    )


def _sketch(value: Value) -> str:
    """Return the kind of a value without its content, which may be a secret."""
    match value:
        case bool():
            return "a boolean"
        case int() | float():
            return "a number" if not float(value).is_integer() else "an integer"
        case str():
            return "a string"
        case list():
            return f"a list of {len(value)}"
        case dict():
            return "an object"
        case _:
            return "an asset or archive"
