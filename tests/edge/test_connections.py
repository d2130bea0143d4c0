"""Connections are closed: idle, endless, silent and unread ones, and unauthenticated ones."""

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from mobile_ai.edge.admission import hash_key
from mobile_ai.edge.descriptors import cap_connections
from mobile_ai.edge.proto import open_inference_grpc_pb2 as messages
from tests.edge.server_world import FEATURES, FixedTable, Running, mlp, settings
from tests.waiting import stall_async, until

GET = b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n"
INFER = b"POST /v2/models/mlp/infer HTTP/1.1\r\nHost: x\r\n"
CHUNKED = INFER + b"Transfer-Encoding: chunked\r\n\r\n"
ROW = {
    "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, FEATURES], "data": [0] * FEATURES}]
}
TURN = 0.05


async def _sweep(server: Running) -> None:
    while True:
        await stall_async(TURN)
        for connection in list(server.server.server_state.connections):
            connection.sweep(TURN)


@pytest.fixture(scope="module")
def strict() -> Iterator[Running]:
    given = settings(
        listen={"port": 0, "grpc_port": 0, "idle_seconds": 0.5},
        requests={"arrival_seconds": 0.5, "max_body_mib": 1},
    )
    with Running(FixedTable([mlp()]), given) as server:
        asyncio.run_coroutine_threadsafe(_sweep(server), server.loop)
        yield server


def connect(server: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=30)


def ended(connection: socket.socket) -> bool:
    """Read until the peer closes the connection."""
    try:
        while connection.recv(65_536):
            pass
    except ConnectionError:
        pass
    return True


def open_connections(server: Running) -> int:
    return len(server.server.server_state.connections)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(GET[:9], id="a part of a request"),
        pytest.param(GET, id="a request, then nothing"),
        pytest.param(GET + b"\r\n", id="a request, then an empty line"),
        pytest.param(GET + b"G", id="a request, then a part of one"),
        pytest.param(INFER + b"Content-Length: 9\r\n\r\n{", id="a part of a body"),
        pytest.param(CHUNKED + b"1\r\n{\r\n0\r\nX-A: 1\r\n", id="a part of trailers"),
    ],
)
def test_a_connection_that_makes_no_progress_is_ended(strict: Running, sent: bytes) -> None:
    with connect(strict) as connection:
        connection.sendall(sent)
        assert ended(connection)
    assert strict.ask("GET", "/v2/health/live")[0] == 200


def test_empty_lines_do_not_keep_a_connection_open(strict: Running) -> None:
    with connect(strict) as connection:
        connection.sendall(GET)
        connection.setblocking(False)  # noqa: FBT003

        def over() -> bool:
            try:
                connection.send(b"\r\n")
                return connection.recv(65_536) == b""
            except BlockingIOError:
                return False
            except ConnectionError:
                return True

        until(over)


def test_answers_that_are_never_read_end_the_connection(strict: Running) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", strict.port))
        connection.setblocking(False)  # noqa: FBT003
        request = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"

        def over() -> bool:
            try:
                connection.send(request * 50)
            except BlockingIOError:
                return False
            except ConnectionError:
                return True
            return False

        until(over)
    until(lambda: open_connections(strict) == 0)


def test_a_client_that_asks_the_same_again_and_again_is_not_ended(strict: Running) -> None:
    """Its requests are byte-identical, and a sweep may see it at the same point each time."""
    with connect(strict) as connection:
        for _ in range(60):
            connection.sendall(GET)
            answer = connection.recv(65_536)
            while answer and not answer.endswith(b"}"):  # head and body may come apart
                answer += connection.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 200")
            asyncio.run_coroutine_threadsafe(_once(strict), strict.loop).result(60)


async def _once(server: Running) -> None:
    for connection in list(server.server.server_state.connections):
        connection.sweep(0.1)


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        pytest.param(CHUNKED + b"1\r\n{\r\n0\r\n", b"X-A: " + b"a" * 1000 + b"\r\n", id="trailers"),
        pytest.param(CHUNKED + b"1\r\n{\r\n0\r\nX-A: ", b"a" * 1000, id="one endless trailer"),
        pytest.param(CHUNKED + b"1;a=", b"a" * 1000, id="an extension of a chunk"),
        pytest.param(INFER + b"X-A: ", b"a" * 1000, id="one endless header"),
        pytest.param(INFER, b"X-A: " + b"a" * 1000 + b"\r\n", id="headers"),
        pytest.param(GET, b"\r\n" * 500, id="empty lines"),
    ],
)
def test_what_comes_beside_a_body_is_bounded(running: Running, begin: bytes, more: bytes) -> None:
    taken = 0
    with connect(running) as connection:
        connection.sendall(begin)
        try:
            for _ in range(16 * 1024):
                connection.sendall(more)
                taken += len(more)
        except ConnectionError:
            pass
    assert taken < 12_000_000  # what sockets hold is in it; the server has taken far less
    assert running.ask("GET", "/v2/health/live")[0] == 200


def test_a_body_in_chunks_of_one_byte_and_a_trailer_are_accepted(running: Running) -> None:
    body = json.dumps(ROW).encode() + b" " * 20_000
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    with connect(running) as connection:
        connection.sendall(CHUNKED + chunks + b"0\r\nX-A: 1\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("more", [b"", b"Expect: 100-continue\r\n"], ids=["direct", "expect"])
def test_a_stranger_is_refused_before_the_body_is_read(tmp_path: Path, more: bytes) -> None:
    listed = [{"client": "one", "sha256": hash_key(b"k")}]
    (tmp_path / "keys.json").write_text(json.dumps({"keys": listed}))
    given = settings(access={"keys": str(tmp_path / "keys.json")})
    with Running(FixedTable([mlp()]), given) as server:
        with connect(server) as connection:
            connection.sendall(INFER + more + b"Content-Length: 1000000\r\n\r\n")
            assert connection.recv(65_536).startswith(b"HTTP/1.1 401")
        body = json.dumps(ROW).encode()
        again = INFER + b"Content-Length: %d\r\nX-API-Key: k\r\n\r\n" % len(body) + body
        stranger = INFER + b"Content-Length: %d\r\n\r\n" % len(body) + body
        with connect(server) as connection:  # what follows a refusal is not served
            connection.sendall(stranger)
            found = connection.recv(65_536)
            assert b"connection: close" in found
            assert ended(connection)
        with connect(server) as connection:
            connection.sendall(again)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


def test_a_new_channel_is_no_new_client_to_a_quota() -> None:
    given = settings(access={"quota": {"requests_per_second": 0.001, "burst": 3}})
    asked: Any = messages.ModelInferRequest(model_name="mlp")
    tensor = asked.inputs.add(name="x", datatype="FP32", shape=[1, FEATURES])
    tensor.contents.fp32_contents.extend([0] * FEATURES)
    codes = []
    with Running(FixedTable([mlp()]), given) as server:
        for _ in range(6):
            own = [("grpc.use_local_subchannel_pool", 1)]
            with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}", options=own) as channel:
                call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
                try:
                    call(asked.SerializeToString(), timeout=60)
                    codes.append("OK")
                except grpc.RpcError as error:
                    codes.append(error.code().name)
    assert codes == ["OK"] * 3 + ["RESOURCE_EXHAUSTED"] * 3


def test_a_stranger_is_refused_over_grpc_before_the_message_is_read(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(
        json.dumps({"keys": [{"client": "one", "sha256": hash_key(b"k")}]})
    )
    given = settings(access={"keys": str(tmp_path / "keys.json")})
    found = []
    with (
        Running(FixedTable([mlp()]), given) as server,
        grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel,
    ):
        call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        for key in ((), (("x-api-key", "k"),)):
            # No message of the protocol: whoever reads it says so.
            with pytest.raises(grpc.RpcError) as refused:
                call(b"\xff" * 1_000_000, metadata=key, timeout=30)
            found.append(refused.value.code().name)
    assert found[0] == "UNAUTHENTICATED"
    assert found[1] != "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("wanted", "limit", "ports", "given"),
    [(1024, 1_048_576, 2, 1024), (1024, 1024, 1, 864), (1024, 1024, 2, 432), (9, 8, 2, 2)],
)
def test_connections_leave_descriptors_for_files(
    wanted: int, limit: int, ports: int, given: int
) -> None:
    assert cap_connections(wanted, limit=limit, ports=ports) == given
