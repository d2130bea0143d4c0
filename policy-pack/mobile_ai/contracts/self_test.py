"""The self-test of a model version: its file, and the documents that a release makes of it.

The builder writes one file for all variants. A release makes of it the inputs, which variants and
versions share, and the expected answers of each variant. A device reads only those two, so
builder, verification, gate and release all hold a file to what a device accepts.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from mobile_ai.contracts.canonical import canonical_bytes, sha256_bytes
from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.errors import DocumentError, EvidenceError
from mobile_ai.contracts.manifest import ModelManifest, TensorSpec
from mobile_ai.contracts.schema_errors import schema_problem

_unfit = EvidenceError.advising("build the version again: `mobile-ai model build`")

MAX_SELF_TEST_BYTES: Final = 8_000_000
"""Largest self-test file of a version, in bytes."""
MAX_DEVICE_DOCUMENT_BYTES: Final = 2_000_000
"""Largest document that a device fetches, in bytes (docs/protocol.md)."""
MAX_SELF_TEST_CASES: Final = 64
"""Most cases that a device repeats for one variant."""

_API_VERSION: Final = "mobile-ai/v1"
_TESTED_FORMATS: Final = frozenset({"tflite", "onnx"})  # Core ML runs on Apple platforms only


class SelfTestSizeError(EvidenceError):
    """A self-test is larger than what is released, or than what a device fetches."""


class _Part(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        defer_build=True,
    )


class _Case(_Part):
    inputs: dict[str, tuple[float, ...]]
    shapes: dict[str, tuple[Annotated[int, Field(ge=0)], ...]]


class _Answer(_Part):
    name: str
    case: Annotated[int, Field(ge=0)]
    expected: tuple[float, ...]
    tolerance: Annotated[float, Field(ge=0)]


class _File(_Part):
    api_version: Literal["mobile-ai/v1"]
    kind: Literal["SelfTest"]
    cases: tuple[_Case, ...] = Field(min_length=1)
    variants: dict[str, Annotated[tuple[_Answer, ...], Field(min_length=1)]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTestDocuments:
    """Release targets made from a self-test file.

    Attributes:
        inputs_name: Target path of the inputs.
        inputs: Their canonical bytes.
        variants: Canonical bytes of the expected answers, by variant.
    """

    inputs_name: str
    inputs: bytes
    variants: Mapping[str, bytes]


def check_self_test(data: bytes, manifest: ModelManifest) -> SelfTestDocuments:
    """Hold a self-test file to its manifest and to what devices accept; return its documents.

    Raises:
        SelfTestSizeError: If the file or one of its documents is too large.
        EvidenceError: If a variant that devices test has no case, or no case covers every output.
        DocumentError: If the file is no self-test.
    """
    meta = manifest.metadata
    name = f"self-test of {meta.name} {meta.version}"
    file = _read(data, name)
    for artifact in manifest.artifacts:
        if artifact.format in _TESTED_FORMATS:
            answers = file.variants.get(artifact.variant, ())
            _check_answers(f"{name}: {artifact.variant}", file, answers, manifest.io.outputs)
    documents = _documents(file, meta.name, name)
    _check_size(f"{name}: inputs", documents.inputs, MAX_DEVICE_DOCUMENT_BYTES)
    for variant, document in documents.variants.items():
        _check_size(f"{name}: expected answers of {variant}", document, MAX_DEVICE_DOCUMENT_BYTES)
    return documents


def _read(data: bytes, name: str) -> _File:
    _check_size(name, data, MAX_SELF_TEST_BYTES)
    text = data.decode("utf-8", errors="replace")
    value = read_json(text, name=name, max_bytes=2 * MAX_SELF_TEST_BYTES)
    try:
        return _File.model_validate(value)
    except ValidationError as error:
        problem = schema_problem(error)
        raise DocumentError(
            f"{name}: {problem.place or 'file'}",
            got=problem.got,
            expected=problem.expected,
            next_step="build the version again: `mobile-ai model build`",
        ) from error


def _check_answers(
    name: str, file: _File, answers: tuple[_Answer, ...], outputs: tuple[TensorSpec, ...]
) -> None:
    if not 1 <= len(answers) <= MAX_SELF_TEST_CASES:
        raise _unfit(name, f"{len(answers)} cases", f"1 to {MAX_SELF_TEST_CASES}")
    if beyond := [item.case for item in answers if item.case >= len(file.cases)]:
        raise _unfit(name, f"case {beyond[0]}", f"one of {len(file.cases)} inputs")
    smallest = sum(prod(1 if size < 0 else size for size in item.shape) for item in outputs)
    is_fixed = all(size >= 0 for item in outputs for size in item.shape)
    lengths = [len(item.expected) for item in answers]
    covered = set(lengths) == {smallest} if is_fixed else max(lengths) >= smallest
    if not covered:
        names = ", ".join(f"{item.name} {list(item.shape)}" for item in outputs)
        least = "" if is_fixed else "at least "
        raise _unfit(
            name, f"{lengths} numbers by case", f"{least}{smallest}: every output ({names})"
        )


def _documents(file: _File, model: str, name: str) -> SelfTestDocuments:
    cases = [_packed(case, f"{name}: case {number}") for number, case in enumerate(file.cases)]
    head = {"apiVersion": _API_VERSION, "kind": "SelfTestInputs"}
    inputs = canonical_bytes({**head, "cases": cases})
    path = f"{sha256_bytes(inputs)}.{model}.inputs.json"
    return SelfTestDocuments(
        inputs_name=path,
        inputs=inputs,
        variants={
            variant: canonical_bytes(_expected(answers, path))
            for variant, answers in file.variants.items()
        },
    )


def _expected(answers: tuple[_Answer, ...], inputs: str) -> dict[str, Any]:
    cases = [
        {"case": item.case, "expected": list(item.expected), "tolerance": item.tolerance}
        for item in answers
    ]
    return {"apiVersion": _API_VERSION, "kind": "SelfTest", "inputs": inputs, "cases": cases}


def _packed(case: _Case, name: str) -> dict[str, Any]:
    """Return a case with its numbers as little-endian 32-bit floats: a third of the text."""
    if case.inputs.keys() != case.shapes.keys():
        raise _unfit(name, f"shapes of {sorted(case.shapes)}", f"of {sorted(case.inputs)}")
    return {
        tensor: {
            "shape": list(case.shapes[tensor]),
            "data": base64.b64encode(
                _floats(values, case.shapes[tensor], f"{name}: {tensor}")
            ).decode(),
        }
        for tensor, values in case.inputs.items()
    }


def _floats(values: tuple[float, ...], shape: tuple[int, ...], name: str) -> bytes:
    if len(values) != prod(shape):
        raise _unfit(name, f"{len(values)} numbers", f"{prod(shape)} for shape {list(shape)}")
    form = f"<{len(values)}f"
    try:
        packed = struct.pack(form, *values)
    except OverflowError as error:
        raise _unfit(name, "a number beyond 32-bit floats", "numbers that devices get") from error
    # A device would run the model on another number than the builder did.
    if struct.unpack(form, packed) != values:
        raise _unfit(name, "a number that 32 bits round", "32-bit floats, exactly")
    return packed


def _check_size(name: str, data: bytes, limit: int) -> None:
    if len(data) > limit:
        raise SelfTestSizeError(
            name,
            got=f"{len(data)} bytes",
            expected=f"at most {limit} bytes, which a release and its devices accept",
            next_step="build it with fewer cases (evaluation.selfTests) or smaller inputs",
        )
