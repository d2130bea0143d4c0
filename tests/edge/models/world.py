"""Small ONNX models, signed and released; and a table that serves them."""

import asyncio
import contextlib
import functools
import json

import numpy as np
import onnx
from onnx import TensorProto, helper

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.contracts.evidence import VerifiedModel
from mobile_ai.contracts.manifest import read_manifest
from mobile_ai.delivery.client import selftest_worker
from mobile_ai.delivery.repository.versions import ModelVersionFiles
from mobile_ai.delivery.rings import Ring
from mobile_ai.edge.models.assemble import open_table
from mobile_ai.edge.models.settings import ModelSettings
from mobile_ai.edge.serving import ModelRun
from mobile_ai.testing import Signers, make_trust_text, make_version
from tests.delivery.world import World, deployment, model_pin

SITE = "dublin"
PLACEMENT = ({"target": "edge", "variant": "int8-onnx", "site": SITE},)
RINGS = (Ring(name="canary", share=100_000), Ring(name="general", share=1_000_000))


def scaled(factor, *, inputs=("x",), width=4, output="y", batch="batch"):
    """Return a model that adds its inputs and multiplies by a factor; rows are independent."""
    shape = [batch, width]
    nodes, total = [], inputs[0]
    for name in inputs[1:]:
        nodes.append(helper.make_node("Add", [total, name], [f"sum_{name}"]))
        total = f"sum_{name}"
    nodes.append(helper.make_node("Mul", [total, "factor"], [output]))
    graph = helper.make_graph(
        nodes,
        "scaled",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in inputs],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
        [helper.make_tensor("factor", TensorProto.FLOAT, [], [factor])],
    )
    return _bytes(graph)


def wide(factor):
    """Return a model that declares any width, and whose operator accepts only four."""
    shape = ["batch", "n"]
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "factor"], ["y"])],
        "wide",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [helper.make_tensor("factor", TensorProto.FLOAT, [1, 4], [factor] * 4)],
    )
    return _bytes(graph)


def failing(factor):
    """Return a model on which the runtime fails, unless the first value divides the width."""
    integers = {"all": [-1], "first": [0], "rest": [-1]}
    nodes = [
        helper.make_node("Mul", ["x", "factor"], ["product"]),
        helper.make_node("Reshape", ["x", "all"], ["flat"]),
        helper.make_node("Gather", ["flat", "first"], ["one"]),
        helper.make_node("Cast", ["one"], ["rows"], to=TensorProto.INT64),
        helper.make_node("Concat", ["rows", "rest"], ["shape"], axis=0),
        helper.make_node("Reshape", ["product", "shape"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "failing",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 4])],
        [
            helper.make_tensor("factor", TensorProto.FLOAT, [], [factor]),
            *(
                helper.make_tensor(name, TensorProto.INT64, [len(values)], values)
                for name, values in integers.items()
            ),
        ],
    )
    return _bytes(graph)


def _bytes(graph):
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def self_test(answer, *, inputs=("x",), variant="int8-onnx", tolerance=1e-3):
    """Return a self-test file whose one case has ones everywhere."""
    case = {
        "inputs": {name: [1.0] * 4 for name in inputs},
        "shapes": {name: [1, 4] for name in inputs},
    }
    expected = {"name": "ones", "case": 0, "expected": [answer] * 4, "tolerance": tolerance}
    head = {"apiVersion": "mobile-ai/v1", "kind": "SelfTest"}
    return json.dumps({**head, "cases": [case], "variants": {variant: [expected]}}).encode()


def edit_for(data, test, *, inputs=("x",), name="digits"):
    """Return an edit of a sample manifest that names these files."""

    def edit(values):
        values["metadata"]["name"] = name
        [artifact] = [item for item in values["artifacts"] if item["format"] == "onnx"]
        artifact |= {"file": "artifacts/model.onnx", "sha256": sha256_bytes(data)}
        artifact["bytes"] = len(data)
        values["artifacts"] = [artifact]
        values["inputs"] = [{"name": i, "dtype": "FP32", "shape": [-1, 4]} for i in inputs]
        values["outputs"] = [{"name": "y", "dtype": "FP32", "shape": [-1, 4]}]
        values["selfTest"] = {
            "file": "artifacts/selftest.json",
            "sha256": sha256_bytes(test),
            "tolerance": 0.001,
        }

    return edit


class Git:
    """A folder of signed model versions and its trust file."""

    def __init__(self, folder, *, signers=None):
        self.signers = signers or Signers.shared()
        self.models, self.trust = folder / "models", folder / "dev.yaml"
        self.trust.write_text(make_trust_text(self.signers))

    def add(self, version, data, answer, *, name="digits", inputs=("x",), **changes):
        """Write a version; return its folder."""
        test = self_test(answer, inputs=inputs)
        edit = edit_for(data, test, inputs=inputs, name=name)
        made = make_version(self.signers, version=version, manifest=edit, **changes)
        folder = self.models / name / version
        (folder / "artifacts").mkdir(parents=True)
        (folder / "evidence").mkdir()
        (folder / "manifest.yaml").write_text(made.manifest)
        (folder / "artifacts/model.onnx").write_bytes(data)
        (folder / "artifacts/selftest.json").write_bytes(test)
        for kind, text in made.evidence.items():
            (folder / f"evidence/{kind}.json").write_text(text)
        return folder


class Releases(World):
    """A release repository of ONNX models for one site."""

    def add(self, version, data, answer, *, name="digits", inputs=("x",)):
        """Write a version; return its pin."""
        test = self_test(answer, inputs=inputs)
        folder = self.models / name / version
        (folder / "artifacts").mkdir(parents=True)
        (folder / "artifacts/model.onnx").write_bytes(data)
        (folder / "artifacts/selftest.json").write_bytes(test)
        made = make_version(
            Signers.shared(),
            version=version,
            manifest=edit_for(data, test, inputs=inputs, name=name),
        )
        manifest, _ = read_manifest(made.manifest, name=version)
        pin = sha256_bytes(f"{name} {version}".encode())
        model = VerifiedModel(sha256=pin, digest=pin, manifest=manifest, statements={})
        self.versions[pin] = ModelVersionFiles(folder=folder, model=model)
        return model_pin(name, version, pin)

    def release(self, pin, *, name="digits", more=(), **changes):
        """Publish a version of a model to all rings, or up to ``stage``."""
        one = deployment(pin, model=name, placement=PLACEMENT, rings=RINGS, **changes)
        return self.publish(one, *more)


def answers_here(path, _format, cases):
    """Run a self-test in this process: the result is the same, and a second faster."""
    given = [{name: selftest_worker._array(item) for name, item in case.items()} for case in cases]
    return selftest_worker._answers(selftest_worker._Onnx(str(path)), given)


def settings(folder, **changes):
    """Return the settings of a table over a folder of signed versions."""
    values = {
        "cache": folder / "cache",
        "local": {"folder": folder / "models", "trust": folder / "dev.yaml"},
        "follow": [{"model": "digits", "variant": "int8-onnx"}],
        **changes,
    }
    return ModelSettings.model_validate(values)


def subscribed(world, url, **changes):
    """Return the settings of a table that subscribes to releases."""
    root = world.folder / "root.json"
    root.write_bytes(world.root)
    values = {
        "cache": world.folder / "cache",
        "releases": {"url": url, "root": root, "app": "camera", "place": SITE},
        "follow": [{"model": "digits"}],
        **changes,
    }
    return ModelSettings.model_validate(values)


@contextlib.asynccontextmanager
async def opened(given):
    """Provide an open table."""
    table = open_table(given)
    await table.start()
    try:
        yield table
    finally:
        await table.close()


def in_loop(test):
    """Run a coroutine function as a test."""

    @functools.wraps(test)
    def run(*arguments, **named):
        asyncio.run(test(*arguments, **named))

    return run


def ones(rows=1, value=1.0, names=("x",)):
    return {name: np.full((rows, 4), value, np.float32) for name in names}


def ask(table, name="digits", version=None, *, value=1.0, headers=()):
    """Send one request as the server does; return version and first number of the output."""
    served = table.route(name, version, headers)
    batch = ones(value=value)
    try:
        outputs, error = served.model.run(batch), None
    except Exception as caught:  # noqa: BLE001
        outputs, error = None, caught
    table.observe(
        ModelRun(served=served, inputs=batch, outputs=outputs, rows=1, seconds=0.001, error=error)
    )
    served.release()
    answer = None if outputs is None else float(outputs["y"][0, 0])
    return served.model.identity.version, answer


def states(table, name="digits"):
    """Return version and state of a model's lines in the index."""
    return [(line.version, line.state) for line in table.index() if line.name == name]


def reason(table, state="UNAVAILABLE"):
    """Return the reason in the first line of a state."""
    return next(line.reason for line in table.index() if line.state == state)
