"""Objects as YAML files in a folder, for an agent in a site to apply.

The official provider's `renderYamlToDirectory`, with its names of folders and files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import yaml

from sandbox.providers.cloud import Found, Made, Wanted
from sandbox.providers.errors import ProviderError
from sandbox.providers.kubernetes.objects import to_object
from sandbox.providers.values import Properties

__all__ = ["RenderedObjects"]

_DEFINITIONS: Final = "0-crd"
_OBJECTS: Final = "1-manifest"


class RenderedObjects:
    """Writes and removes one file per object; no cluster is asked."""

    def __init__(self, folder: Path) -> None:
        """Take the folder of the site's bundle."""
        self._folder = folder

    def plan(self, wanted: Wanted, *, object_id: str, old: Properties) -> Properties | None:  # noqa: ARG002
        """What the inputs say, and nothing more."""
        return _outputs(wanted)

    def create(self, wanted: Wanted) -> Made:
        """Write the file."""
        body = to_object(wanted.inputs)
        self._write(wanted, body)
        metadata = body["metadata"]
        namespace = metadata.get("namespace")
        made_id = f"{namespace}/{metadata['name']}" if namespace else metadata["name"]
        return Made(id=made_id, outputs=_outputs(wanted))

    def read(self, wanted: Wanted, *, object_id: str, known: Properties) -> Found | None:  # noqa: ARG002
        """What the state holds, as long as the file is there."""
        if not known:
            raise ProviderError(
                f"`{wanted.facts.token}` cannot be looked up: its provider only writes files",
                code="FAILED_PRECONDITION",
            )
        if not self._path(wanted).exists():
            return None
        return Found(inputs=wanted.inputs, outputs=known)

    def update(self, wanted: Wanted, *, object_id: str, old: Properties) -> Properties:  # noqa: ARG002
        """Write the file again."""
        self._write(wanted, to_object(wanted.inputs))
        return _outputs(wanted)

    def delete(self, wanted: Wanted, *, object_id: str, known: Properties) -> None:  # noqa: ARG002
        """Remove the file."""
        self._path(wanted).unlink(missing_ok=True)

    def _write(self, wanted: Wanted, body: dict[str, object]) -> None:
        path = self._path(wanted)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(body))

    def _path(self, wanted: Wanted) -> Path:
        body = to_object(wanted.inputs)
        version, kind = str(body["apiVersion"]).replace("/", "-"), str(body["kind"])
        metadata = body["metadata"]
        namespace = metadata.get("namespace", "default")
        kinds = _DEFINITIONS if kind == "CustomResourceDefinition" else _OBJECTS
        name = f"{version}-{kind.lower()}-{namespace}-{metadata['name']}.yaml"
        return self._folder / kinds / name


def _outputs(wanted: Wanted) -> Properties:
    return {key: value for key, value in wanted.inputs.items() if not key.startswith("__")}
