"""The page of all settings, generated from :mod:`mobile_ai.edge.settings`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mobile_ai.edge.settings import ServerSettings

__all__ = ["settings_page"]

_HEAD = """# Settings of the edge server

Generated from `src/mobile_ai/edge/settings.py` by `make docs`.
What they mean together is in [edge.md](edge.md).
`[]` stands for an item of a list; required means: where its section is given. A file with any other
field is refused.

| setting | default | meaning |
|---|---|---|
"""


def settings_page() -> str:
    """Return the page, Markdown."""
    return _HEAD + "".join(f"{line}\n" for line in _lines(ServerSettings, ""))


def _lines(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner = _model_in(field.annotation)
        listed = "[]" if "tuple" in str(field.annotation) and inner is not None else ""
        path = f"{prefix}{name}{listed}"
        if inner is not None:
            yield from _lines(inner, f"{path}.")
        else:
            yield f"| `{path}` | {_default(field)} | {field.description or ''} |"


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the section that a field holds: itself, optionally, or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    return "none" if value in (None, {}, ()) else f"`{value}`"
