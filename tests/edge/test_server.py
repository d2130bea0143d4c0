"""The server as a process: start, health, changing files, and shutdown without loss."""

import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from mobile_ai.edge.admission import hash_key
from mobile_ai.edge.settings import ServerSettingsError, from_environment, load_settings
from mobile_ai.edge.tracing import Tracing
from tests.edge.authority import Authority
from tests.edge.server_world import FEATURES, FixedTable, Running, Scripted, mlp, settings
from tests.waiting import stall, until

ROOT = Path(__file__).parents[2]
DIGIT = {
    "inputs": [{"name": "image", "datatype": "FP32", "shape": [1, 28, 28, 1], "data": [0.5] * 784}]
}
ROW = {
    "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, FEATURES], "data": [0] * FEATURES}]
}


@pytest.fixture
def process(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    config = tmp_path / "edge.yaml"
    content = {
        "models": {
            "cache": str(tmp_path / "cache"),
            "local": {"folder": "models", "trust": "policy-pack/trust/dev.yaml"},
            "follow": [{"model": "digits", "variant": "int8-onnx"}],
        },
        "listen": {"port": 0, "grpc_port": 0},
        "drain": {"announce_seconds": 4},
    }
    config.write_text(json.dumps(content))
    command = [sys.executable, "-m", "mobile_ai.cli.main", "edge", "serve", "--config", str(config)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'policy-pack'}"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        lines = (json.loads(line) for line in server.stderr)
        yield server, next(line["port"] for line in lines if line["message"] == "serving")
        server.kill()


def wait_ready(port: int) -> None:
    def ready() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/v2/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    until(ready, seconds=300)


@pytest.mark.slow
def test_a_signed_sample_is_served_and_sigterm_loses_no_request(
    process: tuple[subprocess.Popen[str], int],
) -> None:
    server, port = process
    wait_ready(port)
    address = f"http://127.0.0.1:{port}"
    statuses: list[int] = []
    stop = threading.Event()

    def clients() -> None:
        with httpx.Client(base_url=address) as client:
            while not stop.is_set():
                try:
                    answer = client.post("/v2/models/digits/infer", json=DIGIT)
                except httpx.TransportError:
                    statuses.append(0)
                    return
                statuses.append(answer.status_code)
                if answer.headers.get("connection") == "close":
                    return

    threads = [threading.Thread(target=clients) for _ in range(4)]
    for thread in threads:
        thread.start()
    served_before = until(lambda: len(statuses))
    server.send_signal(signal.SIGTERM)
    until(lambda: httpx.get(f"{address}/v2/health/ready").status_code == 503)
    late = httpx.post(f"{address}/v2/models/digits/infer", json=DIGIT)
    assert (late.status_code, late.headers["connection"]) == (200, "close")
    _, errors = server.communicate(timeout=120)
    stop.set()
    for thread in threads:
        thread.join(60)
    assert server.returncode == 0
    assert len(statuses) > served_before > 0
    assert set(statuses) == {200}
    lines = [json.loads(line) for line in errors.splitlines()]
    assert [line["message"] for line in lines if line["logger"] == "mobile_ai.edge.server"][
        -1
    ] == "ended"


def test_overload_is_shed_quickly_and_what_is_taken_is_served() -> None:
    def slow(batch: Any) -> Any:
        stall(0.02)
        return {"y": batch["x"]}

    given = settings(batching={"max_rows": 1, "queue": 4})
    asked = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}

    async def load(port: int) -> list[tuple[int, Any]]:
        limits = httpx.Limits(max_connections=40)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", limits=limits) as client:

            async def one() -> tuple[int, Any]:
                answer = await client.post("/v2/models/slow/infer", json=asked)
                return answer.status_code, answer.headers

            await one()
            return list(await asyncio.gather(*(one() for _ in range(200))))

    with Running(FixedTable([Scripted("slow", slow)]), given) as server:
        answers = asyncio.run(load(server.port))
        outcomes = server.front.stats["slow", "1.2.0", "0" * 64].outcomes
    statuses = [status for status, _ in answers]
    assert set(statuses) == {200, 503}
    assert statuses.count(200) == outcomes["ok"] - 1 >= 5
    assert statuses.count(503) == outcomes["shed"]
    assert all("retry-after" in headers for status, headers in answers if status == 503)


def test_keys_are_asked_for_and_an_operators_key_changes_models(tmp_path: Path) -> None:
    listed = [{"client": "ops", "sha256": hash_key(b"k"), "operator": True}]
    (tmp_path / "keys.json").write_text(json.dumps({"keys": listed}))
    table = FixedTable([mlp()])
    with Running(table, settings(access={"keys": str(tmp_path / "keys.json")})) as server:
        path, body = "/v2/models/mlp/infer", json.dumps(ROW).encode()
        key = {"Authorization": "Bearer k"}
        status, headers, _ = server.ask("POST", path, body)
        assert (status, headers["www-authenticate"]) == (401, "Bearer")
        assert server.ask("POST", path, body, key)[0] == 200
        assert server.ask("GET", "/v2/models/mlp")[0] == 401
        assert server.ask("GET", "/v2/health/ready")[0] == 200
        assert server.ask("POST", "/v2/repository/models/mlp/unload", b"", key)[0] == 200
    assert table.changes == [("unload", "mlp")]


def test_metrics_can_be_parsed_and_count_requests(running: Running) -> None:
    before = _requests(running)
    assert running.infer(ROW)[0] == 200
    assert _requests(running) == before + 1


def _requests(running: Running) -> float:
    text = running.ask("GET", "/metrics")[2].decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert {"mobile_ai_edge_stage_seconds", "mobile_ai_edge_batch_rows"} <= set(families)
    return sum(
        sample.value
        for sample in families["mobile_ai_edge_requests"].samples
        if sample.labels["model"] == "mlp" and sample.labels["outcome"] == "ok"
    )


def test_a_sampled_request_has_a_span_and_others_have_none() -> None:
    exporter = InMemorySpanExporter()
    with Running(FixedTable([mlp()])) as server:
        server.front.tracing = Tracing(exporter)
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        for flags in ("01", "00"):
            header = {"traceparent": f"00-{trace}-00f067aa0ba902b7-{flags}"}
            body = json.dumps(ROW).encode()
            assert server.ask("POST", "/v2/models/mlp/infer", body, header)[0] == 200
        server.ask("POST", "/v2/models/mlp/infer", b"", {"traceparent": "nonsense-01"})
        server.front.tracing.close()
    (span,) = exporter.get_finished_spans()
    assert format(span.context.trace_id, "032x") == trace
    assert span.attributes is not None
    assert span.attributes["http.response.status_code"] == 200


def test_only_clients_of_the_authority_get_in_by_rest_and_grpc(tmp_path: Path) -> None:
    authority, others = Authority("site"), Authority("elsewhere")
    tls = {"client_ca": authority.write(tmp_path / "ca.pem")}
    tls["certificate"], tls["key"] = authority.issue(tmp_path / "server")
    with Running(FixedTable([mlp()]), settings(tls=tls)) as server:
        address = f"https://localhost:{server.port}/v2/health/live"
        for issuer, accepted in ((authority, True), (others, False), (None, False)):
            context = ssl.create_default_context(cafile=tls["client_ca"])
            pair: tuple[str, str] | None = None
            if issuer is not None:
                pair = issuer.issue(tmp_path / f"client-{accepted}")
                context.load_cert_chain(*pair)
            assert _answers(lambda c=context: httpx.get(address, verify=c)) == accepted
            credentials = grpc.ssl_channel_credentials(
                Path(tls["client_ca"]).read_bytes(),
                *(Path(name).read_bytes() for name in reversed(pair or ())),
            )
            with grpc.secure_channel(f"localhost:{server.grpc_port}", credentials) as channel:
                live = channel.unary_unary("/inference.GRPCInferenceService/ServerLive")
                assert _answers(lambda call=live: call(b"", timeout=5)) == accepted


def _answers(ask: Callable[[], Any]) -> bool:
    try:
        ask()
    except (httpx.TransportError, grpc.RpcError):
        return False
    return True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("models: 3", "models"),
        ("{}", "models: expected a value"),
        ("- a", "file"),
        ("{", "expected plain YAML"),
        ("listen: {port: 99999}", "listen.port"),
        ("listne: {}", "listne: expected no such field"),
    ],
)
def test_a_wrong_configuration_is_refused_and_says_where(
    tmp_path: Path, text: str, expected: str
) -> None:
    path = tmp_path / "edge.yaml"
    path.write_text(text)
    with pytest.raises(ServerSettingsError, match=expected):
        load_settings(path)


def test_the_configuration_of_the_guide_can_be_used(tmp_path: Path) -> None:
    guide = (ROOT / "docs/edge.md").read_text()
    path = tmp_path / "edge.yaml"
    path.write_text(guide.split("<<END\n")[1].split("END\n")[0])
    assert load_settings(path).models.follow[0].model == "digits"


def test_a_missing_environment_is_refused() -> None:
    with pytest.raises(ServerSettingsError, match="MOBILE_AI_APP"):
        from_environment({})


def test_the_command_tells_mistakes_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mobile_ai.cli.main", "edge", "serve", "--config", "none.yaml"]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'policy-pack'}"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: none.yaml: got No such file")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("flags", [[], ["--check"]])
def test_a_folder_of_models_that_is_not_here_stops_the_start(tmp_path: Path, flags) -> None:
    from mobile_ai.cli.edge import app  # noqa: PLC0415  # needs the server's libraries

    config = tmp_path / "edge.yaml"
    local = {"folder": "no-models", "trust": "policy-pack/trust/dev.yaml"}
    follow = [{"model": "digits", "variant": "int8-onnx"}]
    config.write_text(json.dumps({"models": {"local": local, "follow": follow}}))
    done = CliRunner().invoke(app, ["serve", "--config", str(config), *flags])
    told = str(done.exception)
    assert done.exit_code == 1
    assert told.startswith(f"models.local.folder: got no-models, which is not in {Path.cwd()}; ")
    assert "Next: see docs/edge.md" in told


def test_a_key_is_printed_with_the_entry_that_accepts_it() -> None:
    from mobile_ai.cli.edge import app  # noqa: PLC0415  # needs the server's libraries

    lines = CliRunner().invoke(app, ["key", "app-1"]).output.splitlines()
    key, entry = (line.split(":", 1)[1].strip() for line in lines)
    assert json.loads(entry) == {
        "client": "app-1",
        "sha256": hash_key(key.encode()),
        "operator": False,
    }


def test_rows_that_are_not_independent_are_never_joined() -> None:
    from onnx import TensorProto, helper  # noqa: PLC0415

    from mobile_ai.edge.runtime import OnnxModel  # noqa: PLC0415
    from tests.edge.server_world import graph, identity  # noqa: PLC0415

    info = helper.make_tensor_value_info
    data = graph(
        "mixing",
        [helper.make_node("Softmax", ["x"], ["y"], axis=0)],
        [info("x", TensorProto.FLOAT, ["batch", 2])],
        [info("y", TensorProto.FLOAT, ["batch", 2])],
        [],
    )
    model = OnnxModel(data, identity("mixing"))
    assert not model.batchable
    assert np.allclose(model.run({"x": np.ones((2, 2), np.float32)})["y"], 0.5)
