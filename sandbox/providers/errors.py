"""What goes wrong, as values and as one exception the servicer turns into a gRPC status."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

__all__ = ["Failure", "ProviderError", "suggestion"]


@dataclass(frozen=True, slots=True)
class Failure:
    """One property that is not as it should be.

    Attributes:
        path: Property path, such as ``rules[0].prefix``; empty for the whole resource.
        reason: What, got, expected and, where it helps, the next step.
    """

    path: str
    reason: str


class ProviderError(Exception):
    """A request that is refused.

    Attributes:
        code: Name of the gRPC status code to answer with.
    """

    def __init__(self, message: str, *, code: str = "INVALID_ARGUMENT") -> None:
        """Take the whole message to show, and the code."""
        super().__init__(message)
        self.code = code


def suggestion(word: str, choices: Iterable[str]) -> str:
    """``"; did you mean X?"`` when one of the choices is close, else nothing."""
    close = get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return f"; did you mean `{close[0]}`?" if close else ""
