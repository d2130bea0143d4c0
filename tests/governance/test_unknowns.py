"""Unknown values never remove a denial, raise an error or allow a downgrade."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobile_ai.contracts.reading import UNKNOWN
from mobile_ai.contracts.resource import Resource
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.verdict import StackVerdict
from mobile_ai.testing import SAMPLE_TYPES, Scene, changed, secret
from tests.governance.alone import ALONE

SCENE = Scene()
RULES = {rule.id: rule for rule in catalogue()}
SUBJECTS = [
    SCENE.context(),
    SCENE.model_version(),
    SCENE.deployment(),
    SCENE.workload(),
    *(SCENE.sample(token) for token in SAMPLE_TYPES),
]
BAD = [make() for make in ALONE.values()]


def paths(value: Any, prefix: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every value that may be unknown."""
    if prefix:
        yield prefix
    children: Any = ()
    if isinstance(value, Mapping):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for key, item in children:
        yield from paths(item, (*prefix, key))


@st.composite
def partly_unknown(draw: st.DrawFn, resource: Resource) -> Resource:
    every = list(paths(resource.props))
    chosen = draw(st.lists(st.sampled_from(every), max_size=4, unique=True)) if every else []
    # Deepest paths first: children of an unknown value are unknown.
    for path in sorted(chosen, key=len, reverse=True):
        resource = changed(resource, *path, to=UNKNOWN)
    return resource


def by_rule(verdicts: list[StackVerdict]) -> dict[tuple[str, str], StackVerdict]:
    return {(item.rule, item.urn): item for item in verdicts}


def check(known: list[StackVerdict], later: list[StackVerdict]) -> None:
    after = by_rule(later)
    for key, before in by_rule(known).items():
        rule = RULES[key[0]]
        if key not in after:
            assert rule.kind == "stack"
            continue
        assert after[key].level == before.level
        assert not any(item.what.startswith("rule ") for item in after[key].findings)
        if before.denies and rule.kind == "resource" and rule.on_unknown == "deny":
            assert after[key].denies, (key, before.findings)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_unknowns_never_break_a_rule_or_lower_its_level(data: st.DataObject) -> None:
    subject = data.draw(st.sampled_from(SUBJECTS))
    unclear = data.draw(partly_unknown(subject))

    check(SCENE.judge(SCENE.resources(subject)), SCENE.judge(SCENE.resources(unclear)))


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_an_unknown_hides_no_violation_of_a_rule_that_denies_unknowns(data: st.DataObject) -> None:
    scene, resources = data.draw(st.sampled_from([item for item in BAD if item[1]]))
    unclear = [data.draw(partly_unknown(resource)) for resource in resources]

    check(scene.judge(scene.resources(*resources)), scene.judge(scene.resources(*unclear)))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_secret_is_judged_as_its_value_and_never_shown(data: st.DataObject) -> None:
    subject = data.draw(st.sampled_from(SUBJECTS))
    path = data.draw(st.sampled_from(list(paths(subject.props))))
    marked = changed(subject, *path, to="hunter2-hunter2")
    hidden = secret(marked, *path)

    plain = by_rule(SCENE.judge(SCENE.resources(marked)))
    judged = by_rule(SCENE.judge(SCENE.resources(hidden)))

    assert {key: item.outcome for key, item in plain.items()} == {
        key: item.outcome for key, item in judged.items()
    }
    assert "hunter2" not in " ".join(text for item in judged.values() for text in item.messages)


def test_what_is_deferred_at_preview_is_denied_at_up_when_it_is_still_unknown() -> None:
    unclear = changed(SCENE.sample("aws:sns/topic:Topic"), "kmsMasterKeyId", to=UNKNOWN)
    update = replace(SCENE, preview=False)

    assert SCENE.outcome("messages-encrypted", unclear) == "deferred"
    assert update.denials(unclear) == {"messages-encrypted"}


def test_a_policy_document_that_stays_unknown_is_denied_at_up() -> None:
    unclear = changed(SCENE.sample("aws:iam/rolePolicy:RolePolicy"), "policy", to=UNKNOWN)
    update = replace(SCENE, preview=False)

    [verdict] = SCENE.verdicts("no-wildcard-iam", unclear)

    assert (verdict.outcome, verdict.denies) == ("deferred", False)
    assert "evaluated when known, before the resource is created" in verdict.messages[0]
    assert update.denials(unclear) == {"no-wildcard-iam"}
