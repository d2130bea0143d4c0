"""Record drafts are limited to the roles of their type and to the folders of records."""

from __future__ import annotations

import pytest

from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.predicates import USAGE, WAIVER
from mobile_ai.model_build.records import RecordError, load_drafts

DRAFT = {
    "role": "operations",
    "path": "usage/field-assistant.yaml",
    "predicateType": USAGE,
    "predicate": {"app": "field-assistant"},
}


def drafts(tmp_path, **changes):
    (tmp_path / "one.yaml").write_text(dump_yaml({**DRAFT, **changes}))
    return load_drafts(tmp_path)


def test_a_draft_is_about_its_own_predicate_unless_it_names_a_subject(tmp_path):
    assert drafts(tmp_path)[0].statement.subjects[0].name == "predicate"
    named = [{"name": "manifest.yaml", "sha256": "1" * 64}]
    assert drafts(tmp_path, subject=named)[0].statement.digests == {"1" * 64}


def test_drafts_come_in_the_order_of_their_names(tmp_path):
    (tmp_path / "b.yaml").write_text(dump_yaml({**DRAFT, "path": "usage/b.yaml"}))
    (tmp_path / "a.yaml").write_text(dump_yaml({**DRAFT, "path": "usage/a.yaml"}))
    assert [draft.path for draft in load_drafts(tmp_path)] == ["usage/a.yaml", "usage/b.yaml"]


@pytest.mark.parametrize(
    "changes",
    [
        {"role": "builder"},
        {"predicateType": "urn:unknown"},
        {"predicateType": WAIVER},
        {"path": "../outside.yaml"},
        {"path": "usage/../policy-pack/trust/dev.yaml"},
        {"path": "policy-pack/trust/dev.yaml"},
        {"path": "usage/script.sh"},
        {"remark": "x"},
    ],
)
def test_a_draft_that_oversteps_is_refused(tmp_path, changes):
    with pytest.raises(RecordError):
        drafts(tmp_path, **changes)
