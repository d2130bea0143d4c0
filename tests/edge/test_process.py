"""The server as a process, with models that hang and clients that hold its descriptors."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ROW = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}
HANG = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [9, 9]}]}
# A server with a model that loops for ever if the first value is 9, as one whose number of rounds
# comes from its input does. It is C code there and so lets the interpreter go; here it sleeps.
SERVER = """
    import sys, time, json, uvloop
    from mobile_ai.edge.logs import configure
    from mobile_ai.edge.server import serve
    from mobile_ai.edge.settings import ServerSettings
    from tests.edge.server_world import FixedTable, Scripted

    def run(batch):
        while batch["x"][0, 0] == 9:
            time.sleep(0.01)
        return {"y": batch["x"]}

    def started(port, grpc):
        print(port, flush=True)

    configure("info")
    given = ServerSettings.model_validate_json(sys.argv[1])
    table = FixedTable([Scripted("m", run), Scripted("other", lambda batch: {"y": batch["x"]})])
    uvloop.run(serve(given, table=table, started=started))
"""


class Process:
    """A server in another process."""

    def __init__(self, server: "subprocess.Popen[str]") -> None:
        assert server.stdout is not None
        self.server, self.port = server, int(server.stdout.readline())

    def ask(self, body: object = ROW, path: str = "/v2/models/m/infer") -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST" if body else "GET", path, json.dumps(body) if body else None)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def ended(self) -> tuple[int, list[Any]]:
        """Wait for the exit; return the exit code and the log."""
        _, errors = self.server.communicate(timeout=60)
        return self.server.returncode, [json.loads(line) for line in errors.splitlines()]


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    with contextlib.ExitStack() as stack:

        def make(files: tuple[int, int] | None = None, **changed: Any) -> Process:
            values = {
                "models": {
                    "follow": [{"model": "m", "variant": "x"}],
                    "local": {"folder": "none", "trust": "none"},
                },
                "listen": {"port": 0},
                "drain": {"announce_seconds": 0.1, "finish_seconds": 0.5},
                **changed,
            }
            command = [sys.executable, "-c", textwrap.dedent(SERVER), json.dumps(values)]
            if files is not None:
                limits = f"ulimit -S -n {files[0]} && ulimit -H -n {files[1]}"
                command = ["sh", "-c", f'{limits} && exec "$@"', "sh", *command]
            server = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'policy-pack'}"},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(server)
            stack.callback(server.kill)
            return Process(server)

        yield make


def hang(process: Process) -> None:
    """Make the model hang, and wait until it does."""

    def ask() -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            process.ask(HANG)

    threading.Thread(target=ask, daemon=True).start()
    until(lambda: process.ask(None, "/v2/health/ready") == (503, {"ready": False}))


def test_while_a_call_hangs_others_are_served_and_the_server_lives_but_is_not_ready(
    start: Callable[..., Process],
) -> None:
    process = start(requests={"timeout_ms": 300, "call_seconds": 600})
    assert process.ask()[0] == 200
    hang(process)
    assert process.ask(None, "/v2/health/live")[0] == 200
    assert process.ask(None, "/v2/models/m/ready") == (503, {"name": "m", "ready": False})
    assert process.ask(None, "/v2/models/other/ready")[0] == 200
    assert process.ask(path="/v2/models/other/infer")[0] == 200
    assert process.ask()[0] == 504


def test_a_call_that_hangs_ends_the_process_with_a_code_of_its_own(
    start: Callable[..., Process],
) -> None:
    process = start(requests={"timeout_ms": 300, "call_seconds": 1})
    assert process.ask(HANG)[0] == 504
    code, log = process.ended()
    assert code == 70
    (said,) = [line for line in log if line["level"] == "critical"]
    assert (said["model"], said["version"]) == ("m", "1.2.0")
    assert said["seconds"] > 1


@pytest.mark.parametrize("signals", [1, 2])
def test_sigterm_ends_a_process_whose_model_hangs(
    start: Callable[..., Process], signals: int
) -> None:
    process = start(requests={"timeout_ms": 300, "call_seconds": 600})
    hang(process)
    for _ in range(signals):
        process.server.send_signal(signal.SIGTERM)
    code, log = process.ended()
    assert code in {0, 70}
    assert any(line["message"] == "leaving" for line in log) or signals == 2


def test_idle_connections_take_no_descriptor_that_the_server_needs(
    start: Callable[..., Process],
) -> None:
    """The soft limit is raised to the hard one; connections keep a reserve below it."""
    process = start(files=(64, 256), listen={"port": 0, "connections": 1024})
    held = [socket.create_connection(("127.0.0.1", process.port)) for _ in range(400)]
    try:
        statuses = [
            connection.recv(65_536)[9:12] for connection in held[128:] if not connection.send(b"")
        ]
        assert set(statuses) == {b"503"}
        files = Path(f"/proc/{process.server.pid}/fd")
        until(lambda: len(list(files.iterdir())) < 256 - 64)
    finally:
        for connection in held:
            connection.close()
    until(lambda: process.ask()[0] == 200)
    process.server.send_signal(signal.SIGTERM)
    code, log = process.ended()
    assert code == 0
    (said,) = [line for line in log if line["logger"] == "mobile_ai.edge.descriptors"]
    assert (said["connections"], said["wanted"], said["open_files"]) == (128, 1024, 256)
