"""Files that the CDN serves, in the order of their upload."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tuf.api.metadata import Metadata, TargetFile

from mobile_ai.contracts.files import is_draft, write_whole
from mobile_ai.contracts.released import served_name
from mobile_ai.delivery.repository.folder import ReleaseHistory
from mobile_ai.delivery.repository.patches import read_artifact
from mobile_ai.signing.files import check_writable

IMMUTABLE: Final = "public, max-age=31536000, immutable"
"""`Cache-Control` of files whose names carry their digest or version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file and its path on the CDN.

    Attributes:
        key: Path on the CDN, such as ``metadata/3.snapshot.json``.
        path: Path of the local file.
    """

    key: str
    path: Path


def uploads(folder: Path, releases: ReleaseHistory, *, models: Path) -> Iterator[Upload]:
    """Yield every file of a release; each before the metadata that names it.

    Targets, then roles, then snapshots, then roots; the timestamp is uploaded last, by another
    process. All are immutable.
    """
    models_role = releases.role("models")
    for target in _files(models_role):
        custom = target.custom or {}
        if custom.get("kind") == "artifact":
            name = target.path.partition(".")[2]
            path = models / custom["model"] / custom["version"] / "artifacts" / name
            if read_artifact(models, custom["model"], custom["version"], target.path) is not None:
                yield Upload(key=f"targets/{_key(target)}", path=path)
    for path in sorted((folder / "targets").rglob("*")):
        if path.is_file() and not is_draft(path.name):
            yield Upload(key=path.relative_to(folder).as_posix(), path=path)
    metadata = sorted((folder / "metadata").glob("*.json"), key=_rank)
    yield from (Upload(key=f"metadata/{path.name}", path=path) for path in metadata)


def write_site(out: Path, folder: Path, releases: ReleaseHistory, *, models: Path) -> int:
    """Copy all files into a folder; return the number of new ones."""
    items = {out / item.key: item.path for item in uploads(folder, releases, models=models)}
    new = {goal: path for goal, path in items.items() if not goal.exists()}
    check_writable(new)
    for goal, path in new.items():
        write_whole(goal, path.read_bytes())
    return len(new)


def _files(metadata: Metadata | None) -> Iterator[TargetFile]:  # type: ignore[type-arg]
    if metadata is not None:
        yield from metadata.signed.targets.values()


def _key(target: TargetFile) -> str:
    return served_name(target.path, target.hashes["sha256"])


def _rank(path: Path) -> tuple[int, str]:
    role = path.name.split(".")[1]
    return ({"snapshot": 1, "root": 2}.get(role, 0), path.name)
