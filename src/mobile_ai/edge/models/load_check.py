"""First load of a model, in a separate process with bounds on memory and time.

A model is a program. One that crashes the runtime or allocates terabytes must not crash the
server, so its first load and its self-test run elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from mobile_ai.delivery.client.selftest import run_apart
from mobile_ai.delivery.errors import SelfTestError

_FORMAT: Final = "onnx"


class Prover:
    """Runs models in another process, and remembers the files that loaded."""

    def __init__(self) -> None:
        """Start with no proven file."""
        self._proven: set[str] = set()

    def answers(
        self, path: Path, format_: str, cases: Sequence[dict[str, Any]]
    ) -> list[list[float]]:
        """Return answers to a self-test; a ``mobile_ai.delivery.client.selftest.Runner``.

        Raises:
            SelfTestError: If it has another format, or its process fails.
        """
        if format_ != _FORMAT:
            raise SelfTestError(
                path.name,
                got=f"format {format_}",
                expected=f"format {_FORMAT}: what this server runs",
                next_step="release an ONNX variant for this place",
            )
        found = run_apart(path, format_, cases)
        self._proven.add(path.name)
        return found

    def require(self, path: Path) -> None:
        """Load a file once in another process, unless it was loaded before.

        Args:
            path: The file, named by its digest.

        Raises:
            SelfTestError: If it cannot be loaded within the bounds.
        """
        if path.name not in self._proven:
            self.answers(path, _FORMAT, ())
