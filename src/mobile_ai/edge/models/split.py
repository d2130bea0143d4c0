"""Traffic split between stable and canary: the caller's choice, else a stable share of keys."""

from __future__ import annotations

import random
from typing import Final, Literal

from mobile_ai.delivery.rings import cohort, millionths, point
from mobile_ai.edge.serving import Headers

Track = Literal["stable", "canary"]
"""Version that answers a request: the stable one or the canary."""

TRACK_HEADER: Final = b"x-mobile-ai-track"
"""Header that names the track to serve, `stable` or `canary`, for tests of a canary."""
KEY_HEADER: Final = b"x-mobile-ai-key"
"""Header whose value keeps a caller on one track."""
_LONGEST_KEY: Final = 256


class Split:
    """Sends a percentage of requests to the canary."""

    def __init__(self, percent: float, *, salt: str, seed: int | None = None) -> None:
        """Draw nothing yet.

        Args:
            percent: Share of requests.
            salt: Mixed into keys, so that models do not share their first users.
            seed: Of the draw for requests without a key; ``None`` for a fresh one.
        """
        self._share = millionths(percent)
        self._key = point(salt)
        self._random = random.Random(seed)  # noqa: S311  # no secret

    def track(self, headers: Headers) -> Track:
        """Return who answers a request."""
        key = b""
        for name, value in headers:
            if name == TRACK_HEADER and value in {b"stable", b"canary"}:
                return "canary" if value == b"canary" else "stable"
            if name == KEY_HEADER:
                key = value[:_LONGEST_KEY]
        if key:
            drawn = cohort(point(key.decode("latin-1")), self._key)
        else:
            drawn = self._random.randrange(1_000_000)
        return "canary" if drawn < self._share else "stable"
