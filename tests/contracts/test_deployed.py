"""The baseline round-trips between the program that writes it and the rules."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.contracts.deployed import (
    FIRST,
    NO_BASELINE,
    STATE,
    Baseline,
    read_deployed,
    write_deployed,
)
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.reading import UNKNOWN
from mobile_ai.contracts.tokens import DEPLOYED
from mobile_ai.governance.facts import Facts
from mobile_ai.testing import Scene

SPEC = {"aiModel": {"version": "1.1.0", "sha256": "a" * 64}, "rollout": {"stage": "canary"}}
BASELINE = Baseline(
    released=frozenset({"a" * 64}), deployments={"field": SPEC}, costs={"stack": "1.06"}
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def facts(**props: Any) -> Facts:
    scene = Scene()
    found = Facts(scene.setting("dev"), now=scene.now)
    found.admit(scene.resource(DEPLOYED, props, name="deployed"))
    return found


@given(st.dictionaries(st.text(), st.dictionaries(st.text(), _JSON, max_size=4), max_size=3))
def test_what_is_written_is_what_is_read(deployments: dict[str, dict[str, Any]]) -> None:
    baseline = Baseline(deployments=deployments, costs={})

    assert read_deployed(write_deployed(baseline, stack="dev"), stack="dev") == baseline


def test_the_text_is_canonical_and_names_its_stack() -> None:
    text = write_deployed(BASELINE, stack="dev")

    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    with pytest.raises(DocumentError, match=r"of stack 'dev'; expected .* of stack prod"):
        read_deployed(text, stack="prod")


@pytest.mark.parametrize(
    "change",
    [
        {"format": 3},
        {"released": [1]},
        {"deployments": []},
        {"deployments": {"field": "1.1.0"}},
        {"costs": {"stack": 1.06}},
        {"progress": {"field": {}}},
        {"release": {"root": "1"}},
        {"records": [None]},
        {"withdrawn": []},
    ],
    ids=str,
)
def test_a_text_of_another_shape_is_no_baseline(change: dict[str, Any]) -> None:
    value = json.loads(write_deployed(BASELINE, stack="dev"))

    with pytest.raises(DocumentError, match=r"expected the output `deployed` .*Next: "):
        read_deployed(json.dumps({**value, **change}), stack="dev")
    for key in value:
        with pytest.raises(DocumentError):
            read_deployed(json.dumps({k: v for k, v in value.items() if k != key}), stack="dev")


def test_a_text_of_an_earlier_version_has_no_progress() -> None:
    value = json.loads(write_deployed(BASELINE, stack="dev"))
    earlier = {key: value[key] for key in ("stack", "released", "deployments", "costs")}

    assert read_deployed(json.dumps({**earlier, "format": 1}), stack="dev") == BASELINE


def test_the_plan_tells_what_the_state_held() -> None:
    told = facts(found=STATE, text=write_deployed(BASELINE, stack="dev"))

    assert (told.baseline, told.untold) == (BASELINE, None)
    assert told.released == {"a" * 64}


def test_a_first_deployment_has_an_empty_baseline() -> None:
    assert facts(found=FIRST, text="").baseline == Baseline()


@pytest.mark.parametrize(
    "props",
    [
        {"found": NO_BASELINE, "text": ""},
        {"found": STATE, "text": ""},
        {"found": STATE, "text": "{"},
        {"found": STATE, "text": UNKNOWN},
        {"found": UNKNOWN, "text": ""},
        {"found": "elsewhere", "text": ""},
        {},
    ],
    ids=str,
)
def test_anything_else_is_no_baseline_and_says_why(props: dict[str, Any]) -> None:
    told = facts(**props)

    assert told.baseline is None
    assert told.untold is not None


def test_only_the_first_of_two_counts() -> None:
    scene = Scene()
    for one, other in ((NO_BASELINE, FIRST), (FIRST, NO_BASELINE)):
        told = facts(found=one, text="")
        before = told.baseline
        told.admit(scene.resource(DEPLOYED, {"found": other, "text": ""}, name="other"))
        assert told.baseline == before
