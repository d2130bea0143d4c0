"""Generated models, a fixed table of them, and a server in a thread."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import uvicorn
import uvloop
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from mobile_ai.edge.datatypes import BYTES, DATATYPES, pack_bytes
from mobile_ai.edge.grpc_server import start_grpc
from mobile_ai.edge.inference_service import Front
from mobile_ai.edge.rest import RestApp
from mobile_ai.edge.runtime import OnnxModel
from mobile_ai.edge.server import http_config, make_front
from mobile_ai.edge.serving import (
    Headers,
    IndexEntry,
    ModelIdentity,
    ModelRun,
    Served,
    ServedModel,
    ServedTensor,
    UnknownModelError,
)
from mobile_ai.edge.settings import ServerSettings
from tests.waiting import until_async

VERSION = "1.2.0"
FEATURES, CLASSES = 16, 4
_ONNX = {
    "BOOL": TensorProto.BOOL,
    "FP16": TensorProto.FLOAT16,
    "FP32": TensorProto.FLOAT,
    "FP64": TensorProto.DOUBLE,
    BYTES: TensorProto.STRING,
    **{f"INT{n}": getattr(TensorProto, f"INT{n}") for n in (8, 16, 32, 64)},
    **{f"UINT{n}": getattr(TensorProto, f"UINT{n}") for n in (8, 16, 32, 64)},
}


def identity(name: str) -> ModelIdentity:
    return ModelIdentity(name=name, version=VERSION, digest="0" * 64)


def graph(
    name: str, nodes: list[Any], inputs: list[Any], outputs: list[Any], weights: Any
) -> bytes:
    made = helper.make_graph(nodes, name, inputs, outputs, weights)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    data: bytes = model.SerializeToString()
    return data


def mlp_bytes() -> bytes:
    """Return a small network: `x` [batch, 16] FP32 to `y` [batch, 4] FP32."""
    random = np.random.default_rng(7)
    weights = [
        numpy_helper.from_array(random.normal(size=shape).astype(np.float32), name)
        for name, shape in (("w", (FEATURES, 32)), ("b", (32,)), ("v", (32, CLASSES)))
    ]
    nodes = [
        helper.make_node("Gemm", ["x", "w", "b"], ["h"]),
        helper.make_node("Tanh", ["h"], ["t"]),
        helper.make_node("MatMul", ["t", "v"], ["y"]),
    ]
    info = helper.make_tensor_value_info
    return graph(
        "mlp",
        nodes,
        [info("x", TensorProto.FLOAT, ["batch", FEATURES])],
        [info("y", TensorProto.FLOAT, ["batch", CLASSES])],
        weights,
    )


def mlp() -> OnnxModel:
    return OnnxModel(mlp_bytes(), identity("mlp"))


def echo(datatype: str) -> OnnxModel:
    """Return a model that returns `x` [batch, any] of a datatype, named after it."""
    info = helper.make_tensor_value_info
    shape = ["batch", "n"]
    data = graph(
        "echo",
        [helper.make_node("Identity", ["x"], ["y"])],
        [info("x", _ONNX[datatype], shape)],
        [info("y", _ONNX[datatype], shape)],
        [],
    )
    return OnnxModel(data, identity(f"echo-{datatype.lower()}"))


def typed() -> list[OnnxModel]:
    return [echo(datatype) for datatype in DATATYPES]


class Scripted:
    """A model with scripted behaviour."""

    platform = "test"

    def __init__(self, name: str, run: Any, *, batchable: bool = True, outputs: Any = None) -> None:
        self.identity = identity(name)
        self.inputs = (ServedTensor(name="x", datatype="FP32", shape=(-1, 2)),)
        self.outputs = outputs or (ServedTensor(name="y", datatype="FP32", shape=(-1, 2)),)
        self.batchable = batchable
        self.run = run


class FixedTable:
    """A table that never changes. See :class:`mobile_ai.edge.serving.ModelTable`."""

    def __init__(self, models: Sequence[ServedModel]) -> None:
        self.served = {model.identity.name: Served(model) for model in models}
        self.runs: list[ModelRun] = []
        self.is_ready = True
        self.changes: list[tuple[str, str]] = []

    def route(self, name: str, version: str | None, headers: Headers) -> Served:
        del headers
        served = self.served.get(name)
        if served is None or version not in {None, VERSION}:
            raise UnknownModelError(f"model {name!r}: got no such model or version")
        return served.acquire()

    def versions(self, name: str) -> tuple[str, ...]:
        return (self.served[name].model.identity.version,)

    def ready(self) -> bool:
        return self.is_ready

    def index(self) -> Sequence[IndexEntry]:
        return [IndexEntry(name=name, version=VERSION, state="READY") for name in self.served]

    async def load(self, name: str) -> None:
        self.changes.append(("load", name))

    async def unload(self, name: str) -> None:
        self.changes.append(("unload", name))

    def observe(self, run: ModelRun) -> None:
        self.runs.append(run)

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass


def settings(**changed: Any) -> ServerSettings:
    """Return settings for a free port; the source of models is not used."""
    values: dict[str, Any] = {
        "models": {
            "follow": [{"model": "mlp", "variant": "x"}],
            "local": {"folder": "none", "trust": "none"},
        },
        "listen": {"port": 0, "grpc_port": 0},
    }
    return ServerSettings.model_validate({**values, **changed})


class Running:
    """A server in a thread of this process."""

    def __init__(self, table: Any, given: ServerSettings | None = None) -> None:
        self.table, self._settings = table, given or settings()
        self.front: Front = make_front(self._settings, table)
        app = RestApp(self.front, self._settings.http_limits())
        self.server = uvicorn.Server(http_config(app, self._settings))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._up = threading.Event()
        self.port = self.grpc_port = 0

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        self.loop = asyncio.get_running_loop()
        rpc = await start_grpc(self.front, self._settings)
        serving = asyncio.create_task(self.server.serve())
        await until_async(lambda: self.server.started)
        self.grpc_port = rpc.port
        self.port = self.server.servers[0].sockets[0].getsockname()[1]
        self._up.set()
        await serving
        await rpc.stop(1)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._up.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self._thread.join(60)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return response.status, found, response.read()
        finally:
            connection.close()

    def infer(self, request: object, path: str = "/v2/models/mlp/infer") -> tuple[int, Any]:
        status, _, body = self.ask("POST", path, json.dumps(request).encode())
        return status, json.loads(body)


def binary_request(
    name: str, array: NDArray[Any], datatype: str, **extra: Any
) -> tuple[bytes, dict[str, str]]:
    """Return body and headers of a request with one binary tensor, for a binary answer."""
    data = pack_bytes(array.ravel()) if datatype == BYTES else array.tobytes()
    described = {
        "inputs": [
            {
                "name": name,
                "datatype": datatype,
                "shape": list(array.shape),
                "parameters": {"binary_data_size": len(data)},
            }
        ],
        "parameters": {"binary_data_output": True},
        **extra,
    }
    text = json.dumps(described).encode()
    return text + data, {"Inference-Header-Content-Length": str(len(text))}


def binary_answer(headers: Mapping[str, str], body: bytes) -> tuple[dict[str, Any], bytes]:
    length = int(headers["inference-header-content-length"])
    return json.loads(body[:length]), body[length:]
