"""Small imported models: built, evaluated, signed and approved through the public functions."""

from datetime import timedelta

import onnx
from onnx import TensorProto, helper

from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.trust import load_trust
from mobile_ai.model_build import pipeline
from mobile_ai.model_build.approve import approve
from mobile_ai.model_build.assemble_version import build_version
from mobile_ai.model_build.ceremony import fresh_keys, trust_text
from tests.model_build.versions import LIFETIME, NOW, Signed, assessment


def two_output_onnx(*, size=4, second="Add", dtype=TensorProto.FLOAT):
    """Return a model with two outputs, of ten and of three numbers, on different scales."""
    nodes = [
        helper.make_node("MatMul", ["x", "boxes_w"], ["boxes"]),
        helper.make_node("MatMul", ["x", "scores_w"], ["raw"]),
        helper.make_node(second, ["raw", "raw"], ["scores"]),
    ]
    weights = [
        helper.make_tensor(name, TensorProto.FLOAT, (size, width), [scale] * (size * width))
        for name, width, scale in (("boxes_w", 10, 30.0), ("scores_w", 3, 0.1))
    ]
    graph = helper.make_graph(
        nodes,
        "two",
        [helper.make_tensor_value_info("x", dtype, [1, size])],
        [
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, 10]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 3]),
        ],
        weights,
    )
    return onnx_bytes(graph)


def onnx_bytes(graph):
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def recipe_for(folder, content, file_format, **source):
    """Write a model file and a recipe that imports it; return the recipe's path."""
    (folder / f"model.{file_format}").write_bytes(content)
    values = {
        "apiVersion": "mobile-ai/recipe-v1",
        "name": "brought",
        "version": "1.0.0",
        "description": "A model from elsewhere.",
        "task": "object-detection",
        "owners": ["mobile-ai@example.com"],
        "riskClass": "minimal",
        "licence": "Apache-2.0",
        "fallback": "off",
        "inputs": [{"name": "x", "modality": "vision"}],
        "source": {"kind": "file", "path": f"model.{file_format}", "probeRows": 4, **source},
        "variants": [{"name": "original", "format": file_format}],
        "evaluation": {"metric": "parity"},
        "gates": [{"gate": "size", "limit": 1_000_000}],
    }
    path = folder / "brought.yaml"
    path.write_text(dump_yaml(values))
    return path


def bring_in(recipe, folder, *, models):
    """Build, evaluate, sign and approve the model that a recipe imports."""
    keys = fresh_keys("dev")

    def make():
        result = pipeline.build(recipe, out=folder / "work")
        return result, pipeline.evaluate(recipe, pipeline.files_of(result))

    built = build_version(
        make,
        models=models,
        signers={"builder": keys["builder"][0], "evaluator": keys["evaluator"][0]},
        lifetime=LIFETIME,
        reports=folder / "reports",
    )
    created = built.manifest.created
    approved = approve(
        built.folder,
        assessment(),
        signer=keys["ethics-reviewer"][0],
        expires=created + timedelta(days=365),
        now=created,
    )
    text = trust_text("dev", keys, expires=NOW + LIFETIME)
    return Signed(version=approved, trust=load_trust(text, environment="dev", now=NOW), keys=keys)
