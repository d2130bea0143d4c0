"""Model swaps under load: failed requests and memory."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import onnx
import psutil
from onnx import TensorProto, helper

from benchmarks._row import Row
from tests.edge.models.world import Git

IDS = ("edge.swap_failures",)
_CYCLES = 50
_WARM = 10  # cycles before memory counts
_LOOKS = 5
_CLIENTS = 4  # of each of two generators, so that one is always loading
_BURST = 5.0  # seconds
_KEY = "bench"
_SLOW_WIDTH = 2048  # two products of this size a row: some hundred times a small row's time
# As `src/mobile_ai/edge/Dockerfile` sets them: memory of a version that is gone goes back.
_MALLOC = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "262144",
    "MALLOC_TRIM_THRESHOLD_": "262144",
}
_TRIAL_SECONDS = 30.0  # for a slow version to be taken back


def rows(cycles: int = _CYCLES) -> Iterator[Row]:
    """Swap in a good version and roll back a slow one repeatedly, under load."""
    with tempfile.TemporaryDirectory() as folder:
        yield _swaps(Path(folder), cycles)


def _swaps(folder: Path, cycles: int) -> Row:
    git = Git(folder)
    git.add("0.1.0", _model(0.5), 0.5)
    with _Server(folder) as server, _Load(folder, server.port) as load:
        memory = []
        for cycle in range(1, cycles + 1):
            good, slow = f"{cycle}.0.0", f"{cycle}.1.0"
            git.add(good, _model(float(cycle)), float(cycle))
            server.change_to(good)
            time.sleep(0.3)  # for the good version's usual time
            git.add(slow, _model(-float(cycle), slow=True), -float(cycle))
            server.change_to(slow)
            server.wait_for(good)
            memory.append(server.memory())
        load.stop()
        count = load.answers
    failed = count.total() - count["200"]
    # The smallest of some cycles: a version may still be on its way out when memory is read.
    warm, end = (min(part) for part in (memory[_WARM - _LOOKS : _WARM], memory[-_LOOKS:]))
    return Row(
        id="edge.swap_failures",
        value=failed,
        unit="requests",
        peer="bar: 0",
        n=cycles,
        note=(
            f"{cycles} swaps to a new version and {cycles} to a slow one that the watch took back; "
            f"{count.total():,} requests, {2 * _CLIENTS} at a time; not answered with 200: "
            f"{dict(count - Counter({'200': count['200']})) or 'none'}; resident MB, smallest of "
            f"{_LOOKS} cycles: {warm / 1e6:.0f} before cycle {_WARM}, {end / 1e6:.0f} at the end, "
            f"largest of all {max(memory) / 1e6:.0f}"
        ),
    )


class _Server:
    """`mobile-ai edge serve` over a folder of signed versions."""

    def __init__(self, folder: Path) -> None:
        digest = hashlib.sha256(_KEY.encode()).hexdigest()
        keys = {"keys": [{"client": "bench", "sha256": digest, "operator": True}]}
        (folder / "keys.json").write_text(json.dumps(keys))
        settings: dict[str, Any] = {
            "models": {
                "cache": str(folder / "cache"),
                "local": {"folder": str(folder / "models"), "trust": str(folder / "dev.yaml")},
                "follow": [{"model": "digits", "variant": "int8-onnx"}],
                "watch": {"min_runs": 100, "slowdown": 12.0, "window_seconds": 10.0},
            },
            "listen": {"port": 0},
            "access": {"keys": str(folder / "keys.json")},
            "drain": {"announce_seconds": 0},
        }
        self._config = folder / "edge.yaml"
        self._config.write_text(json.dumps(settings))  # YAML takes JSON
        self._log = folder / "log"

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "mobile_ai.cli.main", "edge", "serve", "--config"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, str(self._config)], stderr=log, env={**os.environ, **_MALLOC}
            )
        self.port = int(self._logged("serving")["port"])
        self._logged("models started")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)

    def memory(self) -> int:
        """Return the server's resident memory in bytes."""
        return int(psutil.Process(self._process.pid).memory_info().rss)

    def change_to(self, version: str) -> None:
        """Load the newest version.

        Raises:
            RuntimeError: If another one is served then, and the one asked for never was.
        """
        self._post("/v2/repository/models/digits/load")
        if version not in self._known():
            raise RuntimeError(f"{version} did not come: {self._log.read_text()[-2000:]}")

    def wait_for(self, version: str) -> None:
        """Wait until the health watch has rolled back to a version.

        Raises:
            TimeoutError: If it does not.
        """
        deadline = time.monotonic() + _TRIAL_SECONDS
        while version not in {i["version"] for i in self._index() if i["state"] == "READY"}:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{version} did not come back: {self._index()}")
            time.sleep(0.05)

    def _known(self) -> set[str]:
        return {item["version"] for item in self._index()}

    def _index(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = json.loads(self._post("/v2/repository/index"))
        return found

    def _post(self, path: str) -> bytes:
        request = urllib.request.Request(  # loopback
            f"http://127.0.0.1:{self.port}{path}", b"{}", {"x-api-key": _KEY}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            data: bytes = answer.read()
        return data

    def _logged(self, message: str) -> dict[str, Any]:
        deadline = time.monotonic() + _TRIAL_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            for line in self._log.read_text().splitlines():
                found: dict[str, Any] = json.loads(line)
                if found["message"] == message:
                    return found
            time.sleep(0.05)
        raise TimeoutError(f"no {message!r} in the log: {self._log.read_text()}")


class _Load:
    """Two load generator processes that run bursts continuously.

    Attributes:
        answers: How many answers of each status; what was lost counts as ``lost``.
    """

    def __init__(self, folder: Path, port: int) -> None:
        tensor = {"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1.0] * 4}
        body = json.dumps({"inputs": [tensor]}).encode()
        head = (
            f"POST /v2/models/digits/infer HTTP/1.1\r\nhost: bench\r\nx-api-key: {_KEY}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        (folder / "request").write_bytes(head.encode() + body)
        self._task = json.dumps(
            {
                "port": port,
                "request": str(folder / "request"),
                "connections": _CLIENTS,
                "seconds": _BURST,
            }
        )
        self.answers: Counter[str] = Counter()
        self._ended, self._lock = threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._bursts, args=(at,)) for at in range(2)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        time.sleep(_BURST)  # until both are loading
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Wait for the last bursts."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _bursts(self, at: int) -> None:
        time.sleep(at * _BURST / 2)
        while not self._ended.is_set():
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks._edge_load"],
                input=self._task,
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            found = json.loads(done.stdout)
            with self._lock:
                for status, answers in found["by_status"].items():
                    self.answers[status] += answers["count"]
                self.answers["lost"] += found["lost"]


def _model(factor: float, *, slow: bool = False) -> bytes:
    """Return a model of four numbers per row; a slow one adds unused matrix products."""
    shape: Sequence[str | int] = ["batch", 4]
    nodes = [helper.make_node("Mul", ["x", "factor"], ["fast" if slow else "y"])]
    constants = [helper.make_tensor("factor", TensorProto.FLOAT, [], [factor])]
    if slow:
        sizes = {"up": (4, _SLOW_WIDTH), "across": (_SLOW_WIDTH,) * 2, "down": (_SLOW_WIDTH, 4)}
        constants += [
            onnx.numpy_helper.from_array(np.zeros(size, np.float32), name)
            for name, size in sizes.items()
        ]
        nodes += [
            helper.make_node("MatMul", ["x", "up"], ["wide"]),
            helper.make_node("MatMul", ["wide", "across"], ["wider"]),
            helper.make_node("MatMul", ["wider", "down"], ["nothing"]),
            helper.make_node("Add", ["fast", "nothing"], ["y"]),
        ]
    graph = helper.make_graph(
        nodes,
        "bench",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        constants,
    )
    opset = [helper.make_opsetid("", 17)]
    data: bytes = helper.make_model(graph, opset_imports=opset, ir_version=9).SerializeToString()
    return data
