"""Reads `data.lock.yaml`, which pins every data set and third-party model by digest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from mobile_ai.contracts.files import read_model
from mobile_ai.model_build.errors import DataError
from mobile_ai.model_build.shipped import shipped

_DATA_LOCK = shipped("data.lock.yaml")


class LockedSource(BaseModel):
    """One data set or model inside a wheel, pinned by the wheel's digest."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True
    )

    package: str = Field(description="Distribution name on the package index.")
    version: str
    wheel: str = Field(pattern=r"^[A-Za-z0-9_.]+-[^/]+\.whl$", description="File name.")
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] = Field(description="Of the wheel.")
    paths: tuple[str, ...] = Field(min_length=1, description="Files inside the wheel.")
    reader: str = Field(description="Function of mobile_ai.model_build.datasets, or `file`.")
    licence: str
    terms: str = Field(default="", description="URL of the licence or the terms.")
    sensitive_attributes: tuple[str, ...] = ()


class _Lock(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True
    )
    sources: dict[str, LockedSource]


def load_lock(path: Path = _DATA_LOCK) -> dict[str, LockedSource]:
    """Read the lock file.

    Raises:
        DataError: If a field is missing, unknown or invalid.
    """
    refused = DataError.advising("fix the entry it names")
    return read_model(_Lock, path, refused=refused, expected="the fields of LockedSource").sources


def locked(name: str, path: Path = _DATA_LOCK) -> LockedSource:
    """Return the lock entry of a name.

    Raises:
        DataError: If there is none.
    """
    sources = load_lock(path)
    if name not in sources:
        raise DataError(
            f"data set {name}",
            got="no entry in the lock",
            expected=f"one of {sorted(sources)}",
            next_step=f"add it to {path.name} with package, version and sha256",
        )
    return sources[name]
