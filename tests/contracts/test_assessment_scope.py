"""A use is covered by one whole scope, never by pieces of several."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.contracts.assessment_scope import covers, uncovered, uses_of

APPS = {"camera": ("one", "eu"), "reader": ("two", "us")}
SCOPES = [
    {"apps": frozenset({app}), "dataTypes": frozenset({data}), "regions": frozenset({region})}
    for app, (data, region) in APPS.items()
]
scopes = st.fixed_dictionaries(
    {key: st.frozensets(st.sampled_from("abc"), max_size=3) for key in ("apps", "regions")}
)


def use(app: str, data: str, region: str) -> dict[str, frozenset[str]]:
    return {
        "apps": frozenset({app}),
        "dataTypes": frozenset({data}),
        "regions": frozenset({region}),
    }


@pytest.mark.parametrize("app", APPS)
def test_a_use_in_one_scope_is_covered(app: str) -> None:
    assert covers(use(app, *APPS[app]), SCOPES)
    assert list(uncovered(use(app, *APPS[app]), SCOPES)) == []


def test_scopes_of_two_applications_lend_each_other_nothing() -> None:
    mixed = use("camera", "two", "eu")

    assert not covers(mixed, SCOPES)
    assert list(uncovered(mixed, SCOPES)) == [("dataTypes", "two", frozenset({"one"}))]


def test_of_an_application_in_no_scope_every_scope_is_named() -> None:
    found = list(uncovered(use("stranger", "one", "eu"), SCOPES))

    assert found == [("apps", "stranger", frozenset(APPS))]


@given(wanted=scopes, known=st.lists(scopes, max_size=3), more=scopes)
def test_a_further_scope_takes_nothing_away(wanted, known, more):
    assert not covers(wanted, known) or covers(wanted, [*known, more])


@given(wanted=scopes, scope=scopes)
def test_one_scope_covers_exactly_what_has_nothing_uncovered(wanted, scope):
    assert covers(wanted, [scope]) == (not list(uncovered(wanted, [scope])))


@pytest.mark.parametrize("scope", [None, [], "apps", {"apps": "camera"}, {"apps": [1, None]}])
def test_a_malformed_scope_allows_nothing(scope: object) -> None:
    assert not any(uses_of(scope).values())


def test_a_signed_scope_is_read_by_field() -> None:
    assert uses_of({"apps": ["a", "b"], "regions": ["eu"]}) == {
        "apps": frozenset("ab"),
        "regions": frozenset({"eu"}),
    }
