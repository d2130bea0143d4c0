"""Checks the operators, buffers and tensors of a TFLite file before a runtime loads it."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from mobile_ai.model_build.errors import need
from mobile_ai.model_build.inspection.errors import InspectionError
from mobile_ai.model_build.inspection.limits import InspectionLimits

_refused = InspectionError.advising("export it again without that, or use another")

# Operators that are implemented outside of the runtime, and the schema's placeholder.
_FOREIGN: Final = frozenset({"CUSTOM", "DELEGATE", "PLACEHOLDER_FOR_GREATER_OP_CODES"})
_SCHEMA_VERSION: Final = 3


def tflite_operators(data: bytes, *, limits: InspectionLimits, name: str) -> dict[str, int]:
    """Return the number of occurrences by operator.

    Every offset that the runtime would follow is followed in Python first, where an offset outside
    of the file raises instead of reading other memory.

    Raises:
        InspectionError: If the file is malformed or truncated, refers to external data or uses an
            operator that is not built into the runtime.
    """
    schema = need("ai_edge_litert.schema_py_generated")
    try:
        model = schema.Model.GetRootAs(data, 0)
        if model.Version() != _SCHEMA_VERSION:
            raise _refused(name, f"schema version {model.Version()}", str(_SCHEMA_VERSION))
        codes = _codes(schema, model, len(data), name)
        _check_buffers(model, len(data), name)
        counts: Counter[str] = Counter()
        for index in _operator_codes(model, len(data), limits, name):
            counts[codes[index]] += 1
    except (struct.error, IndexError, ValueError, TypeError, OverflowError) as error:
        raise _refused(name, f"an offset that leaves the file ({error})", "a whole file") from error
    return dict(sorted(counts.items()))


def _codes(schema: Any, model: Any, size: int, name: str) -> list[str]:
    words = {
        value: word
        for word, value in vars(schema.BuiltinOperator).items()
        if isinstance(value, int)
    }
    codes = []
    for number in range(_count(model.OperatorCodesLength(), size, name)):
        code = model.OperatorCodes(number)
        value = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        word = words.get(value, f"unknown {value}")
        if word in _FOREIGN or value not in words:
            custom = (code.CustomCode() or b"").decode("utf-8", errors="replace")
            raise _refused(name, f"operator {word} {custom!r}", "operators built into LiteRT")
        codes.append(word)
    return codes


def _check_buffers(model: Any, size: int, name: str) -> None:
    for number in range(_count(model.BuffersLength(), size, name)):
        buffer = model.Buffers(number)
        if buffer.DataLength():
            _count(buffer.DataLength(), size * 4, name)
            buffer.Data(buffer.DataLength() - 1)
        if buffer.Offset() > 1 and buffer.Offset() + buffer.Size() > size:
            raise _refused(name, f"a buffer at {buffer.Offset()} of {size}", "data in the file")
    for number in range(_count(model.SubgraphsLength(), size, name)):
        graph = model.Subgraphs(number)
        for index in range(_count(graph.TensorsLength(), size, name)):
            _check_tensor(model, graph.Tensors(index), size, name)


def _check_tensor(model: Any, tensor: Any, size: int, name: str) -> None:
    if not 0 <= tensor.Buffer() < model.BuffersLength():
        raise _refused(name, f"a tensor in buffer {tensor.Buffer()}", "a buffer of the file")
    shape = [tensor.Shape(axis) for axis in range(_count(tensor.ShapeLength(), size, name))]
    if any(length < 0 for length in shape):
        raise _refused(name, f"a tensor of shape {shape}", "sizes that are not negative")


def _operator_codes(model: Any, size: int, limits: InspectionLimits, name: str) -> Iterator[int]:
    total = 0
    for number in range(model.SubgraphsLength()):
        graph = model.Subgraphs(number)
        tensors = graph.TensorsLength()
        total += _count(graph.OperatorsLength(), size, name)
        if total > limits.max_operators:
            raise _refused(name, f"over {limits.max_operators} operators", "a mobile model")
        for index in range(graph.OperatorsLength()):
            operator = graph.Operators(index)
            _check_ends(operator, tensors, size, name)
            yield operator.OpcodeIndex()


def _check_ends(operator: Any, tensors: int, size: int, name: str) -> None:
    ends = [operator.Inputs(i) for i in range(_count(operator.InputsLength(), size, name))]
    ends += [operator.Outputs(i) for i in range(_count(operator.OutputsLength(), size, name))]
    if any(not -1 <= end < tensors for end in ends):  # -1: an omitted optional input
        raise _refused(name, f"an operator on tensors {ends} of {tensors}", "tensors of its graph")


def _count(length: int, size: int, name: str) -> int:
    """Return a vector's length after checking that the file can hold it, at 4 bytes an entry."""
    if length * 4 > size:
        raise _refused(name, f"a list of {length} in {size} bytes", "lists that fit in the file")
    return length
