"""Objects that the releases of a stack ever delivered, from their metadata in Git."""

import hashlib
from pathlib import Path

from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.released import served_name

_LARGEST = 5_000_000  # bytes; python-tuf's default limit of targets metadata


def released_objects(root: Path, stack: str) -> dict[str, str]:
    """Return the SHA-256 of every object, by key, that a release in Git names or is.

    Metadata in ``releases/<stack>/metadata`` is never removed, and its signatures were verified
    before it was added; they are not verified again here.

    Args:
        root: The repository.
        stack: The stack.

    Raises:
        DocumentError: A document is not one that a release writes.
    """
    found: dict[str, str] = {}
    for path in sorted((root / "releases" / stack / "metadata").glob("*.json")):
        data = path.read_bytes()
        found[f"metadata/{path.name}"] = hashlib.sha256(data).hexdigest()
        document = read_json(data.decode(errors="replace"), name=path.name, max_bytes=_LARGEST)
        try:
            signed = document["signed"]
            named = signed["targets"] if signed["_type"] == "targets" else {}
            for target, item in named.items():
                digest = str(item["hashes"]["sha256"])
                found[f"targets/{served_name(target, digest)}"] = digest
        except (AttributeError, KeyError, TypeError) as error:
            raise DocumentError(
                str(path),
                got=f"{type(error).__name__}: {error}",
                expected="a document of a release",
                next_step="restore it from the protected branch",
            ) from error
    return found
