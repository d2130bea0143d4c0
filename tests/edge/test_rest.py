"""REST over a real socket: the same answers on the fast path and through ASGI."""

import asyncio
import json
import socket
from collections.abc import Mapping
from typing import Any

import httpx
import numpy as np
import pytest

from mobile_ai.edge.datatypes import BYTES, DATATYPES, pack_bytes
from mobile_ai.edge.limits import HttpLimits
from mobile_ai.edge.paths import infer_target
from mobile_ai.edge.rest import RestApp
from mobile_ai.edge.serving import ModelUnavailableError
from tests.edge.server_world import (
    CLASSES,
    FEATURES,
    VERSION,
    FixedTable,
    Running,
    binary_answer,
    binary_request,
    mlp,
    settings,
)
from tests.waiting import stall, stall_async, until

INFER = "/v2/models/mlp/infer"
X = np.random.default_rng(5).normal(size=(3, FEATURES)).astype(np.float32)


def json_request(array: Any = X, **extra: Any) -> dict[str, Any]:
    described = {"name": "x", "datatype": "FP32", "shape": list(array.shape)}
    return {"inputs": [{**described, "data": array.ravel().tolist()}], **extra}


@pytest.mark.parametrize("path", [INFER, f"/v2/models/mlp/versions/{VERSION}/infer"])
def test_binary_results_are_those_of_the_runtime_bit_for_bit(running: Running, path: str) -> None:
    body, headers = binary_request("x", X[:1], "FP32")
    expected = mlp().run({"x": X[:1]})["y"]
    for _ in range(3):  # the second finds a kept plan
        status, found, answer = running.ask("POST", path, body, headers)
        described, data = binary_answer(found, answer)
        assert status == 200
        assert data == expected.tobytes()
    assert described == {
        "model_name": "mlp",
        "model_version": VERSION,
        "outputs": [
            {
                "name": "y",
                "datatype": "FP32",
                "shape": [1, CLASSES],
                "parameters": {"binary_data_size": 4 * CLASSES},
            }
        ],
    }


def test_json_results_are_those_of_the_runtime(running: Running) -> None:
    status, answer = running.infer(json_request(id="seven", outputs=[{"name": "y"}]))
    assert status == 200
    assert answer["id"] == "seven"
    output = answer["outputs"][0]
    assert output["shape"] == [3, CLASSES]
    found = np.array(output["data"], np.float32).reshape(3, CLASSES)
    assert found.tobytes() == mlp().run({"x": X})["y"].tobytes()


SAMPLES: Mapping[str, list[Any]] = {
    "BOOL": [True, False],
    "FP16": [0.5, -2.0],
    BYTES: ["", "grün"],
    **{name: [0, 1] for name in DATATYPES if "INT" in name},
    "FP32": [0.5, -1e30],
    "FP64": [0.1, 1e300],
}


@pytest.mark.parametrize("datatype", list(DATATYPES))
def test_every_datatype_goes_through_both_ways(running: Running, datatype: str) -> None:
    sample, path = SAMPLES[datatype], f"/v2/models/echo-{datatype.lower()}/infer"
    described = {"name": "x", "datatype": datatype, "shape": [1, 2], "data": sample}
    status, answer = running.infer({"inputs": [described]}, path)
    assert (status, answer["outputs"][0]["data"]) == (200, sample)
    flat = [item.encode() for item in sample] if datatype == BYTES else sample
    array = np.array(flat, DATATYPES[datatype].dtype).reshape(1, 2)
    body, headers = binary_request("x", array, datatype)
    status, found, content = running.ask("POST", path, body, headers)
    raw = pack_bytes(array.ravel()) if datatype == BYTES else array.tobytes()
    assert (status, binary_answer(found, content)[1]) == (200, raw)


def test_infinities_and_nan_pass_in_binary_and_are_refused_in_json(running: Running) -> None:
    array = np.array([[np.nan, np.inf]], np.float32)
    body, headers = binary_request("x", array, "FP32")
    path = "/v2/models/echo-fp32/infer"
    status, found, content = running.ask("POST", path, body, headers)
    assert (status, binary_answer(found, content)[1]) == (200, array.tobytes())
    body, headers = binary_request("x", array, "FP32", parameters={})
    status, _, content = running.ask("POST", path, body, headers)
    assert status == 400
    assert "binary_data" in json.loads(content)["error"]


WRONG: Mapping[str, Any] = {
    "no inputs": {},
    "other input": {"inputs": [{"name": "z"}]},
    "input twice": {"inputs": json_request()["inputs"] * 2},
    "unknown output": json_request(outputs=[{"name": "z"}]),
    "output twice": json_request(outputs=[{"name": "y"}] * 2),
    "id is a number": json_request(id=7),
    "parameters are a list": json_request(parameters=[1]),
    "timeout below one": json_request(parameters={"timeout": 0}),
    "wrong shape": json_request(X[:, :3]),
    "list": [],
}


@pytest.mark.parametrize("case", list(WRONG))
def test_a_wrong_request_is_answered_with_400_and_why(running: Running, case: str) -> None:
    status, answer = running.infer(WRONG[case])
    assert status == 400
    assert set(answer) == {"error"}
    assert answer["error"]


@pytest.mark.parametrize("length", ["x", "-1", "99999", "1", "99999999999999"])
def test_a_wrong_length_of_the_json_part_is_refused(running: Running, length: str) -> None:
    body, _ = binary_request("x", X, "FP32")
    assert running.ask("POST", INFER, body, {"Inference-Header-Content-Length": length})[0] == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2", 200),
        ("GET", "/v2/health/live", 200),
        ("GET", "/v2/health/ready", 200),
        ("GET", "/v2/models/mlp", 200),
        ("GET", f"/v2/models/mlp/versions/{VERSION}", 200),
        ("GET", "/v2/models/mlp/ready", 200),
        ("GET", "/metrics", 200),
        ("GET", "/openapi.json", 200),
        ("HEAD", "/v2", 200),
        ("POST", "/v2/repository/index", 200),
        ("POST", "/v2/repository/models/mlp/load", 403),
        ("POST", "/v2/repository/models/mlp/unload", 403),
        ("GET", "/v2/models/none", 404),
        ("GET", "/v2/models/mlp/versions/9", 404),
        ("GET", "/v2/models/none/ready", 404),
        ("POST", "/v2/models/none/infer", 404),
        ("GET", "/", 404),
        ("GET", "/v2/models/../secret", 404),
        ("GET", "/v2/models/%2e%2e", 404),
        ("GET", INFER, 405),
        ("POST", "/v2", 405),
        ("DELETE", "/v2/models/mlp", 405),
    ],
)
def test_each_path_answers_as_the_protocol_says(
    running: Running, method: str, path: str, status: int
) -> None:
    found, headers, body = running.ask(method, path)
    assert found == status
    if method != "HEAD" and status >= 400:
        assert set(json.loads(body)) == {"error"}
    assert int(headers["content-length"]) == len(body) or method == "HEAD"


def test_metadata_tells_shapes_versions_and_the_manifest(running: Running) -> None:
    assert json.loads(running.ask("GET", "/v2/models/mlp")[2]) == {
        "name": "mlp",
        "versions": [VERSION],
        "platform": "onnx_onnxv1",
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, FEATURES]}],
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, CLASSES]}],
        "parameters": {"manifest_sha256": "0" * 64},
    }


def test_the_index_can_be_asked_for_what_is_ready(running: Running) -> None:
    status, _, body = running.ask("POST", "/v2/repository/index", b'{"ready": true}')
    assert status == 200
    assert {"name": "mlp", "version": VERSION, "state": "READY", "reason": ""} in json.loads(body)
    assert running.ask("POST", "/v2/repository/index", b'{"ready": 1}')[0] == 400


def raw(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """Send raw bytes; return the response until the server closes or is silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for part in parts:
            connection.sendall(part)
            stall(pause)
        found = b""
        try:
            while chunk := connection.recv(65536):
                found += chunk
        except (TimeoutError, ConnectionResetError):
            pass
        return found


def http_post(body: bytes, *lines: bytes, version: bytes = b"1.1", path: str = INFER) -> bytes:
    head = b"POST %s HTTP/%s" % (path.encode(), version)
    length = b"content-length: %d" % len(body)
    return b"\r\n".join([head, b"host: x", length, *lines, b"", body])


def test_pipelined_requests_are_answered_in_order(running: Running) -> None:
    requests = b"".join(
        http_post(json.dumps(json_request(X[i % 3 : i % 3 + 1], id=str(i))).encode())
        for i in range(6)
    )
    last = b"GET /v2 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    found = raw(running.port, requests + last)
    assert found.count(b"HTTP/1.1 200 OK") == 7
    at = [found.index(b'"id":"%d"' % i) for i in range(6)]
    assert at == sorted(at)


@pytest.mark.parametrize("form", ["1.0", "close", "chunked", "expect", "split"])
def test_unusual_forms_of_a_request_are_answered(running: Running, form: str) -> None:
    body = json.dumps(json_request()).encode()
    close = b"connection: close"
    match form:
        case "1.0":
            parts = [http_post(body, version=b"1.0")]
        case "close":
            parts = [http_post(body, close)]
        case "chunked":
            chunks = b"".join(
                b"%x\r\n%s\r\n" % (len(body[i : i + 100]), body[i : i + 100])
                for i in range(0, len(body), 100)
            )
            head = f"POST {INFER} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n"
            parts = [head.encode() + close + b"\r\n\r\n", chunks, b"0\r\n\r\n"]
        case "expect":
            parts = [http_post(body, b"expect: 100-continue", close)]
        case _:
            whole = http_post(body, close)
            parts = [whole[:30], whole[30:200], whole[200:]]
    found = raw(running.port, *parts, pause=0.05)
    assert found.count(b" 200 OK\r\n") == 1
    assert b'"model_name":"mlp"' in found


def test_a_body_over_the_limit_is_refused_and_the_connection_ends(running: Running) -> None:
    with Running(FixedTable([mlp()]), settings(requests={"max_body_mib": 0.01})) as server:
        for path in (INFER, "/v2/repository/index"):
            request = http_post(b"x" * 20_000, b"connection: close", path=path)
            assert b" 413 " in raw(server.port, request)
        assert server.infer(json_request(X[:1]))[0] == 200
    del running


@pytest.mark.slow
def test_slow_and_endless_senders_are_cut_off_and_others_served() -> None:
    given = settings(requests={"arrival_seconds": 1})
    with Running(FixedTable([mlp()]), given) as server:
        asyncio.run_coroutine_threadsafe(_sweep(server), server.loop)
        slow = http_post(b"x" * 100)[:-50]
        for stuck in (b"", b"POST /v2/mo", slow):
            with socket.create_connection(("127.0.0.1", server.port), timeout=15) as connection:
                connection.sendall(stuck)
                assert server.infer(json_request())[0] == 200
                assert connection.recv(10) == b""
        endless = b"GET /v2 HTTP/1.1\r\nx: " + b"y" * 2_000_000
        assert b"200" not in raw(server.port, endless)


async def _sweep(server: Running) -> None:
    while True:
        await stall_async(0.5)
        for connection in list(server.server.server_state.connections):
            connection.sweep(0.5)


def test_connections_over_the_limit_are_told_so() -> None:
    with Running(
        FixedTable([mlp()]), settings(listen={"port": 0, "grpc_port": 0, "connections": 2})
    ) as server:
        held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(2)]
        assert b" 503 " in raw(server.port, b"")
        for connection in held:
            connection.close()
        until(lambda: not server.server.server_state.connections)
        assert server.infer(json_request())[0] == 200


def test_a_client_that_goes_away_costs_nothing_but_its_answer(running: Running) -> None:
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", running.port)) as connection:
            connection.sendall(http_post(json.dumps(json_request()).encode()))
    assert running.infer(json_request())[0] == 200
    until(lambda: running.table.served["mlp"].in_flight == 0)


def test_a_model_that_cannot_serve_now_is_503_and_ready_is_false() -> None:
    table = FixedTable([mlp()])

    def route(*_: object) -> Any:
        raise ModelUnavailableError("mlp: is loading")

    table.route = route
    table.is_ready = False
    with Running(table) as server:
        status, headers, _ = server.ask("POST", INFER, json.dumps(json_request()).encode())
        assert (status, headers["retry-after"]) == (503, "1")
        assert server.ask("GET", "/v2/models/mlp/ready")[0] == 503
        assert server.ask("GET", "/v2/health/ready")[0] == 503
        assert server.ask("GET", "/v2/health/live")[0] == 200


BODIES = [
    *(json.dumps(value).encode() for value in WRONG.values()),
    json.dumps(json_request()).encode(),
    b"",
    b"\xff",
    b"[" * 2000,
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_the_short_way_and_asgi_answer_the_same(running: Running, body: bytes) -> None:
    assert infer_target(INFER.encode()) is not None
    short = running.ask("POST", INFER, body)

    async def through_asgi() -> httpx.Response:
        front = type(running.front)(
            FixedTable([mlp()]),
            admission=running.front.admission,
            limits=running.front.limits,
        )
        transport = httpx.ASGITransport(RestApp(front, HttpLimits()))
        async with httpx.AsyncClient(transport=transport, base_url="http://edge") as client:
            return await client.post(INFER, content=body)

    other = asyncio.run(through_asgi())
    assert (short[0], short[2]) == (other.status_code, other.content)
    assert short[1] == dict(other.headers)
