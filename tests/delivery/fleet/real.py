"""A fleet of real clients over real HTTP, all at once, through a caching proxy."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from mobile_ai.delivery.client import active_model
from mobile_ai.delivery.client.state import DeviceState, save_state
from tests.delivery.caching import CachingProxy
from tests.delivery.world import Cdn, check, deployment, device, weights

METADATA_SECONDS = 300
PATIENT = 60  # seconds: hundreds of clients share two cores here


@dataclass(frozen=True, kw_only=True)
class Round:
    """Outcomes of all devices at one check, and its cost."""

    words: dict[str, int]
    running: dict[str, int]
    edge_bytes: int
    origin_bytes: int
    origin_requests: int


class RealFleet:
    """Devices of one application, each with its own folder and id."""

    def __init__(self, world, count):
        self.world = world
        self.cdn = Cdn(world.bucket)
        self.proxy = CachingProxy(self.cdn.url)
        base = device(world, self.proxy.url, ring=None)
        limits = replace(base.limits, connect_seconds=PATIENT, total_seconds=PATIENT)
        self.devices = [
            replace(base, folder=world.folder / f"device-{number}", limits=limits)
            for number in range(count)
        ]
        for number, item in enumerate(self.devices):
            # Fixed ids, so that the same devices are in the canary ring at every run.
            save_state(item.state_file, DeviceState(installation=f"device-{number}"))

    def close(self):
        self.proxy.close()
        self.cdn.close()

    def check(self):
        """Let every device check once, concurrently, after metadata expired at the edge."""
        proxy = self.proxy
        proxy.now += METADATA_SECONDS + 1
        before = (proxy.sent, proxy.origin_bytes, proxy.origin_requests.total())
        with ThreadPoolExecutor(len(self.devices)) as pool:
            outcomes = list(pool.map(check, self.devices))
        after = (proxy.sent, proxy.origin_bytes, proxy.origin_requests.total())
        sent, origin_bytes, origin_requests = (b - a for a, b in zip(before, after, strict=True))
        return Round(
            words=_count(item.word for item in outcomes),
            running=_count(active_model(item).version for item in self.devices),
            edge_bytes=sent,
            origin_bytes=origin_bytes,
            origin_requests=origin_requests,
        )


def roll_out(world, count):
    """Return the rounds of a fleet: first release, canary, general release and a quiet check."""
    old = world.make("1.0.0", weights(1))
    new = world.make("1.1.0", weights(1, moved=0.05))
    world.publish(deployment(old))
    fleet = RealFleet(world, count)
    try:
        rounds = [fleet.check()]
        for stage in ("canary", "general"):
            world.publish(deployment(new, previous=old, stage=stage))
            rounds.append(fleet.check())
        return [*rounds, fleet.check()]
    finally:
        fleet.close()


def _count(items):
    found = {}
    for item in items:
        found[item] = found.get(item, 0) + 1
    return found
