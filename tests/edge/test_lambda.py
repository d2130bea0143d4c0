"""The application behind Lambda's runtime interface, with API Gateway events."""

import asyncio
import base64
import contextlib
import copy
import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from mobile_ai.components.endpoints.cloud_api import routes
from mobile_ai.edge.lambda_adapter import make_handler
from mobile_ai.edge.models.settings import ModelSettings
from tests.delivery.world import Cdn, deployment
from tests.edge.models.world import PLACEMENT, RINGS, Git, Releases, answers_here, scaled

ROOT = Path(__file__).parents[2]
EVENTS = {
    path.stem: json.loads(path.read_text())
    for path in (Path(__file__).parent / "lambda_events").glob("*.json")
}
REGION = "eu-west-1"
IN_CLOUD = ({**PLACEMENT[0], "target": "cloud", "region": REGION},)


def binary_event(values):
    """Return an inference event with binary input and output tensors."""
    data = np.asarray(values, "<f4")
    head = {
        "inputs": [
            {
                "name": "x",
                "shape": list(data.shape),
                "datatype": "FP32",
                "parameters": {"binary_data_size": data.nbytes},
            }
        ],
        "outputs": [{"name": "y", "parameters": {"binary_data": True}}],
    }
    text = json.dumps(head).encode()
    event = copy.deepcopy(EVENTS["infer"])
    event["body"] = base64.b64encode(text + data.tobytes()).decode()
    event["headers"]["inference-header-content-length"] = str(len(text))
    event["headers"]["content-length"] = str(len(text) + data.nbytes)
    return event


def json_event(values):
    data = np.asarray(values, float)
    one = {"name": "x", "shape": list(data.shape), "datatype": "FP32", "data": data.tolist()}
    event = copy.deepcopy(EVENTS["infer"])
    del event["headers"]["inference-header-content-length"]
    event["headers"]["content-type"] = "application/json"
    event["isBase64Encoded"] = False
    event["body"] = json.dumps({"inputs": [one]})
    return event


@pytest.fixture
def image(tmp_path):
    """Return the image's data folder: root, trust and a model."""
    git = Git(tmp_path)
    git.add("1.0.0", scaled(2.0), 2.0)
    world = Releases(tmp_path / "world")
    (tmp_path / "root.json").write_bytes(world.root)
    (tmp_path / "trust").mkdir()
    git.trust.rename(tmp_path / "trust/dev.yaml")
    return tmp_path


@pytest.fixture
def environment(image):
    """Return the function's environment variables; its releases are out of reach."""
    return {
        "MOBILE_AI_APP": "camera",
        "MOBILE_AI_MODEL": "digits",
        "MOBILE_AI_VARIANT": "int8-onnx",
        "MOBILE_AI_RING": "general",
        "MOBILE_AI_SITE": f"cloud-{REGION}",
        "MOBILE_AI_RELEASE_URL": "http://127.0.0.1:9",
        "MOBILE_AI_CACHE": str(image / "cache"),
        "AWS_LAMBDA_FUNCTION_NAME": "field-assistant-digits",
        "AWS_REGION": REGION,
    }


@pytest.fixture(autouse=True)
def process(monkeypatch):
    """Restore the test's process: its logging, and no event loop with pending work."""
    monkeypatch.setattr("mobile_ai.edge.lambda_adapter.configure", lambda _: None)
    monkeypatch.setattr("mobile_ai.edge.models.load_check.run_apart", answers_here)
    yield
    with contextlib.suppress(RuntimeError):  # no handler was made
        loop = asyncio.get_event_loop_policy().get_event_loop()
        waiting = asyncio.all_tasks(loop)
        for task in waiting:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*waiting, return_exceptions=True))
        loop.close()
        asyncio.set_event_loop(None)


@pytest.fixture
def handler(image, environment):
    return make_handler(environment, image=image)


def outputs_of(answer):
    assert answer["statusCode"] == 200, answer
    assert answer["isBase64Encoded"] is True
    body = base64.b64decode(answer["body"])
    at = int(answer["headers"]["inference-header-content-length"])
    head = json.loads(body[:at])
    [output] = head["outputs"]
    return head, np.frombuffer(body[at:], "<f4").reshape(output["shape"])


def test_a_binary_request_gets_a_binary_answer_from_the_image_s_model(handler):
    head, values = outputs_of(handler(binary_event([[1.0, 2.0, 3.0, 4.0]]), None))

    assert (head["model_name"], head["model_version"]) == ("digits", "1.0.0")
    assert values.tolist() == [[2.0, 4.0, 6.0, 8.0]]


def test_a_json_request_gets_a_json_answer(handler):
    answer = handler(json_event([[1.0] * 4]), None)

    assert answer["statusCode"] == 200
    assert answer["isBase64Encoded"] is False
    assert json.loads(answer["body"])["outputs"][0]["data"] == [2.0] * 4


def test_one_process_serves_one_event_after_another(handler):
    for number in range(20):
        _, values = outputs_of(handler(binary_event([[float(number)] * 4]), None))
        assert values[0, 0] == 2.0 * number


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda event: event.update(body="%%%"), 400),
        (lambda event: event.update(body=""), 400),
        (lambda event: event["headers"].update({"inference-header-content-length": "9999"}), 400),
        (lambda event: event["requestContext"]["http"].update(path="/v2/models/no/infer"), 404),
        (lambda event: event["requestContext"]["http"].update(method="DELETE"), 405),
    ],
)
def test_what_a_caller_does_wrong_is_told_and_kills_nothing(handler, change, status):
    event = binary_event([[1.0] * 4])
    change(event)

    answer = handler(event, None)

    assert answer["statusCode"] == status
    assert "error" in json.loads(answer["body"])
    assert outputs_of(handler(binary_event([[1.0] * 4]), None))[1][0, 0] == 2.0


@pytest.mark.parametrize("route", routes("digits"))
def test_every_route_of_the_api_is_answered(handler, route):
    method, path = route.split()
    event = binary_event([[1.0] * 4])
    event["requestContext"]["http"] |= {"method": method, "path": path}
    event["rawPath"] = path
    if method == "GET":
        del event["body"]

    assert handler(event, None)["statusCode"] == 200


def test_a_function_without_a_model_in_its_image_takes_the_release_of_its_region(
    tmp_path, environment
):
    world = Releases(tmp_path)
    pin = world.add("1.1.0", scaled(3.0), 3.0)
    world.publish(deployment(pin, placement=IN_CLOUD, rings=RINGS))
    image = tmp_path / "empty"
    image.mkdir()
    (image / "root.json").write_bytes(world.root)
    cdn = Cdn(world.bucket)
    try:
        handler = make_handler({**environment, "MOBILE_AI_RELEASE_URL": cdn.url}, image=image)
        head, values = outputs_of(handler(binary_event([[1.0] * 4]), None))
    finally:
        cdn.close()

    assert head["model_version"] == "1.1.0"
    assert values[0, 0] == 3.0


def test_an_image_s_model_that_is_not_the_governed_one_is_not_served(image, environment):
    handler = make_handler({**environment, "MOBILE_AI_MANIFEST_SHA256": "0" * 64}, image=image)

    answer = handler(binary_event([[1.0] * 4]), None)

    assert answer["statusCode"] == 503


def test_a_missing_variable_is_named(environment):
    del environment["MOBILE_AI_RING"]
    with pytest.raises(ValueError, match="MOBILE_AI_RING"):
        ModelSettings.from_environment(environment)


class _Runtime(http.server.BaseHTTPRequestHandler):
    """Lambda's runtime API (version 2018-06-01): one event, then nothing more."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        events = self.server.events
        if not events:
            self.server.done.set()
            self.server.stop.wait(30)
            return
        body = json.dumps(events.pop(0)).encode()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", f"request-{len(events)}")
        self.send_header("Content-Type", "application/json")
        self.send_header("Lambda-Runtime-Deadline-Ms", "9999999999999")
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:1:f")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.answers.append((self.path.rpartition("/")[2], json.loads(body)))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_lambda_s_own_runtime_client_runs_the_function(image, environment):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Runtime)
    server.daemon_threads = True
    server.events = [binary_event([[1.0] * 4]), EVENTS["ready"], binary_event([[5.0] * 4])]
    server.answers, server.done, server.stop = [], threading.Event(), threading.Event()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    process = subprocess.Popen(
        [sys.executable, "-m", "awslambdaric", "tests.edge.lambda_entry.handler"],
        cwd=ROOT,
        env={
            **environment,
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "src", ROOT / "policy-pack"))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TEST_IMAGE": str(image),
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
        },
    )
    try:
        while not server.done.wait(0.1):
            assert process.poll() is None
    finally:
        process.kill()
        process.wait()
        server.stop.set()
        server.shutdown()
        server.server_close()

    assert [where for where, _ in server.answers] == ["response"] * 3
    first, ready, last = (answer for _, answer in server.answers)
    assert outputs_of(first)[1][0, 0] == 2.0
    assert ready["statusCode"] == 200
    assert outputs_of(last)[1][0, 0] == 10.0
