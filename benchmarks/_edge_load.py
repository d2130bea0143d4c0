"""Load generator: `python -m benchmarks._edge_load` reads its task as JSON from stdin.

Closed loop: each connection asks again when it is answered. Open loop: requests leave at a given
rate, on whatever connection is idle, whether or not answers come; one that finds none idle counts
as unsent. Latency counts from the write; how late writes were is told as the longest pause of the
generator. Prints one JSON object.
"""

import asyncio
import json
import sys
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any

import psutil
import uvloop

_TICK = 0.001  # seconds
_LENGTH = b"\r\ncontent-length: "


class _Client(asyncio.Protocol):
    """A connection with one request at a time."""

    def __init__(self, load: "_Load") -> None:
        self._load = load
        self._found = bytearray()
        self._needed = 0
        self.asked = 0.0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def ask(self) -> None:
        """Send the request."""
        self.asked = time.perf_counter()
        self.transport.write(self._load.request)

    def data_received(self, data: bytes) -> None:
        self._found += data
        if not self._needed:
            end = self._found.find(b"\r\n\r\n")
            if end < 0:
                return
            at = self._found.index(_LENGTH) + len(_LENGTH)
            self._needed = end + 4 + int(self._found[at : self._found.index(b"\r", at)])
        if len(self._found) >= self._needed:
            status = int(self._found[9:12])
            self._found.clear()
            self._needed = 0
            self._load.answered(self, status)

    def connection_lost(self, _: Exception | None) -> None:
        self._load.lost += not self._load.over


class _Load:
    """Latencies and responses of one load run."""

    def __init__(self, task: dict[str, Any]) -> None:
        self._task = task
        self.request = Path(task["request"]).read_bytes()
        self.idle: deque[_Client] = deque()  # in turns: the server ends unused connections
        self.latencies: dict[int, list[float]] = {}
        self.lost = self.unsent = 0
        self.pause = 0.0
        self.over = False
        self._again = task.get("rate") is None

    def answered(self, client: _Client, status: int) -> None:
        now = time.perf_counter()
        self.latencies.setdefault(status, []).append(now - client.asked)
        if self._again and not self.over:
            client.ask()
        else:
            self.idle.append(client)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        task = self._task
        for _ in range(task["connections"]):
            _, client = await loop.create_connection(
                lambda: _Client(self), "127.0.0.1", task["port"]
            )
            self.idle.append(client)
        self.started = time.perf_counter()
        if self._again:
            clients, self.idle = self.idle, deque()
            for client in clients:
                client.ask()
            await asyncio.sleep(task["seconds"])
        else:
            await self._pace(task["rate"], task["seconds"])
        self.elapsed = time.perf_counter() - self.started
        self.over = True
        await asyncio.sleep(0.3)  # for what is under way

    async def _pace(self, rate: float, seconds: float) -> None:
        sent, last = 0, 0.0
        while (passed := time.perf_counter() - self.started) < seconds:
            self.pause, last = max(self.pause, passed - last), passed
            while sent < passed * rate:
                if self.idle:
                    self.idle.popleft().ask()
                else:
                    self.unsent += 1
                sent += 1
            await asyncio.sleep(_TICK)

    def result(self, used: float) -> dict[str, Any]:
        """Return what came back; latencies in milliseconds."""
        by_status = {}
        for status, found in self.latencies.items():
            found.sort()
            at = {name: found[min(int(len(found) * q), len(found) - 1)] for name, q in _QUANTILES}
            by_status[str(status)] = {
                "count": len(found),
                **{name: value * 1000 for name, value in at.items()},
            }
        counts = Counter({status: len(found) for status, found in self.latencies.items()})
        return {
            "seconds": self.elapsed,
            "answers": sum(counts.values()),
            "by_status": by_status,
            "lost": self.lost,
            "unsent": self.unsent,
            "pause_ms": self.pause * 1000,
            "cpu_share": used / self.elapsed,
        }


_QUANTILES = (("p50", 0.5), ("p99", 0.99), ("max", 1.0))


def main() -> None:
    """Run the task given on stdin."""
    task = json.load(sys.stdin)
    load, process = _Load(task), psutil.Process()
    if "core" in task:
        process.cpu_affinity([task["core"]])
    before = sum(process.cpu_times()[:2])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(load.run())
    print(json.dumps(load.result(sum(process.cpu_times()[:2]) - before)))


if __name__ == "__main__":
    main()
