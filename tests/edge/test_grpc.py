"""gRPC gives the same answers as REST, from the same lanes."""

import contextlib
from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from mobile_ai.edge.datatypes import BYTES, DATATYPES, pack_bytes
from mobile_ai.edge.proto import open_inference_grpc_pb2 as messages
from mobile_ai.edge.tracing import Tracing
from tests.edge.server_world import (
    CLASSES,
    FEATURES,
    VERSION,
    FixedTable,
    Running,
    binary_answer,
    binary_request,
    mlp,
)

X = np.random.default_rng(11).normal(size=(1, FEATURES)).astype(np.float32)
_FIELDS = {"BOOL": "bool", "INT8": "int", "UINT16": "uint", "INT64": "int64", "UINT64": "uint64"}
_FIELDS |= {"FP32": "fp32", "FP64": "fp64", BYTES: "bytes"}


class Client:
    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self.metadata: tuple[tuple[str, str], ...] = ()

    def call(self, name: str, /, **fields: Any) -> Any:
        request, response = (getattr(messages, f"{name}{end}") for end in ("Request", "Response"))
        method = self._channel.unary_unary(
            f"/inference.GRPCInferenceService/{name}",
            request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )
        return method(request(**fields), timeout=60, metadata=self.metadata)


@pytest.fixture(scope="module")
def client(running: Running) -> Iterator[Client]:
    with grpc.insecure_channel(f"127.0.0.1:{running.grpc_port}") as channel:
        yield Client(channel)


def tensor(datatype: str = "FP32", shape: tuple[int, ...] = X.shape, **contents: Any) -> Any:
    made = messages.InferTensorContents(**contents) if contents else None
    return messages.ModelInferRequest.InferInputTensor(
        name="x", datatype=datatype, shape=shape, contents=made
    )


def test_results_are_those_of_rest_and_of_the_runtime_bit_for_bit(
    running: Running, client: Client
) -> None:
    response = client.call(
        "ModelInfer",
        model_name="mlp",
        model_version=VERSION,
        id="7",
        inputs=[tensor()],
        raw_input_contents=[X.tobytes()],
    )
    body, headers = binary_request("x", X, "FP32")
    _, found, content = running.ask("POST", "/v2/models/mlp/infer", body, headers)
    expected = mlp().run({"x": X})["y"].tobytes()
    assert response.raw_output_contents == [expected]
    assert binary_answer(found, content)[1] == expected
    assert (response.model_name, response.model_version, response.id) == ("mlp", VERSION, "7")
    assert list(response.outputs[0].shape) == [1, CLASSES]


@pytest.mark.parametrize("datatype", list(DATATYPES))
def test_every_datatype_goes_through(client: Client, datatype: str) -> None:
    values = [b"", b"text"] if datatype == BYTES else [0, 1]
    array = np.array(values, DATATYPES[datatype].dtype)
    raw = pack_bytes(array) if datatype == BYTES else array.tobytes()
    model = f"echo-{datatype.lower()}"
    asked = tensor(datatype, (1, 2))
    response = client.call("ModelInfer", model_name=model, inputs=[asked], raw_input_contents=[raw])
    assert response.raw_output_contents == [raw]
    if datatype in _FIELDS:
        asked = tensor(datatype, (1, 2), **{f"{_FIELDS[datatype]}_contents": array.tolist()})
        response = client.call("ModelInfer", model_name=model, inputs=[asked])
        assert response.raw_output_contents == [raw]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"model_name": "none"}, "NOT_FOUND"),
        ({"model_name": "mlp", "model_version": "9"}, "NOT_FOUND"),
        ({"model_name": "mlp"}, "INVALID_ARGUMENT"),
        ({"inputs": [tensor()]}, "INVALID_ARGUMENT"),
        ({"inputs": [tensor(), tensor()]}, "INVALID_ARGUMENT"),
        ({"inputs": [tensor("FP64")]}, "INVALID_ARGUMENT"),
        ({"inputs": [tensor()], "raw_input_contents": [b"123"]}, "INVALID_ARGUMENT"),
        ({"inputs": [tensor()], "raw_input_contents": [b"", b""]}, "INVALID_ARGUMENT"),
        (
            {"inputs": [tensor(fp32_contents=[1.0])], "raw_input_contents": [X.tobytes()]},
            "INVALID_ARGUMENT",
        ),
        ({"model_name": "echo-fp16", "inputs": [tensor("FP16", (1, 2))]}, "INVALID_ARGUMENT"),
        (
            {"model_name": "echo-int8", "inputs": [tensor("INT8", (1, 1), int_contents=[300])]},
            "INVALID_ARGUMENT",
        ),
        (
            {
                "inputs": [tensor()],
                "raw_input_contents": [X.tobytes()],
                "outputs": [messages.ModelInferRequest.InferRequestedOutputTensor(name="z")],
            },
            "INVALID_ARGUMENT",
        ),
    ],
    ids=str,
)
def test_a_wrong_call_ends_with_a_code_and_why(client: Client, fields: Any, code: str) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        client.call("ModelInfer", **{"model_name": "mlp", **fields})
    assert raised.value.code().name == code
    assert raised.value.details()


def test_what_is_served_can_be_asked_for(client: Client) -> None:
    assert client.call("ServerLive").live
    assert client.call("ServerReady").ready
    assert client.call("ModelReady", name="mlp").ready
    assert "binary_tensor_data" in client.call("ServerMetadata").extensions
    model = client.call("ModelMetadata", name="mlp")
    assert (model.platform, list(model.inputs[0].shape)) == ("onnx_onnxv1", [-1, FEATURES])
    assert "mlp" in {item.name for item in client.call("RepositoryIndex", ready=True).models}


@pytest.mark.parametrize("verb", ["Load", "Unload"])
def test_nobody_without_an_operators_key_changes_what_is_served(client: Client, verb: str) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        client.call(f"RepositoryModel{verb}", model_name="mlp")
    assert raised.value.code() is grpc.StatusCode.PERMISSION_DENIED


def test_a_message_over_the_limit_is_refused(client: Client) -> None:
    huge = bytes(20 * 2**20)
    with pytest.raises(grpc.RpcError) as raised:
        client.call("ModelInfer", model_name="mlp", inputs=[tensor()], raw_input_contents=[huge])
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_sampled_calls_have_spans_answered_or_refused_and_others_have_none() -> None:
    exporter = InMemorySpanExporter()
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    with Running(FixedTable([mlp()])) as server:
        server.front.tracing = Tracing(exporter)
        with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
            client = Client(channel)
            for flags, model in (("01", "mlp"), ("00", "mlp"), ("01", "none")):
                client.metadata = (("traceparent", f"00-{trace}-00f067aa0ba902b7-{flags}"),)
                with contextlib.suppress(grpc.RpcError):
                    client.call(
                        "ModelInfer",
                        model_name=model,
                        inputs=[tensor()],
                        raw_input_contents=[X.tobytes()],
                    )
        server.front.tracing.close()
    spans = exporter.get_finished_spans()
    assert {format(span.context.trace_id, "032x") for span in spans} == {trace}
    assert [
        (span.attributes["mobile_ai.model"], span.attributes["rpc.grpc.status_code"])
        for span in spans
    ] == [("mlp", 0), ("none", grpc.StatusCode.NOT_FOUND.value[0])]
