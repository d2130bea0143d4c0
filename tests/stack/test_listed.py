"""The environment and the stack that are meant where none is named."""

from pathlib import Path

import pytest

from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.stack.listed import find_environment, find_stack
from mobile_ai.testing.plan import BOUNDS


def repository(root: Path, classes: dict[str, str]) -> Path:
    """Write the list of some stacks, and a file of each."""
    pack = root / "policy-pack"
    pack.mkdir()
    bounds = BOUNDS.model_dump(by_alias=True, exclude_defaults=True)
    stacks = {
        name: {
            "environment": f"{name}-env",
            "class": kind,
            "trust": f"trust/of-{name}.yaml",
            "config": "config/all.json",
            "bounds": bounds,
        }
        for name, kind in classes.items()
    }
    (pack / "stacks.yaml").write_text(dump_yaml({"stacks": stacks}))
    for name in classes:
        (root / f"Pulumi.{name}.yaml").write_text("config: {}\n")
    return pack


@pytest.mark.parametrize(
    "classes",
    [
        {"staging": "development"},
        {"live": "production"},
        {"live": "production", "staging": "development"},
    ],
    ids="-".join,
)
def test_the_only_one_or_the_only_one_for_development_is_meant(
    tmp_path: Path, classes: dict[str, str]
) -> None:
    pack = repository(tmp_path, classes)
    name = list(classes)[-1]

    assert find_stack(tmp_path, None) == name
    assert find_environment(pack, None) == (f"{name}-env", pack / f"trust/of-{name}.yaml")


@pytest.mark.parametrize(
    "classes",
    [
        {"a": "development", "b": "development"},
        {"a": "production", "b": "production"},
    ],
    ids=str,
)
def test_of_several_one_must_be_named(tmp_path: Path, classes: dict[str, str]) -> None:
    pack = repository(tmp_path, classes)

    with pytest.raises(DocumentError, match=r"--stack: got none; expected one of \['a', 'b'\]"):
        find_stack(tmp_path, None)
    with pytest.raises(DocumentError, match=r"expected one of \['a-env', 'b-env'\]"):
        find_environment(pack, None)
    assert find_stack(tmp_path, "b") == "b"
    assert find_environment(pack, "b-env") == ("b-env", pack / "trust/of-b.yaml")


def test_a_pack_without_a_list_has_the_environments_of_its_trust_files(tmp_path: Path) -> None:
    assert find_environment(tmp_path, None) is None
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust/staging.yaml").touch()

    assert find_environment(tmp_path, None) == ("staging", tmp_path / "trust/staging.yaml")
    assert find_environment(tmp_path, "new") == ("new", tmp_path / "trust/new.yaml")


def test_a_folder_without_stacks_asks_for_one(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"policy-pack/stacks\.yaml lists"):
        find_stack(tmp_path, None)
