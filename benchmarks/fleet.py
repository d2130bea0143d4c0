"""Fleet rollout: hundreds of real clients over loopback, success rate and origin load."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks._row import Row
from tests.delivery.fleet.real import roll_out
from tests.delivery.world import World

__all__ = ["IDS", "rows"]

IDS = ("fleet.real_clients_failed", "fleet.origin_requests_200_vs_50")
_FLEETS = (50, 200)


def rows() -> Iterator[Row]:
    """Roll out to all clients at once over loopback, behind a caching proxy."""
    found = {}
    for count in _FLEETS:
        with tempfile.TemporaryDirectory() as folder:
            found[count] = roll_out(World(Path(folder)), count)
    few, many = (found[count] for count in _FLEETS)
    first, canary, general, quiet = many
    good = sum(item.words.get(word, 0) for item in many for word in ("installed", "current"))
    yield Row(
        id="fleet.real_clients_failed",
        value=len(many) * max(_FLEETS) - good,
        unit="checks",
        peer="bar: none",
        n=len(many) * max(_FLEETS),
        note=f"{max(_FLEETS)} clients at once: {first.words} at first, {canary.words} at the "
        f"canary, {general.words} at all, {quiet.words} after; bytes edge to devices "
        f"{[item.edge_bytes for item in many]}, origin to edge "
        f"{[item.origin_bytes for item in many]}",
    )
    asked = [sum(item.origin_requests for item in fleet) for fleet in (few, many)]
    yield Row(
        id="fleet.origin_requests_200_vs_50",
        value=asked[1] / asked[0],
        unit="ratio",
        peer="bar: 1, the origin does not notice how many ask",
        n=max(_FLEETS),
        note=f"{asked[1]} requests at the origin over four rounds",
    )
