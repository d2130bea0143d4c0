"""Servers under test, one process each: ours, a no-op, and Starlette with JSON.

`python -m benchmarks._edge_server KIND MODEL [SETTINGS as JSON]` prints its port when it accepts.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
import uvloop
from numpy.typing import NDArray

from mobile_ai.edge.runtime import OnnxModel
from mobile_ai.edge.server import serve
from mobile_ai.edge.serving import (
    Headers,
    IndexEntry,
    ModelIdentity,
    ModelRun,
    Served,
    Tensors,
    UnknownModelError,
)
from mobile_ai.edge.settings import ServerSettings

_NAME = "bench"
_SOURCE = {"folder": "none", "trust": "none"}  # never looked at: the table is given


class SlowModel(OnnxModel):
    """A model that takes a given time without using the CPU throughout."""

    seconds = 0.0

    def run(self, batch: Tensors) -> dict[str, NDArray[Any]]:
        """Run, then sleep for the remaining time."""
        end = time.perf_counter() + self.seconds
        outputs = super().run(batch)
        time.sleep(max(0.0, end - time.perf_counter()))
        return outputs


class _OneModel:
    """A table with one model. See :class:`mobile_ai.edge.serving.ModelTable`."""

    def __init__(self, model: OnnxModel) -> None:
        self._served = Served(model)

    def route(self, name: str, version: str | None, headers: Headers) -> Served:
        del version, headers
        if name != _NAME:
            raise UnknownModelError(f"model {name!r}: expected {_NAME!r}")
        return self._served.acquire()

    def versions(self, name: str) -> tuple[str, ...]:
        del name
        return ("1.0.0",)

    def ready(self) -> bool:
        return True

    def index(self) -> Sequence[IndexEntry]:
        return ()

    async def load(self, name: str) -> None:
        """Accept without effect."""

    async def unload(self, name: str) -> None:
        """Accept without effect."""

    def observe(self, run: ModelRun) -> None:
        """Accept without effect."""

    async def start(self) -> None:
        """Accept without effect, as the model is loaded already."""

    async def close(self) -> None:
        """Close without effect."""


def model(path: str, *, slow_ms: float = 0.0, threads: int = 1) -> OnnxModel:
    """Return a model from a file."""
    identity = ModelIdentity(name=_NAME, version="1.0.0", digest="0" * 64)
    loaded = SlowModel(Path(path), identity, threads=threads)
    loaded.seconds = slow_ms / 1000
    return loaded


def _ours(path: str, given: dict[str, Any]) -> None:
    slow = given.pop("slow_ms", 0.0)
    settings = ServerSettings.model_validate(
        {
            "models": {"follow": [{"model": _NAME, "variant": "x"}], "local": _SOURCE},
            "listen": {"port": 0},
            "drain": {"announce_seconds": 0},
            "log_level": "error",
            **given,
        }
    )

    async def main() -> None:
        table = _OneModel(model(path, slow_ms=slow))
        await serve(settings, table=table, started=lambda port, _: print(port, flush=True))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def _no_op(_: str, given: dict[str, Any]) -> None:
    """Read the body and return bytes: the floor of any ASGI application on this server."""
    prefix, body = given["prefix"], b"\0" * given["bytes"]
    headers = [
        (b"content-type", b"application/octet-stream"),
        (b"inference-header-content-length", str(prefix).encode()),
        (b"content-length", str(len(body)).encode()),
    ]

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    _uvicorn(app)


def _starlette(path: str, _: dict[str, Any]) -> None:
    """Serve JSON in the usual way, with one runtime call per request."""
    from starlette.applications import Starlette  # noqa: PLC0415
    from starlette.requests import Request  # noqa: PLC0415
    from starlette.responses import JSONResponse  # noqa: PLC0415
    from starlette.routing import Route  # noqa: PLC0415

    loaded = model(path)

    async def infer(request: Request) -> JSONResponse:
        asked = (await request.json())["inputs"][0]
        array = np.array(asked["data"], np.float32).reshape(asked["shape"])
        (name, output), *_ = loaded.run({asked["name"]: array}).items()
        described = {"name": name, "datatype": "FP32", "shape": output.shape}
        return JSONResponse({"outputs": [{**described, "data": output.ravel().tolist()}]})

    route = Route(f"/v2/models/{_NAME}/infer", infer, methods=["POST"])
    _uvicorn(Starlette(routes=[route]))


def _uvicorn(app: Any) -> None:
    config = uvicorn.Config(
        app,
        port=0,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
    )

    async def main() -> None:
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
            await asyncio.sleep(0.01)
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)
        await serving

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


if __name__ == "__main__":
    kinds = {"ours": _ours, "no-op": _no_op, "starlette": _starlette}
    kinds[sys.argv[1]](sys.argv[2], json.loads(sys.argv[3]) if len(sys.argv) > 3 else {})  # noqa: PLR2004
