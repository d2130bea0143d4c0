"""Reads halts from signed releases, and requests that they be lifted.

``releases/<stack>/lifts.json`` is the request, in Git: a list of halt ids. It takes effect when
role ``models`` has signed it with its threshold, as part of a release.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from tuf.api.metadata import Metadata, Targets

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.contracts.files import write_whole
from mobile_ai.contracts.released import served_name
from mobile_ai.contracts.schema_errors import schema_problem
from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.delivery.halts import LIFTS_FILE, Halt, HaltDocument, LiftDocument
from mobile_ai.delivery.repository.roles import HALT_FILE
from mobile_ai.stack.settings_deployment import Deployment

_broken = ReleaseError.advising(
    "restore releases/ from the protected branch", expected="the document that was signed"
)

_LARGEST: Final = 2_000_000  # bytes, the devices' limit for a document


def read_halts(folder: Path, metadata: Metadata[Targets] | None) -> tuple[Halt, ...]:
    """Return the halts that role ``halt`` signed last.

    Raises:
        ReleaseError: If the document is missing, or differs from the signed one.
    """
    data = _signed_bytes(folder, metadata, HALT_FILE)
    try:
        return HaltDocument.model_validate_json(data).halted if data is not None else ()
    except ValidationError as error:
        raise _broken(HALT_FILE, str(schema_problem(error))) from error


def read_lifted(folder: Path, metadata: Metadata[Targets] | None) -> frozenset[str]:
    """Return the ids of halts whose lift is signed, or requested in Git.

    Raises:
        ReleaseError: If either document cannot be read.
    """
    request = folder / LIFTS_FILE
    asked = request.read_bytes() if request.is_file() else None
    documents = (asked, _signed_bytes(folder, metadata, LIFTS_FILE))
    try:
        found = [LiftDocument.model_validate_json(data) for data in documents if data is not None]
    except ValidationError as error:
        raise _broken(LIFTS_FILE, str(schema_problem(error))) from error
    return frozenset(name for item in found for name in item.lifted)


def request_lift(folder: Path, ids: Iterable[str]) -> None:
    """Add halt ids to the request to lift them."""
    path = folder / LIFTS_FILE
    before = LiftDocument.model_validate_json(path.read_bytes()).lifted if path.exists() else ()
    value = LiftDocument(kind="Lift", lifted=tuple(sorted({*before, *ids})))
    write_whole(path, f"{value.model_dump_json(indent=1)}\n".encode())


def stopped(halts: Iterable[Halt], deployment: Deployment) -> set[str]:
    """Return the digests that are halted for a deployment's application and model."""
    mine = (deployment.app, deployment.model)
    return {digest for item in halts if (item.app, item.model) == mine for digest in item.digests}


def _signed_bytes(folder: Path, metadata: Metadata[Targets] | None, path: str) -> bytes | None:
    target = metadata.signed.targets.get(path) if metadata else None
    if target is None:
        return None
    file = folder / "targets" / served_name(target.path, target.hashes["sha256"])
    try:
        data = file.read_bytes()
    except OSError as error:
        raise _broken(str(file), error.strerror or str(error)) from error
    if sha256_bytes(data) != target.hashes["sha256"] or len(data) > _LARGEST:
        raise _broken(str(file), "other bytes than signed")
    return data
