"""Models of the signed documents that a device reads, validated after their signature."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from mobile_ai.contracts.canonical import SHA256_PATTERN
from mobile_ai.contracts.schema_errors import schema_problem
from mobile_ai.contracts.self_test import MAX_SELF_TEST_CASES
from mobile_ai.delivery.errors import UpdateError

_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
_Digest = Annotated[str, Field(pattern=SHA256_PATTERN)]
_Path = Annotated[str, Field(pattern=r"^[0-9a-f]{64}\.[A-Za-z0-9._-]{1,128}$")]
_Text = Annotated[str, Field(max_length=128)]


class _Document(BaseModel):
    # Unknown fields are ignored, so that newer publishers can add fields.
    model_config = ConfigDict(
        alias_generator=to_camel, frozen=True, extra="ignore", allow_inf_nan=False
    )


class _Ring(_Document):
    name: _Name
    share: Annotated[int, Field(ge=0, le=1_000_000)]


class RingsDocument(_Document):
    """Ring table of a deployment; signed by role ``models``."""

    kind: Literal["Rings"]
    app: _Name
    model: _Name
    salt: _Text
    rings: Annotated[tuple[_Ring, ...], Field(min_length=1, max_length=8)]


class PlacementDocument(_Document):
    """One placement of a release and the file that runs there."""

    target: Literal["on-device", "edge", "cloud"]
    variant: _Name
    file: _Path
    patches: tuple[_Path, ...] = ()
    device_class: str | None = None
    site: str | None = None
    region: str | None = None


class ReleaseDocument(_Document):
    """Release of a ring; signed by the ring's key."""

    kind: Literal["Release"]
    app: _Name
    model: _Name
    ring: _Name
    version: _Text
    manifest_sha256: _Digest
    min_app_version: _Text
    variants: Annotated[tuple[PlacementDocument, ...], Field(max_length=64)]


class _Requirements(_Document):
    min_ram_mb: int
    min_android_api: int | None = None
    min_ios: str | None = None
    runtime: str = ""


class ArtifactFacts(_Document):
    """Signed facts about an artifact: ``custom`` of its target in role ``models``."""

    kind: Literal["artifact"]
    model: _Name
    version: _Text
    variant: _Name
    format: Literal["tflite", "onnx", "coreml"]
    manifest_sha256: _Digest
    requirements: _Requirements
    fallback: Literal["embedded", "off"]
    self_test: _Path | None = None


class PatchFacts(_Document):
    """Signed facts about a patch: ``custom`` of its target.

    Without ``from``, the patch is the whole file, compressed.
    """

    kind: Literal["patch"]
    codec: Literal["zstd", "bsdiff", "hdiff", "weights"]
    source: _Digest | None = Field(default=None, alias="from")
    goal: _Digest = Field(alias="to")


class _Case(_Document):
    case: Annotated[int, Field(ge=0)]
    expected: tuple[float, ...]
    tolerance: Annotated[float, Field(ge=0)]


class SelfTestDocument(_Document):
    """Expected outputs of one artifact."""

    kind: Literal["SelfTest"]
    inputs: _Path
    cases: Annotated[tuple[_Case, ...], Field(min_length=1, max_length=MAX_SELF_TEST_CASES)]


class _Input(_Document):
    shape: tuple[int, ...]
    data: str


class SelfTestInputs(_Document):
    """Inputs of self-tests by tensor name: little-endian 32-bit floats in base64."""

    kind: Literal["SelfTestInputs"]
    cases: tuple[dict[str, _Input], ...]


Kind = TypeVar("Kind", bound=BaseModel)


def read_document(kind: type[Kind], data: bytes, *, name: str) -> Kind:
    """Parse and validate a document.

    Raises:
        UpdateError: If it is not a valid document of this kind.
    """
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        raise _unfit(name, error) from error


def read_facts(kind: type[Kind], custom: Any, *, name: str) -> Kind:
    """Validate the ``custom`` object of a target.

    Raises:
        UpdateError: If it is missing or not a valid object of this kind.
    """
    try:
        return kind.model_validate_json(json.dumps(custom))
    except (ValidationError, TypeError, ValueError, RecursionError) as error:
        raise _unfit(name, error) from error


def _unfit(name: str, error: Exception) -> UpdateError:
    if isinstance(error, ValidationError):
        got = str(schema_problem(error))
    else:
        got = " ".join(str(error).split())[:300]
    return UpdateError(
        name,
        got=got,
        expected="a document of mobile-ai/v1",
        next_step="release it again with `mobile-ai release publish`",
    )
