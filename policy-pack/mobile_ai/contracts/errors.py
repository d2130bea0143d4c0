"""Errors of this package; each states what failed, what was found and expected, and a next step."""

from __future__ import annotations

from typing import Protocol, Self, TypeVar

from mobile_ai.contracts.printable import printable

Made_co = TypeVar("Made_co", bound=Exception, covariant=True)


class Refusal(Protocol[Made_co]):
    """Makes an error of what was examined, what was found and what would have been accepted."""

    def __call__(self, what: str, got: str, expected: str = ...) -> Made_co:
        """Return the error."""


class GovernanceError(Exception):
    """Base class: an evaluation that failed or was negative.

    Attributes:
        what: The examined value, as a path or a name.
        got: The value found there.
        expected: Accepted values.
        next_step: An action that resolves it.
    """

    def __init__(self, what: str, *, got: str, expected: str, next_step: str) -> None:
        """Keep the four parts and join them into one readable line."""
        line = f"{what}: got {got}; expected {expected}. Next: {next_step}"
        super().__init__(printable(line))
        self.what = what
        self.got = got
        self.expected = expected
        self.next_step = next_step

    @classmethod
    def advising(cls, next_step: str, *, expected: str = "") -> Refusal[Self]:
        """Return a constructor of errors with one next step, and a default for what is expected."""
        return lambda what, got, expected=expected: cls(
            what, got=got, expected=expected, next_step=next_step
        )


class DocumentError(GovernanceError):
    """A document is too large, not well-formed, or has an unexpected structure."""


class ManifestError(DocumentError):
    """A model manifest does not follow its schema."""


class TrustError(GovernanceError):
    """A trust file is invalid; no signature is accepted until it is fixed."""


class VerificationError(GovernanceError):
    """A signed statement does not verify for the required role."""


class EvidenceError(GovernanceError):
    """The evidence of a model version is missing, altered or inconsistent."""
