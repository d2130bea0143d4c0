"""The stack takes both forms of a manifest; what is not delivered yet is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.contracts.canonical import sha256_bytes, sha256_text
from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.manifest import read_manifest
from mobile_ai.contracts.manifest_v2 import ArtifactFile, files_digest
from mobile_ai.stack.errors import SettingsError
from mobile_ai.stack.load import StackInputs, load_stack
from tests.components.support import stack_values

MANIFEST = "models/digits/1.1.0/manifest.yaml"


def load(root: Path, change: Callable[[dict[str, Any]], None]) -> StackInputs:
    """Load the stack with its version rewritten as ``mobile-ai/v2`` and changed."""
    manifest, _ = read_manifest((root / MANIFEST).read_text(), name=MANIFEST)
    values = manifest.to_dict()
    change(values)
    text = dump_yaml(values)
    (root / MANIFEST).write_text(text)
    stack = stack_values(root)
    stack["deployments"][0]["sha256"] = sha256_text(text)
    return load_stack(stack, root=root, stack="dev")


def refused(root: Path, change: Callable[[dict[str, Any]], None]) -> str:
    with pytest.raises(SettingsError) as caught:
        load(root, change)
    return str(caught.value)


def with_weights(values: dict[str, Any], data: bytes = b"weights") -> None:
    """Give the first artifact a second file."""
    first = values["artifacts"][0]
    first["files"].append(
        {
            "path": "artifacts/int8.data",
            "sha256": sha256_bytes(data),
            "bytes": len(data),
            "kind": "weights",
        }
    )
    first["digest"] = files_digest(tuple(ArtifactFile(**item) for item in first["files"]))


def test_a_version_in_the_form_of_v2_is_loaded(repository: Path) -> None:
    files = load(repository, lambda _: None).models["digits-1.1.0"]
    assert "apiVersion: mobile-ai/v2" in files.text
    assert [item.variant for item in files.manifest.artifacts] == ["int8", "int8-onnx"]


def test_an_artifact_of_several_files_is_refused_where_it_is_placed(repository: Path) -> None:
    (repository / "models/digits/1.1.0/artifacts/int8.data").write_bytes(b"weights")
    said = refused(repository, with_weights)
    assert "placement[0].variant: got 'int8' (2 files)" in said
    assert "Next: place another variant (docs/manifest.md)" in said


def test_every_file_of_an_artifact_is_what_was_signed_for(repository: Path) -> None:
    assert "int8.data (no such file" in refused(repository, with_weights)
    (repository / "models/digits/1.1.0/artifacts/int8.data").write_bytes(b"others!")
    assert "as the manifest says" in refused(repository, lambda _: None)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("format", "gguf", "'int8' (format gguf)"),
        ("base", "c" * 64, "'int8' (an adapter of cccccccccccc)"),
    ],
)
def test_what_no_client_reads_is_refused(
    repository: Path, field: str, value: str, said: str
) -> None:
    def change(values: dict[str, Any]) -> None:
        values["artifacts"][0][field] = value

    assert said in refused(repository, change)


def test_a_self_test_by_seed_is_refused(repository: Path) -> None:
    def change(values: dict[str, Any]) -> None:
        values["selfTest"] = {
            "seed": 7,
            "generator": "philox",
            "cases": 3,
            "tolerance": 0.1,
            "answers": {"file": "artifacts/answers.json", "digest": "d" * 64},
        }

    assert "seed 7 of philox" in refused(repository, change)


def test_scope_records_of_the_pinned_versions_are_carried(repository: Path) -> None:
    folder = repository / "models/digits/1.1.0/scope"
    folder.mkdir()
    (folder / "second-app.yaml").write_text("text\n")
    (repository / "models/digits/0.9.0/scope").mkdir(parents=True)
    (repository / "models/digits/0.9.0/scope/other.yaml").write_text("text\n")
    records = {item.name: item.text for item in load(repository, lambda _: None).records}
    assert records["models/digits/1.1.0/scope/second-app.yaml"] == "text\n"
    assert "models/digits/0.9.0/scope/other.yaml" not in records
