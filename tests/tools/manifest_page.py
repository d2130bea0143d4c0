"""The tables of fields and operations in ``docs/manifest.md``, generated from the JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from mobile_ai.contracts.manifest import manifest_schema

__all__ = ["manifest_page"]

ROOT: Final = Path(__file__).parents[2]
_PAGE: Final = "docs/manifest.md"
_PATTERNS: Final = {r"^[0-9a-f]{64}$": "SHA-256"}
Schema = Mapping[str, Any]


def manifest_page() -> str:
    """Return the page with its tables written anew."""
    text = (ROOT / _PAGE).read_text("utf-8")
    schema = manifest_schema()
    for name, lines in (("fields", _fields(schema, schema, "")), ("steps", _steps(schema))):
        table = "".join(f"{line}\n" for line in lines)
        text = re.sub(
            rf"(<!-- {name}: .*? -->\n).*?(<!-- end of {name} -->)",
            lambda found, table=table: f"{found[1]}{table}{found[2]}",
            text,
            flags=re.DOTALL,
        )
    return text


def _fields(schema: Schema, top: Schema, prefix: str) -> Iterator[str]:
    if not prefix:
        yield "| field | value | meaning |"
        yield "|---|---|---|"
    needed = schema.get("required", ())
    for name, field in schema["properties"].items():
        parts = list(_parts(field, top))
        inner, listed = parts[0] if parts else (None, False)
        kind = _kind(field, top)
        optional = "" if name in needed else "optional: "
        meaning = field.get("description") or (inner or {}).get("description", "").split("\n")[0]
        path = f"{prefix}{name}{'[]' if listed else ''}"
        yield f"| `{path}` | {optional}{kind} | {meaning} |"
        for part, _ in parts:
            yield from _fields(part, top, f"{path}.")


def _steps(top: Schema) -> Iterator[str]:
    yield "| operation | of | parameters | result |"
    yield "|---|---|---|---|"
    for side in ("preprocessing", "postprocessing"):
        field = top["$defs"]["ModelIO"]["properties"][side]
        for name, reference in _mapping(field).items():
            step = _opened({"$ref": reference}, top)
            given = [
                f"`{key}` {_kind(value, top)}"
                for key, value in step["properties"].items()
                if key not in {"tensor", "operation"}
            ]
            yield f"| `{name}` | {side} | {'; '.join(given) or 'none'} | {step['description']} |"


def _mapping(field: Schema) -> Mapping[str, str]:
    (steps,) = (item for item in field["anyOf"] if item.get("type") == "array")
    found: Mapping[str, str] = steps["items"]["discriminator"]["mapping"]
    return found


def _parts(field: Schema, top: Schema) -> Iterator[tuple[Schema, bool]]:
    """Yield the objects that a field may hold, and whether it holds a list of them."""
    for item in _choices(field):
        listed = item.get("type") == "array"
        inner = _opened(item["items"] if listed else item, top)
        if "properties" in inner and not _is_stated(inner):
            yield inner, listed


def _choices(field: Schema) -> list[Schema]:
    found: list[Schema] = field.get("anyOf") or field.get("oneOf") or [field]
    return [deep for item in found for deep in ([item] if item is field else _choices(item))]


def _is_stated(part: Schema) -> bool:
    return set(part["properties"]) == {"value", "how"}


def _opened(field: Schema, top: Schema) -> Schema:
    reference = field.get("$ref", "")
    found: Schema = top["$defs"][reference.rpartition("/")[2]] if reference else field
    return found


def _kind(field: Schema, top: Schema) -> str:
    kinds = [
        _one(_opened(item, top), top) for item in _choices(field) if item.get("type") != "null"
    ]
    return " or ".join(dict.fromkeys(kinds))


def _one(item: Schema, top: Schema) -> str:
    if "const" in item:
        return f"`{item['const']}`"
    if "enum" in item:
        return ", ".join(f"`{value}`" for value in item["enum"])
    if item.get("type") == "array":
        inner = _opened(item["items"], top)
        return (
            "list" if "properties" in inner or "oneOf" in inner else f"list of {_one(inner, top)}"
        )
    if "properties" in item:
        if _is_stated(item):
            return f"`{{value, how}}` of {_one(item['properties']['value'], top)}"
        return "object"
    return _PATTERNS.get(item.get("pattern", ""), _scalar(item))


def _scalar(item: Schema) -> str:
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "boolean"}
    return words[item["type"]] + _bounds(item)


def _bounds(item: Schema) -> str:
    low = item.get("minimum", item.get("exclusiveMinimum"))
    sign = ">" if "exclusiveMinimum" in item else "from"
    high = f" to {item['maximum']}" if "maximum" in item else ""
    return "" if low is None else f" {sign} {low}{high}"
