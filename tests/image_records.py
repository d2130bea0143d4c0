"""Signed records of container images."""

from typing import Any

from mobile_ai.contracts.predicates import IMAGE
from mobile_ai.contracts.statements import Subject
from mobile_ai.testing import Signers, make_record

_PLATFORMS = {"linux/amd64": "a" * 64}


def image_record(
    reference: str,
    signers: Signers,
    *,
    role: str = "image-builder",
    issued: str = "2026-05-01",
    platforms: dict[str, str] = _PLATFORMS,
) -> str:
    """Return a record of an image by digest, signed as a role."""
    repository, _, index = reference.partition("@sha256:")
    predicate: dict[str, Any] = {
        "issued": f"{issued}T00:00:00Z",
        "repository": repository,
        "index": index,
        "platforms": platforms,
        "commit": "c" * 40,
        "provenance": {},
    }
    subjects = tuple(Subject(name, value) for name, value in {"index": index, **platforms}.items())
    return make_record(IMAGE, predicate, signer=signers.by_role[role], subjects=subjects)
