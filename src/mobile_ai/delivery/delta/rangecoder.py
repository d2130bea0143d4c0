"""Adaptive binary range coder.

The coder is LZMA's (I. Pavlov, public domain): 32-bit range with carry propagation. A
probability is the mean of a fast and a slow 16-bit estimate; both adapt quickly at first, so that
short tensors are learned too.
"""

from __future__ import annotations

from typing import Final

_TOP: Final = 1 << 24
_MASK: Final = 0xFFFFFFFF
_CARRY: Final = 0xFF000000  # from here on a carry may still change the bytes before
_ONE: Final = 1 << 16
_FAST: Final = 4  # adaptation shifts of the two estimates; a larger shift adapts more slowly
_SLOW: Final = 7
_GROWTH: Final = tuple((seen + 2).bit_length() - 1 for seen in range(1 << _SLOW))


class Model:
    """Adaptive probability that the next bit of a context is one."""

    __slots__ = ("fast", "seen", "slow")

    def __init__(self) -> None:
        """Start with probability one half."""
        self.fast = self.slow = _ONE >> 1
        self.seen = 0

    def chance(self) -> int:
        """Return the probability of a one in 1/4096, between 1 and 4095."""
        return min(max((self.fast + self.slow) >> 5, 1), 4095)

    def learn(self, bit: int) -> None:
        """Update both estimates with a bit."""
        growth = _GROWTH[self.seen]
        if self.seen < len(_GROWTH) - 1:
            self.seen += 1
        target = _ONE - 1 if bit else 0
        self.fast += (target - self.fast) >> min(growth, _FAST)
        self.slow += (target - self.slow) >> growth


class Encoder:
    """Encodes bits under adaptive models."""

    __slots__ = ("_cache", "_low", "_out", "_pending", "_range")

    def __init__(self) -> None:
        """Start with an empty output."""
        self._low, self._range = 0, _MASK
        self._cache, self._pending = 0, 0
        self._out = bytearray()

    def put(self, model: Model, bit: int) -> None:
        """Encode one bit and update its model."""
        bound = (self._range >> 12) * model.chance()
        if bit:
            self._range = bound
        else:
            self._low += bound
            self._range -= bound
        model.learn(bit)
        while self._range < _TOP:
            self._range = (self._range << 8) & _MASK
            self._shift()

    def finish(self) -> bytes:
        """Flush the coder and return all bytes; nothing may be put afterwards."""
        for _ in range(5):
            self._shift()
        # The first byte is the empty cache. A decoder reads zeros past the end, so they are cut.
        return bytes(self._out[1:]).rstrip(b"\0")

    def _shift(self) -> None:
        if self._low < _CARRY or self._low > _MASK:
            carry = self._low >> 32
            self._out.append((self._cache + carry) & 0xFF)
            self._out.extend(((0xFF + carry) & 0xFF,) * self._pending)
            self._cache, self._pending = (self._low >> 24) & 0xFF, 0
        else:
            self._pending += 1
        self._low = (self._low << 8) & _MASK


class Decoder:
    """Decodes bits under adaptive models; every byte sequence decodes to something."""

    __slots__ = ("_at", "_code", "_data", "_range")

    def __init__(self, data: bytes | memoryview) -> None:
        """Read the first four bytes; bytes missing at the end count as zeros."""
        self._data, self._at = data, 4
        self._code = int.from_bytes(bytes(data[:4]).ljust(4, b"\0"), "big")
        self._range = _MASK

    def get(self, model: Model) -> int:
        """Decode one bit and update its model."""
        bound = (self._range >> 12) * model.chance()
        if self._code < bound:
            self._range = bound
            bit = 1
        else:
            self._code -= bound
            self._range -= bound
            bit = 0
        model.learn(bit)
        while self._range < _TOP:
            at = self._at
            byte = self._data[at] if at < len(self._data) else 0
            self._at = at + 1
            self._range = (self._range << 8) & _MASK
            self._code = ((self._code << 8) | byte) & _MASK
        return bit
