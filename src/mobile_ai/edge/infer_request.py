"""Parses and validates the JSON of a REST inference request; its tensors may follow in binary.

Clients with binary tensors send the same JSON again and again, so its parsed plan is cached by its
bytes: then a request costs no parsing. See :class:`Plans`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from numpy.typing import NDArray

from mobile_ai.edge.datatypes import BYTES, DATATYPES
from mobile_ai.edge.http_response import Head
from mobile_ai.edge.serving import ServedModel, ServedTensor
from mobile_ai.edge.tensors import check_shape, from_json, from_raw, refuse

_KEPT: Final = 256  # cached plans of a model
_KEPT_BYTES: Final = 2048  # longer JSON contains tensors and does not recur
_MICROSECONDS: Final = 1e-6

Given = Mapping[str, NDArray[Any] | memoryview]
"""Input tensors by name, as the batcher takes them."""


@dataclass(frozen=True, slots=True)
class OutputPlan:
    """A requested output, and its form."""

    name: str
    binary: bool


@dataclass(frozen=True, slots=True)
class _Binary:
    """An input whose bytes follow the JSON."""

    spec: ServedTensor
    shape: tuple[int, ...]
    start: int
    stop: int
    plain: bool  # every byte sequence of the right length is a tensor


@dataclass(slots=True)
class Plan:
    """A request without its binary tensors.

    Attributes:
        id: Id given by the client.
        rows: Rows that it adds to a batch; 1 for a model that is not batchable.
        key: Requests with equal keys can be batched.
        outputs: Requested outputs.
        timeout: Timeout of the client in seconds; ``None`` if it states none.
        binary_bytes: Bytes that follow the JSON.
        ready: Inputs from the JSON itself.
        following: Inputs that follow the JSON.
        head: Cached head of the answer, if all answers to this plan have the same.
        prefix: Cached JSON of the answer.
    """

    id: str | None
    rows: int
    key: tuple[tuple[int, ...], ...]
    outputs: tuple[OutputPlan, ...]
    timeout: float | None
    binary_bytes: int
    ready: dict[str, NDArray[Any]]
    following: tuple[_Binary, ...]
    head: Head | None = None
    prefix: bytes = b""
    single: str | None = field(init=False)

    def __post_init__(self) -> None:
        """Detect the usual case of one binary output."""
        only = self.outputs[0] if len(self.outputs) == 1 else None
        self.single = only.name if only is not None and only.binary else None

    def given(self, body: bytes, start: int) -> Given:
        """Return the inputs of a request whose binary tensors start at `start` of its body.

        Raises:
            RefusedError: If the body's length differs from the plan, or a tensor is malformed.
        """
        if len(body) - start != self.binary_bytes:
            raise refuse(
                f"body: got {len(body) - start} bytes after the JSON; expected {self.binary_bytes}"
            )
        if not self.following:
            return self.ready
        view = memoryview(body)
        given: dict[str, NDArray[Any] | memoryview] = {**self.ready} if self.ready else {}
        for item in self.following:
            data = view[start + item.start : start + item.stop]
            given[item.spec.name] = data if item.plain else from_raw(item.spec, item.shape, data)
        return given


class Plans:
    """Cached plans of one model."""

    def __init__(self, model: ServedModel) -> None:
        """Start with an empty cache."""
        self._model = model
        self._kept: dict[bytes, Plan] = {}

    def find(self, text: bytes) -> Plan:
        """Return the plan of a request's JSON.

        Raises:
            RefusedError: If it does not match the model.
        """
        return self._kept.get(text) or self._read(text)

    def _read(self, text: bytes) -> Plan:
        plan = read_plan(self._model, text)
        if len(text) <= _KEPT_BYTES and plan.id is None and not plan.ready:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            self._kept[text] = plan
        return plan


def read_plan(model: ServedModel, text: bytes) -> Plan:
    """Parse and validate a request's JSON.

    Raises:
        RefusedError: If it is not a valid request for this model.
    """
    try:
        request = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise refuse(f"body: got no JSON ({error}); expected an inference request") from error
    if not isinstance(request, dict):
        raise refuse("body: got no object; expected an inference request")
    identifier = request.get("id")
    if identifier is not None and not isinstance(identifier, str):
        raise refuse("'id': expected a string")
    parameters = _parameters(request, "request")
    ready, following, shapes = _inputs(model, request.get("inputs"))
    rows, key = rows_and_key(model, shapes)
    return Plan(
        id=identifier,
        rows=rows,
        key=key,
        outputs=_outputs(model, request.get("outputs"), parameters),
        timeout=_timeout(parameters),
        binary_bytes=following[-1].stop if following else 0,
        ready=ready,
        following=following,
    )


def _parameters(holder: dict[str, Any], what: str) -> dict[str, Any]:
    parameters = holder.get("parameters")
    if parameters is None:
        return {}
    if not isinstance(parameters, dict) or any(
        isinstance(value, (dict, list)) for value in parameters.values()
    ):
        raise refuse(f"{what}: got 'parameters' that are no object of plain values")
    return parameters


def _timeout(parameters: dict[str, Any]) -> float | None:
    """Return the ``timeout`` parameter, given in microseconds, in seconds."""
    timeout = parameters.get("timeout")
    if timeout is None:
        return None
    if type(timeout) is not int or timeout < 1:
        raise refuse("parameter 'timeout': expected microseconds, a whole number from 1")
    return timeout * _MICROSECONDS


def _inputs(
    model: ServedModel, items: object
) -> tuple[dict[str, NDArray[Any]], tuple[_Binary, ...], dict[str, tuple[int, ...]]]:
    """Return the tensors in the JSON, those that follow it, and the shapes of all."""
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise refuse("'inputs': got no list of objects")
    specs = {spec.name: spec for spec in model.inputs}
    names = [item.get("name") for item in items]
    # Compared by `repr`: a client may send any JSON value as a name, also an unhashable one.
    if sorted(map(repr, names)) != sorted(map(repr, specs)):
        raise refuse(f"'inputs': got other inputs; expected each once: {', '.join(specs)}")
    ready: dict[str, NDArray[Any]] = {}
    following: list[_Binary] = []
    shapes: dict[str, tuple[int, ...]] = {}
    at = 0
    for item in items:
        spec = specs[item["name"]]
        shape = shapes[spec.name] = check_shape(spec, item.get("datatype"), item.get("shape"))
        size = _parameters(item, f"input {spec.name!r}").get("binary_data_size")
        if size is None:
            ready[spec.name] = from_json(spec, shape, item.get("data"))
            continue
        if "data" in item:
            raise refuse(f"input {spec.name!r}: got 'data' and 'binary_data_size'; expected one")
        following.append(_following(spec, shape, size, at))
        at += size
    return ready, tuple(following), shapes


def _following(spec: ServedTensor, shape: tuple[int, ...], size: object, at: int) -> _Binary:
    element = DATATYPES[spec.datatype].size
    if type(size) is not int or size < 0 or (element and size != math.prod(shape) * element):
        expected = math.prod(shape) * element if element else "a whole number from 0"
        raise refuse(
            f"input {spec.name!r}: got another 'binary_data_size'; "
            f"expected {expected} for shape {list(shape)}"
        )
    plain = spec.datatype not in {BYTES, "BOOL"}
    return _Binary(spec, shape, at, at + size, plain)


def rows_and_key(
    model: ServedModel, shapes: Mapping[str, tuple[int, ...]]
) -> tuple[int, tuple[tuple[int, ...], ...]]:
    """Return the number of rows and the batching key: the shapes without the row axis.

    Raises:
        RefusedError: If its inputs have different numbers of rows.
    """
    ordered = [shapes[spec.name] for spec in model.inputs]
    if not model.batchable:
        return 1, tuple(ordered)
    counts = {shape[0] for shape in ordered}
    if len(counts) != 1:
        raise refuse(f"'inputs': got {sorted(counts)} rows; expected as many in every input")
    return counts.pop(), tuple(shape[1:] for shape in ordered)


def _outputs(
    model: ServedModel, items: object, parameters: dict[str, Any]
) -> tuple[OutputPlan, ...]:
    default = _flag(parameters, "binary_data_output", default=False)
    known = [spec.name for spec in model.outputs]
    if items is None:
        return tuple(OutputPlan(name, default) for name in known)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise refuse("'outputs': got no list of objects")
    names = [item.get("name") for item in items]
    if any(name not in known for name in names) or len(set(names)) != len(names):
        raise refuse(f"'outputs': got others; expected each at most once of {', '.join(known)}")
    if not items:
        return tuple(OutputPlan(name, default) for name in known)
    return tuple(
        OutputPlan(
            item["name"],
            _flag(_parameters(item, f"output {item['name']!r}"), "binary_data", default=default),
        )
        for item in items
    )


def _flag(parameters: dict[str, Any], name: str, *, default: bool) -> bool:
    value = parameters.get(name, default)
    if type(value) is not bool:
        raise refuse(f"parameter {name!r}: expected true or false")
    return value
