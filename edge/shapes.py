"""Shapes of inputs that a model has taken, to tell a client's mistake from the model's.

A size that is free in a file (a sequence's length, a picture's height) need not be free in its
operators. A runtime refuses such a request with the same errors as a broken model, so an error
counts against the model only if the shape is known to work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from edge.serving import ServedModel, Tensors

__all__ = ["Shapes"]

_MOST: Final = 1024  # remembered; the one that was not asked for longest goes first
_ANY: Final = -1
Shape = tuple[tuple[int, ...], ...]


class Shapes:
    """The shapes that worked, of one model, without the axis of the batch.

    Attributes:
        names: The model's inputs.
        first: The first axis that counts: 1 where the batch comes before it.
        found: What worked, the newest last.
    """

    def __init__(self, model: ServedModel, *, before: Shapes | None = None) -> None:
        """Know what the version before has taken, if there was one."""
        self.names = [spec.name for spec in model.inputs]
        self.first = 1 if model.batchable else 0
        self._fixed = all(_ANY not in spec.shape[self.first :] for spec in model.inputs)
        self.found: dict[Shape, None] = {}
        if before is not None and (before.names, before.first) == (self.names, self.first):
            self.found.update(before.found)

    def worked(self, inputs: Tensors) -> None:
        """Remember the shapes of a call that succeeded."""
        if self._fixed:
            return
        shape = self._of(inputs)
        self.found.pop(shape, None)
        self.found[shape] = None
        if len(self.found) > _MOST:
            del self.found[next(iter(self.found))]

    def known(self, inputs: Tensors) -> bool:
        """Return whether the model should take these shapes: they are its only ones, or worked."""
        return self._fixed or self._of(inputs) in self.found

    def _of(self, inputs: Tensors) -> Shape:
        return tuple(inputs[name].shape[self.first :] for name in self.names)
