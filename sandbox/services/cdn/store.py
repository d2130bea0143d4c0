"""What the CDN keeps, and what it counts."""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["Copy", "Store"]

_LIMIT_BYTES: Final = 512 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """An object as the origin sent it.

    Attributes:
        headers: Its headers, names in lower case.
        body: The whole object.
        stored: When it was fetched or last confirmed, seconds of a monotonic clock.
        fresh_seconds: How long it may be served without asking.
    """

    headers: Mapping[str, str]
    body: bytes
    stored: float
    fresh_seconds: int


class Store:
    """Copies by distribution and path; the least recently used make way."""

    def __init__(
        self, *, limit_bytes: int = _LIMIT_BYTES, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the room there is, and the clock."""
        self.counts: Counter[str] = Counter()
        self._copies: OrderedDict[tuple[str, str], Copy] = OrderedDict()
        self._bytes = 0
        self._limit_bytes = limit_bytes
        self._now = now

    def find(self, distribution: str, path: str) -> Copy | None:
        """Return the copy of an object, fresh or not."""
        copy = self._copies.get((distribution, path))
        if copy is not None:
            self._copies.move_to_end((distribution, path))
        return copy

    def keep(
        self, distribution: str, path: str, *, headers: Mapping[str, str], body: bytes, seconds: int
    ) -> Copy:
        """Keep an object, or confirm the one that is held, from now on."""
        copy = Copy(headers=headers, body=body, stored=self._now(), fresh_seconds=seconds)
        self.drop(distribution, path)
        self._copies[distribution, path] = copy
        self._bytes += len(body)
        while self._bytes > self._limit_bytes:
            _, oldest = self._copies.popitem(last=False)
            self._bytes -= len(oldest.body)
        return copy

    def drop(self, distribution: str, path: str) -> None:
        """Forget an object."""
        copy = self._copies.pop((distribution, path), None)
        self._bytes -= len(copy.body) if copy else 0

    def age_seconds(self, copy: Copy) -> int:
        """Time since the copy was fetched or confirmed."""
        return int(self._now() - copy.stored)

    def is_fresh(self, copy: Copy) -> bool:
        """Tell whether the copy may be served without asking the origin."""
        return self._now() - copy.stored < copy.fresh_seconds
