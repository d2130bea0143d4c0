"""The object that API calls refer to, with everything known about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mobile_ai.sandbox.providers.values import SecretValue, Special, Unknown, Value


@dataclass(kw_only=True)
class ApiSubject:
    """One object.

    Attributes:
        urn: Its URN.
        props: Its properties without secret wrappers; integers are still floats.
        facts: ``account``, ``region``, ``partition``, ``mark``.
        known: Outputs in the state.
        id: Its physical ID, empty until known.
        answer: The last API response.
    """

    urn: str
    props: Mapping[str, Any]
    facts: Mapping[str, str]
    known: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    answer: Any = None

    def value(self, name: str) -> Any:
        """Return the value of a template field; None if there is none."""
        if name == "id":
            return self.id or None
        head, _, rest = name.partition(".")
        for source in (self.props, self.facts, self.known):
            found = source.get(head)
            if found is not None:
                return _inside(found, rest) if rest else found
        return None


def bare(value: Value) -> Any:
    """Return a value as plain Python, without secrets and unknowns; assets are kept."""
    match value:
        case SecretValue(inside):
            return bare(inside)
        case Unknown():
            return None
        case Special():
            return value
        case dict():
            return {key: bare(item) for key, item in value.items() if not key.startswith("__")}
        case list():
            return [bare(item) for item in value]
        case _:
            return value


def _inside(value: Any, path: str) -> Any:
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value
