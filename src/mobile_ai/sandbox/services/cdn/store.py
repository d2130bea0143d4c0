"""In-memory cache and counters of the CDN."""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

_LIMIT_BYTES: Final = 512 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A cached object.

    Attributes:
        headers: Its headers, names in lower case.
        body: The whole object.
        stored: Time of the fetch or last revalidation, seconds of a monotonic clock.
        fresh_seconds: Freshness lifetime.
    """

    headers: Mapping[str, str]
    body: bytes
    stored: float
    fresh_seconds: int


class ObjectStore:
    """LRU cache of objects by distribution and path."""

    def __init__(
        self, *, limit_bytes: int = _LIMIT_BYTES, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Store the size limit and the clock."""
        self.counts: Counter[str] = Counter()
        self._copies: OrderedDict[tuple[str, str], Copy] = OrderedDict()
        self._bytes = 0
        self._limit_bytes = limit_bytes
        self._now = now

    def find(self, distribution: str, path: str) -> Copy | None:
        """Return the cached object, fresh or stale."""
        copy = self._copies.get((distribution, path))
        if copy is not None:
            self._copies.move_to_end((distribution, path))
        return copy

    def keep(
        self, distribution: str, path: str, *, headers: Mapping[str, str], body: bytes, seconds: int
    ) -> Copy:
        """Store an object, or renew the cached one."""
        copy = Copy(headers=headers, body=body, stored=self._now(), fresh_seconds=seconds)
        self.drop(distribution, path)
        self._copies[distribution, path] = copy
        self._bytes += len(body)
        while self._bytes > self._limit_bytes:
            _, oldest = self._copies.popitem(last=False)
            self._bytes -= len(oldest.body)
        return copy

    def drop(self, distribution: str, path: str) -> None:
        """Remove an object."""
        copy = self._copies.pop((distribution, path), None)
        self._bytes -= len(copy.body) if copy else 0

    def age_seconds(self, copy: Copy) -> int:
        """Return the time since the copy was fetched or revalidated."""
        return int(self._now() - copy.stored)

    def is_fresh(self, copy: Copy) -> bool:
        """Return whether the copy may be served without contacting the origin."""
        return self._now() - copy.stored < copy.fresh_seconds
