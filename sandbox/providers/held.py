"""Which objects the state holds, as far as the engine's requests have shown in this run."""

from __future__ import annotations

from collections import defaultdict
from threading import Lock

__all__ = ["Held"]


class Held:
    """Ids by URN. The engine asks for a diff of every object it holds before it replaces it."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self._lock = Lock()
        self._ids: defaultdict[str, set[str]] = defaultdict(set)

    def saw(self, urn: str, object_id: str) -> None:
        """The engine named an object: it is in the state, or is being looked up for it."""
        with self._lock:
            self._ids[urn].add(object_id)

    def gone(self, urn: str, object_id: str) -> None:
        """The object was deleted."""
        with self._lock:
            self._ids[urn].discard(object_id)

    def of(self, urn: str) -> frozenset[str]:
        """Ids seen for a URN."""
        with self._lock:
            return frozenset(self._ids[urn])
