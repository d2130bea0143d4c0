"""Targets of patches and compressed files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from mobile_ai.contracts.canonical import parse_sha256, sha256_bytes
from mobile_ai.delivery.delta import Patch, best_patch, candidates
from mobile_ai.delivery.repository.targets import Target, target_name

_WORTH: Final = 0.95  # of the file: compression that saves less is not worth a second file


def patch_target(old: bytes, new: bytes, *, source: str) -> Target | None:
    """Return the patch from one artifact to another, or ``None`` if it would save little.

    Args:
        old: The artifact that devices have.
        new: The artifact that it leads to.
        source: Version of the old one, for the name.
    """
    patch = best_patch(old, new)
    if patch is None:
        return None
    return _target(patch, f"from-{source}", source=sha256_bytes(old), goal=sha256_bytes(new))


def packed_target(new: bytes) -> Target | None:
    """Return the whole file compressed, or ``None`` if that saves little."""
    packed = next(candidates(b"", new))
    if len(packed.data) > _WORTH * len(new):
        return None
    return _target(packed, "whole", source=None, goal=sha256_bytes(new))


def read_artifact(models: Path, model: str, version: str, file: str) -> bytes | None:
    """Return the bytes of a target's file in ``models/``, or ``None`` if missing or different.

    Raises:
        DocumentError: If the target is not named by its digest.
    """
    digest, _, name = file.partition(".")
    parse_sha256(digest, name=file)
    path = models / model / version / "artifacts" / name
    if not path.is_file():
        return None
    data = path.read_bytes()
    return data if sha256_bytes(data) == digest else None


def order(version: str) -> tuple[list[int], bool, str]:
    """Return the sort key of a version: numbers, then a release after its candidates."""
    core, _, candidate = version.partition("-")
    return [int(part) for part in core.split(".")], not candidate, candidate


def _target(patch: Patch, name: str, *, source: str | None, goal: str) -> Target:
    custom = {"kind": "patch", "codec": patch.codec, "from": source, "to": goal}
    # The goal's digest is in the name, so that rules and logs can tell the artifact.
    path = target_name(sha256_bytes(patch.data), f"{goal}.{name}.mdp")
    return Target.of(path, patch.data, custom)
