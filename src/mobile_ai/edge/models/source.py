"""Sources of models; signed releases through the same client as on phones."""

from __future__ import annotations

from typing import Protocol

from mobile_ai.delivery.client import UpdateOutcome, update
from mobile_ai.edge.models.load_check import Prover
from mobile_ai.edge.models.model_store import PATIENCE_SECONDS, Shelf


class Source(Protocol):
    """A source of new versions for a shelf."""

    def check(self) -> UpdateOutcome:
        """Check for a newer version and install it; blocks. Errors are outcomes."""


class ReleaseSource:
    """Signed releases of a ring."""

    def __init__(self, shelf: Shelf, prover: Prover, *, brought: Source | None = None) -> None:
        """Keep the arguments; nothing is fetched yet.

        Args:
            shelf: Destination of the model.
            prover: Runner of self-tests.
            brought: Source of the image's model, for a first start without the network.
        """
        self._shelf, self._prover, self._brought = shelf, prover, brought

    def check(self) -> UpdateOutcome:
        """Check for an update; see ``Source``."""
        if self._brought is not None and not self._shelf.is_used():
            outcome = self._brought.check()
            if outcome.word == "installed":
                return outcome
        return update(self._shelf.device, run=self._prover.answers, patience=PATIENCE_SECONDS)
