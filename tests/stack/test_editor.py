"""Edits of stack files: what was not touched stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mobile_ai.stack.editor import edit_file, renew_pins
from mobile_ai.stack.errors import StackFileError
from mobile_ai.stack.reader import StackFile
from tests.stack.sample import ROOT

STACK = (ROOT / "Pulumi.dev.yaml").read_text()
OLD, NEW = "models/digits/1.0.0/manifest.yaml", "models/digits/1.1.0/manifest.yaml"


def pins(text):
    file = StackFile.parse(text, name="Pulumi.dev.yaml")
    return [
        pin
        for item in file.settings.deployments
        for pin in (item, item.previous)
        if pin is not None
    ]


def written(folder: Path) -> Path:
    path = folder / "Pulumi.dev.yaml"
    path.write_text(STACK)
    return path


def test_only_the_digests_change(tmp_path):
    path = written(tmp_path)
    before = {pin.manifest: pin.sha256 for pin in pins(STACK)}
    assert renew_pins(path, {OLD: "a" * 64, NEW: "b" * 64}) == len(pins(STACK))
    expected = STACK.replace(before[OLD], "a" * 64).replace(before[NEW], "b" * 64)
    assert path.read_text().replace('"', "") == expected.replace('"', "")


def test_renewing_again_changes_nothing(tmp_path):
    path = written(tmp_path)
    digests = {NEW: "a" * 64}
    assert (renew_pins(path, digests), renew_pins(path, digests)) == (1, 0)


@settings(max_examples=20)
@given(st.text("0123456789abcdef", min_size=64, max_size=64))
def test_any_digest_is_read_back_as_text(tmp_path_factory, digest):
    path = written(tmp_path_factory.mktemp("stack"))
    renew_pins(path, {NEW: digest})
    first = yaml.safe_load(path.read_text())["config"]["mobile-ai:deployments"][0]
    assert first["sha256"] == digest


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_an_edit_that_changes_nothing_leaves_every_byte(tmp_path, stack):
    path = tmp_path / f"Pulumi.{stack}.yaml"
    path.write_bytes((ROOT / path.name).read_bytes())
    edit_file(path, lambda _: "nothing")
    assert path.read_bytes() == (ROOT / path.name).read_bytes()


def test_an_edit_that_the_reader_would_refuse_is_not_written(tmp_path):
    def change(config):
        config["mobile-ai:protect"] = "perhaps"
        return "broken"

    path = written(tmp_path)
    with pytest.raises(StackFileError, match="mobile-ai:protect: got 'perhaps'"):
        edit_file(path, change)
    assert path.read_text() == STACK


def test_a_digest_behind_letters_of_several_bytes_is_found(tmp_path):
    path = written(tmp_path)
    path.write_text(STACK.replace("# ", "# größer: 😀: ", 1))
    renew_pins(path, {NEW: "a" * 64})
    assert "a" * 64 in {pin.sha256 for pin in pins(path.read_text())}
