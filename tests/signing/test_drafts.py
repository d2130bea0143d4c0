"""Drafts are limited to the roles of their type and to the folder of their records."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.predicates import PREDICATES, WAIVER
from mobile_ai.signing.compose import Answers, composed
from mobile_ai.signing.drafts import check_new, commented, draft_of, load_drafts
from mobile_ai.signing.errors import SigningError
from tests.signing.examples import EXAMPLES, NOW, draft

USAGE = draft("usage")
DRAFTED = [row for row in PREDICATES.values() if row.drafted and row.signed_by == "trust"]


def drafts(tmp_path, **changes):
    (tmp_path / "one.yaml").write_text(dump_yaml({**USAGE, **changes}))
    return load_drafts(tmp_path)


def test_a_draft_is_about_its_own_predicate_unless_it_names_a_subject(tmp_path):
    assert drafts(tmp_path)[0].statement.subjects[0].name == "predicate"
    named = [{"name": "manifest.yaml", "sha256": "1" * 64}]
    assert drafts(tmp_path, subject=named)[0].statement.digests == {"1" * 64}


def test_drafts_come_in_the_order_of_their_names(tmp_path):
    for name in ("b", "a"):
        value = {**USAGE, "path": f"usage/dev/{name}.yaml"}
        (tmp_path / f"{name}.yaml").write_text(dump_yaml(value))
    assert [item.path for item in load_drafts(tmp_path)] == ["usage/dev/a.yaml", "usage/dev/b.yaml"]


@pytest.mark.parametrize(
    "changes",
    [
        {"role": "builder"},
        {"role": "finops-approver"},
        {"predicateType": "urn:unknown"},
        {"predicateType": WAIVER},
        {"predicateType": "lift"},
        {"path": "../outside.yaml"},
        {"path": "/usage/dev/x.yaml"},
        {"path": "usage/dev/../policy-pack/trust/dev.yaml"},
        {"path": "policy-pack/trust/dev.yaml"},
        {"path": "usage/dev/script.sh"},
        {"path": "usage/dev/.hidden.yaml"},
        {"path": "usage/prod/app.yaml"},
        {"path": "usage/dev/more/app.yaml"},
        {"predicate": {**USAGE["predicate"], "more": 1}},
        {"predicate": []},
        {"subject": [{"name": "x", "sha256": "y"}]},
        {"remark": "x"},
    ],
    ids=str,
)
def test_a_draft_that_oversteps_is_refused(tmp_path, changes):
    with pytest.raises(SigningError):
        drafts(tmp_path, **changes)


@pytest.mark.parametrize("left", ["TODO", "<reason>", "...", "REASON"])
@pytest.mark.parametrize("row", DRAFTED, ids=lambda row: row.name)
def test_a_text_that_was_not_filled_in_is_refused(row, left):
    value = draft(row.name)
    texts = [key for key, item in value["predicate"].items() if isinstance(item, str)]
    for key in texts:
        with pytest.raises(GovernanceError):
            draft_of({**value, "predicate": {**value["predicate"], key: left}}, name="x")
    assert draft_of(value, name="x").row == row


@pytest.mark.parametrize(
    "changes",
    [
        {"expires": None},
        {"expires": NOW.isoformat()},
        {"expires": (NOW + timedelta(days=401)).isoformat()},
    ],
)
def test_a_new_record_expires_in_time(changes):
    values = {**USAGE["predicate"], **changes}
    predicate = {key: value for key, value in values.items() if value is not None}
    with pytest.raises(SigningError, match="expires"):
        check_new(draft_of({**USAGE, "predicate": predicate}, name="x"), now=NOW, name="x")


@pytest.mark.parametrize("row", DRAFTED, ids=lambda row: row.name)
def test_an_empty_draft_names_every_required_field_and_cannot_be_signed(row):
    text = commented(row, path=draft(row.name)["path"], now=NOW)
    value = read_yaml(text, name="x")
    assert set(EXAMPLES[row.name]) - set(value["predicate"]) <= {
        str(item.alias) for item in row.model.model_fields.values() if not item.is_required()
    }
    with pytest.raises(GovernanceError):
        draft_of(value, name="x")


@pytest.mark.parametrize("row", DRAFTED, ids=lambda row: row.name)
def test_values_given_as_text_make_the_same_predicate(row):
    example = draft(row.name)
    texts = {
        key: value if isinstance(value, str) else dump_json(value)
        for key, value in EXAMPLES[row.name].items()
    }
    answers = Answers(
        scope="dev",
        values=texts,
        role=example["role"],
        name="x",
        subjects=[(item["name"], item["sha256"]) for item in example.get("subject", [])],
    )
    assert composed(row, answers, now=NOW) == {**example, "path": example["path"]}


def dump_json(value):
    return json.dumps(value)


@given(days=st.integers(1, 400), start=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001
def test_a_draft_counts_from_its_issue_for_the_days_that_were_asked(days, start):
    now = start.replace(tzinfo=UTC, microsecond=0)
    row = PREDICATES["urn:mobile-ai:usage:v1"]
    figures = ("monthlyActiveDevices", "updatesPerMonth", "requestsPerSecond")
    values = {"app": "a", "basis": "measurement", **dict.fromkeys(figures, "1")}
    value = composed(row, Answers(scope="dev", values=values, days=days), now=now)
    asked = draft_of(value, name="x")
    check_new(asked, now=now, name="x")
    with pytest.raises(SigningError):
        check_new(asked, now=now + timedelta(days=days), name="x")


def test_an_unknown_field_and_a_wrong_value_are_refused_by_name():
    row = PREDICATES["urn:mobile-ai:usage:v1"]
    for values, word in (({"apps": "x"}, "apps"), ({"monthlyActiveDevices": "many"}, "monthly")):
        with pytest.raises(SigningError, match=word):
            composed(row, Answers(scope="dev", values=values), now=NOW)
