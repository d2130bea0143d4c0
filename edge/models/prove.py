"""Loading a model where it may fail: in a process of its own, with bounds on memory and time.

A model is a program. One that takes the runtime down, or asks for terabytes, must not take the
server with it, so its first load and its self-test happen elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from delivery.client.selftest import run_apart
from delivery.errors import SelfTestError

__all__ = ["Prover"]

_FORMAT: Final = "onnx"


class Prover:
    """Runs models apart, and remembers which files came through in this process's life."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._proven: set[str] = set()

    def answers(
        self, path: Path, format_: str, cases: Sequence[dict[str, Any]]
    ) -> list[list[float]]:
        """Return a model's answers to its self-test (a ``delivery.client.selftest.Runner``).

        Raises:
            SelfTestError: If it is of another format, or ends in any other way than with answers.
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
        """Load a file once apart, unless it was.

        Args:
            path: The file, named by its digest.

        Raises:
            SelfTestError: If it cannot be loaded within the bounds.
        """
        if path.name not in self._proven:
            self.answers(path, _FORMAT, ())
