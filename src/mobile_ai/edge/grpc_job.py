"""A gRPC inference request: parsed, validated, answered with raw contents."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from numpy.typing import NDArray

from mobile_ai.edge.datatypes import BYTES, pack_bytes
from mobile_ai.edge.errors import RefusedError
from mobile_ai.edge.infer_request import Given, rows_and_key
from mobile_ai.edge.jobs import Outputs
from mobile_ai.edge.proto.open_inference_grpc_pb2 import ModelInferRequest, ModelInferResponse
from mobile_ai.edge.serving import ServedModel, ServedTensor
from mobile_ai.edge.tensors import check_shape, from_elements, from_raw, refuse

_FIELDS: Final = {
    "BOOL": "bool_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    "INT64": "int64_contents",
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    BYTES: "bytes_contents",
}


class GrpcJob:
    """A gRPC request in a lane, see :class:`mobile_ai.edge.jobs.Job`.

    Attributes:
        answer: Future of the response.
    """

    def __init__(
        self, model: ServedModel, request: ModelInferRequest, *, start: float, deadline: float
    ) -> None:
        """Parse and validate a request.

        Raises:
            RefusedError: If it does not match the model.
        """
        self._model, self._id = model, request.id
        self.start, self.deadline = start, deadline
        self.given, shapes = _inputs(model, request)
        self.rows, self.key = rows_and_key(model, shapes)
        self._wanted = _outputs(model, [output.name for output in request.outputs])
        self.answer: asyncio.Future[ModelInferResponse] = asyncio.get_running_loop().create_future()

    def complete(self, outputs: Outputs, at: int) -> None:
        """Answer with the rows from `at`."""
        if self.answer.done():  # the call was cancelled
            return
        identity = self._model.identity
        response = ModelInferResponse(
            model_name=identity.name, model_version=identity.version, id=self._id
        )
        for spec in self._wanted:
            part = outputs.part(spec.name, at, self.rows)
            response.outputs.add(name=spec.name, datatype=spec.datatype, shape=part.shape)
            raw = pack_bytes(part.ravel()) if spec.datatype == BYTES else part.tobytes()
            response.raw_output_contents.append(raw)
        self.answer.set_result(response)

    def fail(self, error: RefusedError) -> None:
        """Answer with the error."""
        if not self.answer.done():
            self.answer.set_exception(error)


def _inputs(
    model: ServedModel, request: ModelInferRequest
) -> tuple[Given, dict[str, tuple[int, ...]]]:
    specs = {spec.name: spec for spec in model.inputs}
    if sorted(item.name for item in request.inputs) != sorted(specs):
        raise refuse(f"'inputs': got other inputs; expected each once: {', '.join(specs)}")
    raw = request.raw_input_contents
    if raw and len(raw) != len(request.inputs):
        raise refuse(f"'raw_input_contents': got {len(raw)}; expected {len(request.inputs)}")
    given: dict[str, NDArray[Any] | memoryview] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    for index, item in enumerate(request.inputs):
        spec = specs[item.name]
        shape = shapes[spec.name] = check_shape(spec, item.datatype, list(item.shape))
        if raw and item.HasField("contents"):
            raise refuse(f"input {spec.name!r}: got 'contents' and raw contents; expected one")
        given[spec.name] = (
            from_raw(spec, shape, memoryview(raw[index]))
            if raw
            else _from_contents(spec, shape, item)
        )
    return given, shapes


def _from_contents(
    spec: ServedTensor, shape: tuple[int, ...], item: ModelInferRequest.InferInputTensor
) -> NDArray[Any]:
    field = _FIELDS.get(spec.datatype)
    if field is None:
        raise refuse(f"input {spec.name!r}: expected {spec.datatype} in 'raw_input_contents'")
    elements: Sequence[object] = list(getattr(item.contents, field))
    return from_elements(spec, shape, elements, finite=False)


def _outputs(model: ServedModel, names: Sequence[str]) -> tuple[ServedTensor, ...]:
    known = {spec.name: spec for spec in model.outputs}
    if not names:
        return model.outputs
    if len(set(names)) != len(names) or not set(names) <= set(known):
        raise refuse(f"'outputs': got others; expected each at most once of {', '.join(known)}")
    return tuple(known[name] for name in names)
