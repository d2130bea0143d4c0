"""The object that calls are about: what is known of it while they run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.providers.values import Secret, Special, Unknown, Value

__all__ = ["Subject", "bare"]


@dataclass(kw_only=True)
class Subject:
    """One object.

    Attributes:
        urn: Its URN.
        props: Its properties without wrappers of secrets; integers are still floats.
        facts: ``account``, ``region``, ``partition``, ``mark``.
        known: Outputs in the state.
        id: Its physical id, empty before it is known.
        answer: What the API said last.
    """

    urn: str
    props: Mapping[str, Any]
    facts: Mapping[str, str]
    known: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    answer: Any = None

    def value(self, name: str) -> Any:
        """What a field of a text stands for; None when nothing does."""
        if name == "id":
            return self.id or None
        head, _, rest = name.partition(".")
        for source in (self.props, self.facts, self.known):
            found = source.get(head)
            if found is not None:
                return _inside(found, rest) if rest else found
        return None


def bare(value: Value) -> Any:
    """A value as plain Python: no secrets, no unknowns; assets stay what they are."""
    match value:
        case Secret(inside):
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
