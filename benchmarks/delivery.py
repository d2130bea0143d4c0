"""Device updates: decision speed, request cost, and recovery after a crash."""

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._row import Row
from mobile_ai.components.delivery.plan import edge_function_code
from mobile_ai.delivery.rings import cohort, point
from tests.delivery.crashes import crash_everywhere
from tests.delivery.fleet.cohorts import cohorts
from tests.delivery.world import Cdn, World, check, deployment, device, weights

__all__ = ["IDS", "rows"]

IDS = (
    "rollout.python_us",
    "rollout.vectorised_us",
    "rollout.edge_function_us",
    "update.idle_bytes",
    "update.crash_points_survived",
)
_PYTHON_IDS = 200_000
_BATCHES = 20
_EDGE_CALLS = 20_000
_EVENTS = Path("tests/components/vectors/cloudfront_events.json")
_FLEET = 10_000_000


def rows() -> Iterator[Row]:
    """Measure CPU time of decisions, and updates over loopback."""
    yield from _decisions()
    with tempfile.TemporaryDirectory() as folder:
        yield _idle(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        yield _crashes(Path(folder))


def _decisions() -> Iterator[Row]:
    key = point("field-assistant-digits")
    points = np.random.default_rng(0).integers(0, 2**64, _FLEET, dtype=np.uint64)
    some = points[:_PYTHON_IDS]
    each = min(_per_call(batch, key) for batch in np.array_split(some, _BATCHES))
    yield Row(
        id="rollout.python_us",
        value=each,
        unit="us",
        peer="bar: 1.2 us",
        n=_PYTHON_IDS,
        note=f"CPU time of a decision, best of {_BATCHES} batches; "
        "a device computes its point once, at installation",
    )
    begun = time.process_time()
    cohorts(points, key)
    yield Row(
        id="rollout.vectorised_us",
        value=(time.process_time() - begun) / _FLEET * 1e6,
        unit="us",
        peer="bar: 0.1 us",
        n=_FLEET,
        note="numpy, one thread, CPU time",
    )
    if shutil.which("node"):
        yield _edge_function()


def _edge_function() -> Row:
    """Run the CDN's function under Node on events as CloudFront documents them."""
    recorded = json.loads(_EVENTS.read_text())
    events = [item["event"] for item in recorded["events"]]
    script = f"""{edge_function_code(recorded["halted"])}
const texts = {json.dumps([json.dumps(item) for item in events])};
const rounds = {_EDGE_CALLS // len(events)};
const best = {{ us: Infinity }};
for (let batch = 0; batch < {_BATCHES}; batch += 1) {{
  // The function changes what it is given, so each call has an event of its own.
  const cases = [];
  for (let at = 0; at < rounds; at += 1) texts.forEach((text) => cases.push(JSON.parse(text)));
  const begun = process.cpuUsage();
  cases.forEach((item) => handler(item));
  const used = process.cpuUsage(begun);
  best.us = Math.min(best.us, (used.user + used.system) / cases.length);
}}
console.log(best.us);"""
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    return Row(
        id="rollout.edge_function_us",
        value=float(done.stdout),
        unit="us",
        peer="bar: 1,000 us of CPU",
        n=_EDGE_CALLS,
        note=f"Node, {len(events)} kinds of event, best of {_BATCHES} batches; "
        "CloudFront's own engine is another and was not measured",
    )


def _per_call(points: Any, key: int) -> float:
    plain = points.tolist()
    begun = time.process_time()
    for item in plain:
        cohort(item, key)
    return (time.process_time() - begun) / len(plain) * 1e6


def _idle(folder: Path) -> Row:
    world = World(folder)
    cdn = Cdn(world.bucket)
    try:
        world.publish(deployment(world.make("1.0.0", weights(1))))
        phone = device(world, cdn.url)
        check(phone)
        cdn.sent, cdn.asked = 0, []
        outcome = check(phone)
    finally:
        cdn.close()
    return Row(
        id="update.idle_bytes",
        value=cdn.sent,
        unit="bytes",
        peer="bar: 4,000 bytes, 2 requests",
        n=1,
        note=f"{outcome.requests} requests, outcome {outcome.word}; answers with their headers",
    )


def _crashes(folder: Path) -> Row:
    found = crash_everywhere(folder)
    good = [item for item in found if item["killed"] and item["whole"] and item["healed"]]
    return Row(
        id="update.crash_points_survived",
        value=len(good),
        unit="points",
        peer=f"bar: all of {len(found)}, at least 30",
        n=len(found),
        note="killed before each call that changes the disk, and in the middle of each write",
    )
