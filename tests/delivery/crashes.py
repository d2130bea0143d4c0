"""Crash tests as one call, for the test and for the benchmark."""

import json
import subprocess
import sys
from pathlib import Path

from tests.delivery.world import Cdn, World, check, deployment, device, weights

__all__ = ["crash_everywhere"]


def crash_everywhere(folder):
    """Return the state after a crash at every step of updating 1.0.0 to 1.1.0."""
    world = World(folder)
    cdn = Cdn(world.bucket)
    try:
        old = world.make("1.0.0", weights(1))
        new = world.make("1.1.0", weights(1, moved=0.05))
        world.publish(deployment(old))
        phone = device(world, cdn.url)
        check(phone)
        world.publish(deployment(new, previous=old))
        (phone.folder / "root.json").write_bytes(world.root)
        (phone.folder / "expected-1.0.0").write_bytes(weights(1))
        (phone.folder / "expected-1.1.0").write_bytes(weights(1, moved=0.05))
        command = [sys.executable, "-m", "tests.delivery.crash", cdn.url, str(phone.folder)]
        done = subprocess.run(
            [*command, str(folder / "work")],
            capture_output=True,
            check=True,
            text=True,
            timeout=300,
            cwd=Path(__file__).parents[2],
        )
        return json.loads(done.stdout)
    finally:
        cdn.close()
