"""Positions in the stack file, and the copy of it that the sandbox works with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.stack.editor import sandbox_copy
from mobile_ai.stack.errors import StackFileError
from mobile_ai.stack.reader import StackFile, read_settings, stack_file_name, stack_of
from tests.gate.support import STACK_TEXT

FILE = StackFile.parse(STACK_TEXT, name="Pulumi.dev.yaml")


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("mobile-ai:owner", 3),
        ("mobile-ai:owner.project", 4),
        ("mobile-ai:deployments[0].region", 9),
        ("mobile-ai:deployments[0].rollout.rings[0].percent", 12),
        ("mobile-ai:deployments[1].version", 15),
    ],
)
def test_key_has_the_line_on_which_it_stands(key, line):
    assert FILE.position_of_key(key)[0] == line


@pytest.mark.parametrize(
    ("key", "line"),
    [("mobile-ai:owner.team", 3), ("mobile-ai:deployments[7]", 5), ("mobile-ai:missing", 0)],
)
def test_key_that_is_missing_has_the_line_of_what_should_hold_it(key, line):
    assert FILE.position_of_key(key)[0] == line


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("field-digits", 6),
        ("field-digits-edge-lab", 6),
        ("other-digits", 13),
        ("digits-1.0.0", 13),
        ("mobile-ai-dev", 0),
        ("field-digitsx", 0),
    ],
)
def test_resource_has_the_line_of_its_deployment(name, line):
    assert FILE.position_of_resource(name)[0] == line


@pytest.mark.parametrize("text", ["a: [", "just text", "config: []", "", "config:\n  a: {b: *c}"])
def test_file_that_cannot_be_read_is_refused(text):
    with pytest.raises(StackFileError, match=r"^x.*: got .*; expected .* Next: "):
        StackFile.parse(text, name="x")


def test_a_stack_without_a_file_has_no_positions():
    found = StackFile(name="x")
    assert found.position_of_key("mobile-ai:owner")[0] == 0
    assert found.position_of_resource("field-digits")[0] == 0


@given(st.text(alphabet="ab:.[]0-9 ", max_size=30))
def test_any_key_gives_a_line_or_none(path):
    assert 0 <= FILE.position_of_key(path)[0] <= STACK_TEXT.count("\n") + 1


def test_copy_has_no_keys_of_the_real_backend():
    text = "secretsprovider: awskms://alias/x\nencryptedkey: AAAA\n" + STACK_TEXT
    assert sandbox_copy(text, earlier="") == STACK_TEXT


def test_copy_keeps_the_salt_that_the_sandbox_state_was_made_with():
    earlier = sandbox_copy(STACK_TEXT, earlier="encryptionsalt: v1:mine\n")
    again = sandbox_copy("encryptionsalt: v1:theirs\n" + STACK_TEXT, earlier=earlier)
    assert again == earlier
    assert "v1:mine" in again
    assert "v1:theirs" not in again


def test_copy_changes_nothing_inside_the_config():
    assert StackFile.parse(sandbox_copy(STACK_TEXT, earlier="x"), name="x").config == FILE.config


@pytest.mark.parametrize("name", ["../dev", "", "org/project/dev", "a\\b", "/etc/passwd"])
def test_a_name_of_a_stack_that_names_another_file_is_refused_as_given(name, tmp_path):
    with pytest.raises(StackFileError, match=r"^stack: got .*; expected the name alone") as caught:
        stack_file_name(name)
    assert repr(name) in str(caught.value)
    with pytest.raises(StackFileError, match=r"^stack: got "):
        read_settings(name, root=tmp_path)


def test_a_stack_is_named_by_its_file():
    assert stack_of("Pulumi.eu.west.yaml") == ("eu.west",)
    assert stack_of("Pulumi.yaml") == stack_of("README.md") == ()
