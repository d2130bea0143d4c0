"""Signed releases as a source of models: the same client as on phones."""

from __future__ import annotations

from typing import Protocol

from delivery.client import Outcome, update
from edge.models.prove import Prover
from edge.models.shelf import PATIENCE_SECONDS, Shelf

__all__ = ["ReleaseSource", "Source"]


class Source(Protocol):
    """What fills a shelf."""

    def check(self) -> Outcome:
        """Look for something newer and install it; blocks. What goes wrong is in the outcome."""


class ReleaseSource:
    """The releases of a ring."""

    def __init__(self, shelf: Shelf, prover: Prover, *, brought: Source | None = None) -> None:
        """Ask for nothing yet.

        Args:
            shelf: What to fill.
            prover: What runs self-tests.
            brought: What the image brought, for a first start that waits for no network.
        """
        self._shelf, self._prover, self._brought = shelf, prover, brought

    def check(self) -> Outcome:
        """Check for an update; see ``Source``."""
        if self._brought is not None and not self._shelf.is_used():
            outcome = self._brought.check()
            if outcome.word == "installed":
                return outcome
        return update(self._shelf.device, run=self._prover.answers, patience=PATIENCE_SECONDS)
