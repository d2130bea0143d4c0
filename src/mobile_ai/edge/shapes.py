"""Shapes of inputs that a model has taken, to tell a client's mistake from the model's.

A size that is free in a file (a sequence's length, a picture's height) need not be free in its
operators. A runtime refuses such a request with the same errors as a broken model, so an error
counts against the model only if the shape is known to work.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from numpy.typing import NDArray

_MOST: Final = 1024  # remembered; the one that was not asked for longest goes first
_ANY: Final = -1
_Shape = tuple[tuple[int, ...], ...]


class Shapes:
    """The shapes that worked, of one model, without the axis of the batch.

    Attributes:
        names: The model's inputs.
        first: The first axis that counts: 1 where the batch comes before it.
        found: What worked, the newest last.
    """

    def __init__(
        self,
        inputs: Mapping[str, tuple[int, ...]],
        *,
        batchable: bool,
        before: Shapes | None = None,
    ) -> None:
        """Start with the shapes that the version before has taken, if there was one.

        Args:
            inputs: Shape by name of input, as the model declares it.
            batchable: Whether the first axis of every input is the batch.
            before: The shapes of the version that this one replaces.
        """
        self.names = list(inputs)
        self.first = 1 if batchable else 0
        self._fixed = all(_ANY not in shape[self.first :] for shape in inputs.values())
        self.found: dict[_Shape, None] = {}
        if before is not None and (before.names, before.first) == (self.names, self.first):
            self.found.update(before.found)

    def worked(self, inputs: Mapping[str, NDArray[Any]]) -> None:
        """Remember the shapes of a call that succeeded."""
        if self._fixed:
            return
        shape = self._of(inputs)
        self.found.pop(shape, None)
        self.found[shape] = None
        if len(self.found) > _MOST:
            del self.found[next(iter(self.found))]

    def known(self, inputs: Mapping[str, NDArray[Any]]) -> bool:
        """Return whether the model should take these shapes: they are its only ones, or worked."""
        return self._fixed or self._of(inputs) in self.found

    def _of(self, inputs: Mapping[str, NDArray[Any]]) -> _Shape:
        return tuple(inputs[name].shape[self.first :] for name in self.names)
