"""Moves a version that nobody signed to the present ``apiVersion`` of the manifest.

A signed version is not rewritten: its signatures are over its own form. It stays valid, and the
next build of the model writes the present form.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from mobile_ai.contracts.canonical import statements_key
from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.files import write_whole
from mobile_ai.contracts.manifest import API_VERSIONS, read_manifest

Migration = Literal["migrated", "current", "signed"]
"""Outcome for a manifest: rewritten, in the present form already, or kept for its signatures."""


def migrate(path: Path) -> Migration:
    """Write a manifest without signatures in the present form; running it again changes nothing.

    Raises:
        ManifestError: If the file is no manifest.
    """
    manifest, values = read_manifest(path.read_bytes().decode("utf-8"), name=str(path))
    if values["apiVersion"] == API_VERSIONS[-1]:
        return "current"
    if values.get(statements_key(values)):
        return "signed"
    write_whole(path, dump_yaml(manifest.to_dict()).encode())
    return "migrated"
