"""Paths of the protocol."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

_MODEL: Final = re.compile(
    r"/v2/models/(?P<name>[A-Za-z0-9._-]{1,128})"
    r"(?:/versions/(?P<version>[A-Za-z0-9.+_-]{1,128}))?"
    r"(?:/(?P<verb>infer|ready))?",
    re.ASCII,
)


class ModelPath(NamedTuple):
    """A path of a model.

    Attributes:
        name: The model.
        version: Its version, if the path has one.
        verb: ``infer``, ``ready``, or ``None`` for metadata.
    """

    name: str
    version: str | None
    verb: str | None


def model_path(path: str) -> ModelPath | None:
    """Parse the path of a model; ``None`` if it is not one."""
    found = _MODEL.fullmatch(path)
    return ModelPath(**found.groupdict()) if found else None


@lru_cache(maxsize=1024)
def infer_target(url: bytes) -> tuple[str, str | None] | None:
    """Return name and version if a request's target is the plain path of an inference."""
    if not url.endswith(b"/infer") or not url.isascii():
        return None
    path = model_path(url.decode("ascii"))
    return (path.name, path.version) if path is not None and path.verb == "infer" else None
