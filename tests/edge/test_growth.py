"""Hostile requests in any number leave no growing state in the server."""

import http.client
import random

import numpy as np
import psutil
import pytest

from tests.edge.server_world import FEATURES, Running, binary_request

PATH = "/v2/models/mlp/infer"
PARTS = (b"[", b"{", b"]", b'"', b"-1", b"1e999", b"null", b"\0", b"\xff", b"inputs", b"99999999")


def mutated(frame: bytes, chance: random.Random) -> bytes:
    """Return a frame with some bytes changed, removed or inserted."""
    changed = bytearray(frame)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(3):
            case 0:
                changed[at : at + chance.randint(1, 9)] = b""
            case 1:
                changed[at:at] = chance.choice(PARTS)
            case _:
                changed[at : at + 1] = bytes([chance.randrange(256)])
    return bytes(changed)


def statuses(running: Running, count: int, seed: int) -> set[int]:
    chance = random.Random(seed)  # noqa: S311  # repeatable, not secret
    body, headers = binary_request("x", np.zeros((1, FEATURES), np.float32), "FP32")
    length = int(headers["Inference-Header-Content-Length"])
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    found = set()
    for _ in range(count):
        text = mutated(body[:length], chance)
        data = mutated(body[length:], chance) if chance.random() < 0.5 else body[length:]
        stated = len(text) if chance.random() < 0.9 else chance.randrange(400)
        sent = {"Inference-Header-Content-Length": str(stated)}
        connection.request("POST", PATH, text + data, sent)
        response = connection.getresponse()
        response.read()
        found.add(response.status)
    connection.close()
    return found


def test_mutated_requests_are_served_or_refused(running: Running) -> None:
    assert statuses(running, 2000, seed=1) <= {200, 400}


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
def test_a_hundred_thousand_mutated_requests_leave_memory_as_it_was(running: Running) -> None:
    process = psutil.Process()
    assert statuses(running, 5000, seed=2) <= {200, 400}
    before = process.memory_info().rss
    assert statuses(running, 100_000, seed=3) <= {200, 400}
    grown = process.memory_info().rss - before
    assert grown < 20e6, f"grew by {grown:,} bytes"
