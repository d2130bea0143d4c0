"""Objects that the state holds, as observed from the engine's requests in this run."""

from __future__ import annotations

from collections import defaultdict
from threading import Lock


class Held:
    """IDs by URN; the engine requests a diff of every held object before it replaces it."""

    def __init__(self) -> None:
        """Start without observations."""
        self._lock = Lock()
        self._ids: defaultdict[str, set[str]] = defaultdict(set)

    def saw(self, urn: str, object_id: str) -> None:
        """Record an object that the engine named: it is in the state, or being looked up."""
        with self._lock:
            self._ids[urn].add(object_id)

    def gone(self, urn: str, object_id: str) -> None:
        """Record the deletion of an object."""
        with self._lock:
            self._ids[urn].discard(object_id)

    def of(self, urn: str) -> frozenset[str]:
        """Return the IDs observed for a URN."""
        with self._lock:
            return frozenset(self._ids[urn])
