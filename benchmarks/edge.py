"""Edge server compared with a no-op on the same HTTP server, Starlette and bare onnxruntime."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import psutil
from onnx import TensorProto, helper, numpy_helper

from benchmarks._edge_server import model
from benchmarks._row import Row

IDS = (
    "edge.cpu_vs_asgi_floor",
    "edge.cpu_vs_starlette_json",
    "edge.ms_class_vs_ort",
    "edge.p99_over_p50",
    "edge.goodput_overload",
)
_REPEATS = 3
_SECONDS = 2.0
_CLIENTS = 32
_SERVER_CORE, _LOAD_CORE = 1, 0
_OVERLOAD_SECONDS = 60.0
_BATCH = 8
_SLOW_MS = 10.0
_FACTOR = 5
_PATH = "/v2/models/bench/infer"


def rows() -> Iterator[Row]:
    """Yield the rows of this area."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small = _mlp(folder / "mlp.onnx", (784, 256, 128, 10))
        large = _squeezenet(folder / "squeezenet.onnx")
        yield from _cpu(folder, small)
        yield _throughput(folder, large)
        yield _tail(folder, small)
        yield _overload(folder, small)


class _Process:
    """A server under test, pinned to its own core."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self._process = psutil.Process(process.pid)
        self.port = port

    def cpu(self) -> float:
        """Return the CPU seconds of all its threads."""
        return float(sum(self._process.cpu_times()[:2]))

    def memory(self) -> int:
        """Return its resident memory in bytes."""
        return int(self._process.memory_info().rss)

    def load(self, request: Path, **task: Any) -> dict[str, Any]:
        """Run a load generator process against it and return the results."""
        task = {"port": self.port, "request": str(request), "core": _LOAD_CORE, **task}
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks._edge_load"],
            input=json.dumps(task),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@contextmanager
def _server(
    kind: str, path: Path, *, core: int | None = _SERVER_CORE, **given: Any
) -> Iterator[_Process]:
    command = [sys.executable, "-m", "benchmarks._edge_server", kind, str(path), json.dumps(given)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if core is not None and (psutil.cpu_count() or 1) > core:
                psutil.Process(process.pid).cpu_affinity([core])
            line = process.stdout.readline() if process.stdout else ""
            yield _Process(process, int(line))
        finally:
            process.terminate()
            process.wait(20)


def _cpu(folder: Path, path: Path) -> Iterator[Row]:
    """Yield CPU per request of a small model, alternating with the floor and Starlette."""
    image = np.random.default_rng(1).random((1, 784), dtype=np.float32)
    binary, json_body = folder / "binary.http", folder / "json.http"
    binary.write_bytes(_binary(image))
    json_body.write_bytes(_json(image))
    prefix, size = _answer_size(path, image)
    used: dict[str, list[float]] = {"ours": [], "no-op": [], "starlette": []}
    rate: dict[str, list[float]] = {name: [] for name in used}
    with (
        _server("ours", path) as ours,
        _server("no-op", path, prefix=prefix, bytes=size) as no_op,
        _server("starlette", path) as starlette,
    ):
        contenders = (
            ("ours", ours, binary),
            ("no-op", no_op, binary),
            ("starlette", starlette, json_body),
        )
        for name, server, request in contenders * (_REPEATS + 1):  # the first turn warms up
            before = server.cpu()
            found = server.load(request, connections=_CLIENTS, seconds=_SECONDS)
            _expect_all_ok(name, found)
            used[name].append((server.cpu() - before) / found["answers"] * 1e6)
            rate[name].append(found["answers"] / found["seconds"])
    cost = {name: min(found[1:]) for name, found in used.items()}
    middle = {name: statistics.median(found[1:]) for name, found in used.items()}
    note = ", ".join(
        f"{name} min {cost[name]:.1f} median {middle[name]:.1f} us, {max(rate[name]):,.0f}/s"
        for name in used
    )
    yield Row(
        id="edge.cpu_vs_asgi_floor",
        value=cost["ours"] / cost["no-op"],
        unit="ratio",
        peer="no-op ASGI application on uvicorn, uvloop, httptools; bar 1.3",
        n=_REPEATS,
        note=f"server CPU a request, C={_CLIENTS}, binary, MLP 784-256-128-10: {note}",
    )
    yield Row(
        id="edge.cpu_vs_starlette_json",
        value=cost["starlette"] / cost["ours"],
        unit="ratio",
        peer="Starlette, JSON, no batching, same uvicorn; bar 5",
        n=_REPEATS,
        note="times fewer CPU seconds a request",
    )


def _throughput(folder: Path, path: Path) -> Row:
    """Return rows per second of a millisecond model, alternating with the bare runtime."""
    image = np.random.default_rng(2).random((1, 3, 224, 224), dtype=np.float32)
    request = folder / "image.http"
    request.write_bytes(_binary(image, name="data_0"))
    alone = model(str(path))
    batch = {"data_0": np.repeat(image, _BATCH, axis=0)}
    ours, bare = [], []
    given: dict[str, Any] = {"batching": {"max_rows": _BATCH, "max_wait_ms": 2}}
    with _server("ours", path, core=None, **given) as server:
        for turn in range(_REPEATS + 1):
            found = server.load(request, connections=3 * _BATCH, seconds=2 * _SECONDS)
            _expect_all_ok("ours", found)
            start, calls = time.perf_counter(), 0
            while time.perf_counter() - start < 2 * _SECONDS:
                alone.run(batch)
                calls += 1
            if turn:
                ours.append(found["answers"] / found["seconds"])
                bare.append(calls * _BATCH / (time.perf_counter() - start))
    ratios = [mine / theirs for mine, theirs in zip(ours, bare, strict=True)]
    return Row(
        id="edge.ms_class_vs_ort",
        value=max(ours) / max(bare),
        unit="ratio",
        peer=f"onnxruntime alone, batch {_BATCH}, 1 thread; bar 0.90",
        n=_REPEATS,
        note=f"SqueezeNet 224x224 (602 kB a request): {max(ours):.0f} of {max(bare):.0f} rows/s; "
        f"median of ratios {statistics.median(ratios):.2f}",
    )


def _tail(folder: Path, path: Path) -> Row:
    """Return the tail latency relative to the median at 70 % of the peak load."""
    request = folder / "binary.http"
    found = []
    with _server("ours", path) as server:
        server.load(request, connections=_CLIENTS, seconds=_SECONDS)
        peak = server.load(request, connections=_CLIENTS, seconds=_SECONDS)
        rate = 0.7 * peak["answers"] / peak["seconds"]
        for _ in range(_REPEATS):
            answer = server.load(request, connections=256, seconds=2 * _SECONDS, rate=rate)
            _expect_all_ok("ours", answer)
            found.append(answer)
    ratios = [item["by_status"]["200"]["p99"] / item["by_status"]["200"]["p50"] for item in found]
    best = found[ratios.index(min(ratios))]
    ok = best["by_status"]["200"]
    return Row(
        id="edge.p99_over_p50",
        value=min(ratios),
        unit="ratio",
        peer="bar 5",
        n=_REPEATS,
        note=f"at {rate:,.0f}/s open loop, 70 % of peak: p50 {ok['p50']:.2f} ms, "
        f"p99 {ok['p99']:.2f} ms; median of ratios {statistics.median(ratios):.1f}; "
        f"generator {best['cpu_share']:.0%} of its core",
    )


def _overload(folder: Path, path: Path) -> Row:
    """Return the goodput at five times the capacity, relative to the peak."""
    request = folder / "binary.http"
    given: dict[str, Any] = {
        "slow_ms": _SLOW_MS,
        "batching": {"max_rows": _BATCH, "queue": 4 * _BATCH},
    }
    with _server("ours", path, **given) as server:
        server.load(request, connections=2 * _BATCH, seconds=_SECONDS)
        peak = server.load(request, connections=3 * _BATCH, seconds=2 * _SECONDS)
        best = peak["answers"] / peak["seconds"]
        before = server.memory()
        found = server.load(
            request, connections=400, seconds=_OVERLOAD_SECONDS, rate=_FACTOR * best
        )
        after = server.memory()
    ok, shed = (found["by_status"].get(status, _NOTHING) for status in ("200", "503"))
    if found["lost"] or set(found["by_status"]) - {"200", "503"}:
        raise RuntimeError(f"expected answers 200 and 503 only; got {found}")
    return Row(
        id="edge.goodput_overload",
        value=ok["count"] / found["seconds"] / best,
        unit="ratio",
        peer=f"its own peak at {_FACTOR} times the load; bar 0.90",
        n=1,
        note=f"{found['seconds']:.0f} s at {_FACTOR * best:,.0f}/s, "
        f"model slowed to {_SLOW_MS:.0f} ms: peak {best:,.0f}/s, "
        f"shed p99 {shed['p99']:.1f} max {shed['max']:.1f} ms (bar 50), "
        f"memory {before / 1e6:.0f} to {after / 1e6:.0f} MB, unsent {found['unsent']}, "
        f"generator {found['cpu_share']:.0%} of its core, longest pause {found['pause_ms']:.0f} ms",
    )


_NOTHING = {"count": 0, "p50": 0.0, "p99": 0.0, "max": 0.0}


def _expect_all_ok(name: str, found: dict[str, Any]) -> None:
    if found["lost"] or set(found["by_status"]) != {"200"}:
        raise RuntimeError(f"{name}: expected answers 200 only; got {found}")


def _binary(image: np.ndarray[Any, Any], name: str = "image") -> bytes:
    tensor = {
        "name": name,
        "datatype": "FP32",
        "shape": list(image.shape),
        "parameters": {"binary_data_size": image.nbytes},
    }
    described = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}})
    text = described.encode()
    return _post(text + image.tobytes(), f"inference-header-content-length: {len(text)}\r\n")


def _json(image: np.ndarray[Any, Any]) -> bytes:
    tensor = {"name": "image", "datatype": "FP32", "shape": list(image.shape)}
    return _post(json.dumps({"inputs": [{**tensor, "data": image.ravel().tolist()}]}).encode())


def _post(body: bytes, headers: str = "") -> bytes:
    head = (
        f"POST {_PATH} HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _answer_size(path: Path, image: np.ndarray[Any, Any]) -> tuple[int, int]:
    """Return the sizes of the JSON body and of the whole response."""
    import http.client  # noqa: PLC0415

    head, _, body = _binary(image).partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    with _server("ours", path) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request("POST", _PATH, body, headers)
        response = connection.getresponse()
        prefix = int(response.headers["inference-header-content-length"])
        size = len(response.read())
        connection.close()
    return prefix, size


def _mlp(path: Path, widths: Sequence[int]) -> Path:
    """Write a network of dense layers with random weights, used for its speed only."""
    random = np.random.default_rng(0)
    nodes, weights, value = [], [], "image"
    for index, (wide, narrow) in enumerate(pairwise(widths)):
        last = index == len(widths) - 2
        layer = random.normal(size=(wide, narrow)).astype(np.float32) / np.float32(wide**0.5)
        weights += [
            numpy_helper.from_array(layer, f"w{index}"),
            numpy_helper.from_array(np.zeros(narrow, np.float32), f"b{index}"),
        ]
        out = "logits" if last else f"g{index}"
        nodes.append(helper.make_node("Gemm", [value, f"w{index}", f"b{index}"], [out]))
        if not last:
            nodes.append(helper.make_node("Relu", [out], [f"r{index}"]))
            value = f"r{index}"
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "mlp",
        [info("image", TensorProto.FLOAT, ["batch", widths[0]])],
        [info("logits", TensorProto.FLOAT, ["batch", widths[-1]])],
        weights,
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path
    )
    return path


def _squeezenet(path: Path) -> Path:
    """Write the SqueezeNet of the onnx package, with a dynamic batch size."""
    folder = Path(onnx.__file__).parent / "backend/test/data/light"
    loaded = onnx.load(folder / "light_squeezenet.onnx")
    weights = {item.name for item in loaded.graph.initializer}
    for value in (*loaded.graph.input, *loaded.graph.output):
        if value.name not in weights:
            value.type.tensor_type.shape.dim[0].dim_param = "batch"
    del loaded.graph.value_info[:]
    onnx.save(loaded, path)
    return path
