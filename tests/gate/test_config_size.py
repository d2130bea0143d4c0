"""Size of the configuration for the official host, and the gate's messages about it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.gate.engine.engine_environment import (
    config_bytes,
    require_startable,
    size_warnings,
)
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project
from mobile_ai.sandbox.engine.host.long import LONGEST

EMPTY = len("PULUMI_CONFIG={}")
ENTRY = len('"mobile-ai:x":""')


@pytest.fixture
def stack_file(tmp_path):
    """A stack file whose configuration has a number of bytes."""

    def make(size):
        text = "x" * (size - EMPTY - ENTRY)
        (tmp_path / "Pulumi.dev.yaml").write_text(f"config:\n  mobile-ai:x: {text}\n")
        return Project(root=tmp_path, stack="dev").read()

    return make


@pytest.mark.parametrize(
    ("config", "value"),
    [
        ({}, "{}"),
        ({"a:b": "text"}, r'{"a:b":"text"}'),
        ({"a:b": True, "a:c": 3}, r'{"a:b":"true","a:c":"3"}'),
        ({"a:b": {"k": ["v"]}}, r'{"a:b":"{\"k\":[\"v\"]}"}'),
        ({"a:b": "é<"}, r'{"a:b":"é\u003c"}'),
        ({"a:b": {"k": "<"}}, r'{"a:b":"{\"k\":\"\\u003c\"}"}'),
    ],
)
def test_bytes_are_those_of_gos_json(config, value):
    assert config_bytes(config) == len(f"PULUMI_CONFIG={value}".encode())


@given(st.dictionaries(st.text(), st.recursive(st.text() | st.integers(), st.lists, max_leaves=5)))
def test_no_value_is_shorter_than_its_plain_json(config):
    assert config_bytes(config) >= EMPTY + sum(
        len(json.dumps(value, ensure_ascii=False, separators=(",", ":"))) - 2
        for value in config.values()
    )


def test_longest_that_linux_takes_starts_and_a_byte_more_is_refused(stack_file):
    require_startable(stack_file(LONGEST))
    with pytest.raises(GateError, match=r"got a configuration of 128\.0 KiB;.* Next: move some"):
        require_startable(stack_file(LONGEST + 1))


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (LONGEST * 3 // 4, ""),
        (LONGEST * 3 // 4 + 1, "near the limit on AWS, 96.0 of 128 KiB"),
        (LONGEST, "near the limit on AWS, 128.0 of 128 KiB"),
        (LONGEST + 1, "too long for AWS, 128.0 of 128 KiB"),
    ],
)
def test_warning_begins_at_three_quarters(stack_file, size, said):
    warned = "".join(size_warnings(stack_file(size)))
    assert (said in warned) if said else not warned
