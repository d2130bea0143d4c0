"""Pins in stack files are found, and updated without changing anything else."""

from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st
from model_build.pins import pins_in, renew_pins

STACK = """\
# a comment
config:
  mobile-ai:deployments:
    - app: field-assistant   # the app
      manifest: models/digits/1.1.0/manifest.yaml
      sha256: "1111111111111111111111111111111111111111111111111111111111111111"
      previous:
        {version: 1.0.0, manifest: models/digits/1.0.0/manifest.yaml, sha256: '00'}  # before
    - {app: other, manifest: models/offer/1.0.0/manifest.yaml, sha256: abc}
"""


def test_every_pin_is_found_in_order():
    assert [(pin.manifest, pin.sha256[:3]) for pin in pins_in(STACK)] == [
        ("models/digits/1.1.0/manifest.yaml", "111"),
        ("models/digits/1.0.0/manifest.yaml", "00"),
        ("models/offer/1.0.0/manifest.yaml", "abc"),
    ]


def test_only_the_digests_change(tmp_path):
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(STACK)
    digests = {
        "models/digits/1.1.0/manifest.yaml": "a" * 64,
        "models/digits/1.0.0/manifest.yaml": "b" * 64,
    }
    assert renew_pins(path, digests) == 2
    expected = STACK.replace('"' + "1" * 64 + '"', '"' + "a" * 64 + '"')
    assert path.read_text() == expected.replace("'00'", '"' + "b" * 64 + '"')


def test_renewing_again_changes_nothing(tmp_path):
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(STACK)
    digests = {"models/digits/1.1.0/manifest.yaml": "a" * 64}
    assert (renew_pins(path, digests), renew_pins(path, digests)) == (1, 0)


def test_an_empty_stack_file_has_no_pins():
    assert pins_in("") == []


@given(st.text("0123456789abcdef", min_size=64, max_size=64))
def test_any_digest_is_read_back_as_text(tmp_path_factory, digest):
    path = tmp_path_factory.mktemp("stack") / "Pulumi.dev.yaml"
    path.write_text(STACK)
    renew_pins(path, {"models/digits/1.1.0/manifest.yaml": digest})
    first = yaml.safe_load(path.read_text())["config"]["mobile-ai:deployments"][0]
    assert first["sha256"] == digest
