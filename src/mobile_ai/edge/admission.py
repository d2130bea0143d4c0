"""Admission control: API keys, client quotas, and the throttle that a budget sets.

Everything here is decided before a request's tensors are parsed.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from mobile_ai.edge.errors import FORBIDDEN, TOO_MANY, UNAUTHENTICATED, RefusedError
from mobile_ai.edge.file_watcher import Watched

NO_KEY: Final = "client: got no accepted API key; expected one"
"""Message to a client without an accepted key; it tells no more than that."""
_CLIENTS: Final = 10_000  # clients whose buckets are kept
_LONGEST: Final = 3600  # seconds, of Retry-After
_BEARER: Final = b"bearer "


class ThrottleFile(BaseModel):
    """The budget's throttle: requests per second, of all clients together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    requestsPerSecond: float = Field(ge=0, allow_inf_nan=False)  # noqa: N815  # as in the file
    burst: float | None = Field(default=None, gt=0, allow_inf_nan=False)


class Key(BaseModel):
    """An API key, stored as its SHA-256: keys are random, so no slow password hash is needed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    operator: bool = False  # may load and unload models


class KeyFile(BaseModel):
    """The accepted API keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keys: Annotated[list[Key], Field(min_length=1)]


def hash_key(key: bytes) -> str:
    """Return the hash under which the file lists a key."""
    return hashlib.sha256(key).hexdigest()


class Bucket:
    """A token bucket: `rate` tokens per second, at most `burst` at once."""

    __slots__ = ("_at", "_tokens", "burst", "rate")

    def __init__(self, rate: float, burst: float | None, now: float) -> None:
        """Start full."""
        self.rate = rate
        self.burst = max(1.0, rate if burst is None else burst)
        self._tokens, self._at = self.burst, now

    def take(self, now: float) -> float:
        """Take a token; return 0, or the seconds until one is available."""
        self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens >= 1 and self.rate > 0:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self.rate if self.rate > 0 else math.inf


class Quota(BaseModel):
    """Request quota of one client."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    requests_per_second: float = Field(
        gt=0, allow_inf_nan=False, description="Requests that a client may make."
    )
    burst: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="Largest burst; by default one second's requests.",
    )


@dataclass(slots=True)
class Admission:
    """Decides which requests are admitted.

    Attributes:
        keys: The accepted API keys; ``None`` admits every client that reaches the port.
        quota: Quota of each client: of each key, or of each address where there are no keys.
        throttle: Limit of all clients together.
        clock: Monotonic clock, seconds.
        counts: Refusals by reason.
    """

    keys: Watched[KeyFile] | None = None
    quota: Quota | None = None
    throttle: Watched[ThrottleFile] | None = None
    clock: Callable[[], float] = time.monotonic
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("key", "quota", "throttle"), 0)
    )
    _by_hash: dict[str, Key] = field(default_factory=dict)
    _buckets: dict[str, Bucket] = field(default_factory=dict)
    _budget: Bucket | None = None

    def __post_init__(self) -> None:
        """Apply the content of the files."""
        self.apply()

    def apply(self) -> None:
        """Apply the current content of the files; buckets of clients keep their level."""
        if self.keys is not None and self.keys.content is not None:
            self._by_hash = {key.sha256: key for key in self.keys.content.keys}
        if self.throttle is not None and self.throttle.content is not None:
            limit = self.throttle.content
            self._budget = Bucket(limit.requestsPerSecond, limit.burst, self.clock())

    @property
    def open(self) -> bool:
        """True if every request is admitted, so that nothing has to be checked."""
        return self.keys is None and self.quota is None and not self._budget

    def admit(self, credential: bytes | None, address: str) -> None:
        """Admit an inference request.

        Args:
            credential: ``Authorization`` or ``X-API-Key`` header of the request.
            address: Address of the client.

        Raises:
            RefusedError: If it is not admitted.
        """
        client = self.client(credential, address)
        now = self.clock()
        if self.quota is not None:
            self._take(self._bucket(client, now), now, "quota", "client: quota exceeded")
        if self._budget is not None:
            self._take(self._budget, now, "throttle", "server: the budget's throttle is reached")

    def client(self, credential: bytes | None, address: str) -> str:
        """Return the client's name: that of its key, or its address where there are no keys.

        Raises:
            RefusedError: If the key is not accepted.
        """
        return address if self.keys is None else self._key(credential).client

    def operate(self, credential: bytes | None) -> None:
        """Admit a request that changes the served models.

        Raises:
            RefusedError: If there are no keys, or this one is not an operator's.
        """
        if self.keys is None or not self._key(credential).operator:
            raise RefusedError(FORBIDDEN, "server: got no operator's key; expected one")

    def _key(self, credential: bytes | None) -> Key:
        if credential is not None and credential[: len(_BEARER)].lower() == _BEARER:
            credential = credential[len(_BEARER) :]
        key = None if credential is None else self._by_hash.get(hash_key(credential))
        if key is None:
            self.counts["key"] += 1
            raise RefusedError(UNAUTHENTICATED, NO_KEY)
        return key

    def _bucket(self, client: str, now: float) -> Bucket:
        # Kept in order of use: the least recently used bucket is evicted first.
        bucket = self._buckets.pop(client, None)
        if bucket is None:
            if self.quota is None:
                raise AssertionError("asked for a bucket without a quota")
            bucket = Bucket(self.quota.requests_per_second, self.quota.burst, now)
            if len(self._buckets) >= _CLIENTS:
                del self._buckets[next(iter(self._buckets))]
        self._buckets[client] = bucket
        return bucket

    def _take(self, bucket: Bucket, now: float, reason: str, message: str) -> None:
        wait = bucket.take(now)
        if wait > 0:
            self.counts[reason] += 1
            seconds = _LONGEST if wait > _LONGEST else math.ceil(wait)
            raise RefusedError(TOO_MANY, message, retry_after=seconds)
