"""Texts with fields: made from an object's values, and read back from an id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import jmespath  # type: ignore[import-untyped]  # comes with boto3, without types

from mobile_ai.sandbox.providers.aws.api.kind import Given

if TYPE_CHECKING:
    from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject

_FIELD: Final = re.compile(r"\{([A-Za-z][A-Za-z0-9.]*)\}|<([^<>]+)>")


def made(given: Given, subject: ApiSubject) -> Any:
    """The value that an entry of the table stands for; None when it has none.

    A text that is one field alone has the field's own type.
    """
    match given:
        case str():
            return _filled(given, subject)
        case list():
            found = [made(item, subject) for item in given]
            return None if None in found else found
        case dict():
            return {key: made(item, subject) for key, item in given.items()}
        case _:
            return given(subject) if callable(given) else given


def search(path: str, document: Any) -> Any:
    """Return the value at a JMESPath."""
    return document if path == "@" else jmespath.search(path, document)


def unpacked(pattern: Given, text: str) -> dict[str, str]:
    """The fields of a pattern as an id gives them; empty when the id has another form."""
    if not isinstance(pattern, str):
        return {}
    names = _FIELD.findall(pattern)
    if not names or any(path for _, path in names):
        return {}
    parts = _FIELD.split(pattern)[::3]
    groups = [f"(?P<{name}>.+?)" for name, _ in names]
    form = re.escape(parts[0]) + "".join(
        group + re.escape(part) for group, part in zip(groups, parts[1:], strict=True)
    )
    match = re.fullmatch(form, text)
    return match.groupdict() if match else {}


def _filled(text: str, subject: ApiSubject) -> Any:
    whole = _FIELD.fullmatch(text)
    if whole:
        return _value(whole, subject)
    parts = [_value(match, subject) for match in _FIELD.finditer(text)]
    if None in parts:
        return None
    texts = iter(_text(part) for part in parts)
    return _FIELD.sub(lambda _: next(texts), text)


def _value(match: re.Match[str], subject: ApiSubject) -> Any:
    return subject.value(match[1]) if match[1] else search(match[2], subject.answer)


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
