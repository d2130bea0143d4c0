"""Failures of properties, and the exception that becomes a gRPC status."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Failure:
    """One invalid property.

    Attributes:
        path: Property path, such as ``rules[0].prefix``; empty for the whole resource.
        reason: Subject, got, expected and, where it helps, the next step.
    """

    path: str
    reason: str


class ProviderError(Exception):
    """A refused request.

    Attributes:
        code: Name of the gRPC status code.
    """

    def __init__(self, message: str, *, code: str = "INVALID_ARGUMENT") -> None:
        """Store the message and the code."""
        super().__init__(message)
        self.code = code


def suggestion(word: str, choices: Iterable[str]) -> str:
    """Return ``"; did you mean X?"`` if one of the choices is close, else an empty text."""
    close = get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return f"; did you mean `{close[0]}`?" if close else ""
