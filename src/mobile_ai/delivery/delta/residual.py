"""Context-adaptive coding of differences of integer weights.

Fine-tuning changes the weights of some channels often and of others hardly at all. Each
difference is therefore coded in the context of recent changes in its column and in its row: one
bit for "changed", one for the sign, then one for each step of magnitude beyond the first.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, MutableSequence
from typing import Final

from mobile_ai.delivery.delta.rangecoder import Decoder, Encoder, Model

_START: Final = 64
_SHIFT: Final = 5  # an activity is a mean over about 2**5 weights
_CAP: Final = 15  # differences above count as this in an activity
_LEVELS: Final = 16
_STEPS: Final = 6  # contexts of magnitude steps; further steps share the last
# floor(2 log2(1 + activity / 4)), at most 15: in integers, so that every client computes the same.
_LEVEL: Final = tuple(
    min(_LEVELS - 1, ((4 + activity) ** 2 >> 4).bit_length() - 1)
    for activity in range((_CAP << 8) + 1)
)

_Bit = Callable[[Model, int], int]


class _Contexts:
    """Models of one tensor's differences."""

    __slots__ = ("moved", "sign", "step")

    def __init__(self) -> None:
        self.moved = [[Model() for _ in range(_LEVELS)] for _ in range(_LEVELS)]
        self.sign = [[Model() for _ in range(3)] for _ in range(3)]
        self.step = [[Model() for _ in range(_LEVELS)] for _ in range(_STEPS)]


def encode(differences: list[int], columns: int, limit: int) -> bytes:
    """Return the coded differences.

    Args:
        differences: Integers from ``-limit`` to ``limit``, row by row.
        columns: Length of a row.
        limit: Largest magnitude; further steps are not coded.
    """
    encoder = Encoder()

    def put(model: Model, bit: int) -> int:
        encoder.put(model, bit)
        return bit

    _Walk(put, columns, limit).over(differences)
    return encoder.finish()


def decode(
    data: bytes | memoryview, count: int, columns: int, limit: int, *, piece: int = 1 << 16
) -> Iterator[array[int]]:
    """Yield ``count`` differences in pieces; any bytes decode to something (see ``encode``)."""
    decoder = Decoder(data)
    walk = _Walk(lambda model, _: decoder.get(model), columns, limit)
    for start in range(0, count, piece):
        differences = array("h", bytes(2 * min(piece, count - start)))
        walk.over(differences)
        yield differences


class _Walk:
    """Visits differences in order; ``bit`` encodes the given bit, or returns the decoded one.

    Encoder and decoder share this walk, since their contexts must be identical.
    """

    __slots__ = ("_activity", "_bit", "_column", "_contexts", "_limit", "_row", "_signs")

    def __init__(self, bit: _Bit, columns: int, limit: int) -> None:
        """Start before the first difference."""
        self._bit, self._limit, self._contexts = bit, limit, _Contexts()
        self._activity, self._signs = [_START] * columns, [0] * columns
        self._column, self._row = 0, (_START, 0)

    def over(self, differences: MutableSequence[int]) -> None:
        """Visit the next differences."""
        bit, contexts, limit = self._bit, self._contexts, self._limit
        activity, signs, column = self._activity, self._signs, self._column
        row_activity, row_sign = self._row
        for at, value in enumerate(differences):
            here, size = activity[column], 0
            level = _LEVEL[here]
            if bit(contexts.moved[level][_LEVEL[row_activity]], value != 0):
                sign = contexts.sign[signs[column]][row_sign]
                row_sign = signs[column] = 1 + bit(sign, value > 0)
                size = _size(bit, contexts.step, abs(value), level=level, limit=limit)
                differences[at] = size if row_sign == 2 else -size  # noqa: PLR2004
            seen = min(size, _CAP) << 8
            activity[column] = here + ((seen - here) >> _SHIFT)
            row_activity += (seen - row_activity) >> _SHIFT
            column += 1
            if column == len(activity):
                column, row_activity, row_sign = 0, _START, 0
        self._column, self._row = column, (row_activity, row_sign)


def _size(bit: _Bit, models: list[list[Model]], size: int, *, level: int, limit: int) -> int:
    found = 1
    while found < limit and bit(models[min(found, _STEPS) - 1][level], size > found):
        found += 1
    return found
