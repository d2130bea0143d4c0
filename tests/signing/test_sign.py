"""A record is written when everything about it is right; otherwise nothing is."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.predicates import PREDICATES
from mobile_ai.contracts.records import read_records
from mobile_ai.signing.files import write_files
from mobile_ai.signing.keys import create_pair, load_signer
from mobile_ai.signing.records import (
    environment_of,
    read_draft_or_staged,
    sign_record,
    trust_for,
)
from mobile_ai.signing.states import list_records, record_state
from tests.signing.examples import EXAMPLES, NOW, example_trust, role_of, signer

DRAFTED = [row.name for row in PREDICATES.values() if row.drafted and row.signed_by == "trust"]


def sign(place, path, *keys, role="", now=NOW, trust=None):
    asked = read_draft_or_staged(path, place.root, role=role)
    found = trust or trust_for(environment_of(asked, place.root), place.root, now=now)
    return sign_record(asked, keys, trust=found, root=place.root, now=now)


def refused(place, path, *keys, match=None, error=GovernanceError, **options):
    before = place.files()
    with pytest.raises(error, match=match):
        sign(place, path, *keys, **options)
    assert place.files() == before


@pytest.mark.parametrize("name", DRAFTED)
def test_a_signed_draft_is_in_its_place_and_counts(place, name):
    done = sign(place, place.draft(name), signer(role_of(name)))
    assert done.complete
    assert done.changed
    assert done.path.is_relative_to(place.root)
    [state] = list_records(place.root, now=NOW)
    assert (state.type, state.role, state.counts) == (name, role_of(name), True)
    assert state.owners == (f"{role_of(name)}@example.com",)


@pytest.mark.parametrize("name", DRAFTED)
def test_signing_again_changes_nothing(place, name):
    path = place.draft(name)
    sign(place, path, signer(role_of(name)))
    before = place.files()
    assert not sign(place, path, signer(role_of(name))).changed
    assert place.files() == before


@pytest.mark.parametrize("name", DRAFTED)
def test_a_key_of_another_role_or_of_nobody_signs_nothing(place, name):
    other = "security" if role_of(name) != "security" else "evaluator"
    for key in (signer(other), signer(role_of(name), 9)):
        refused(place, place.draft(name), key, match="an active key of role")


@pytest.mark.parametrize("name", DRAFTED)
def test_a_role_that_may_not_sign_the_type_signs_nothing(place, name):
    for role in sorted(set(example_trust().roles) - set(PREDICATES_BY_NAME[name].roles)):
        refused(place, place.draft(name, role=role), signer(role))


PREDICATES_BY_NAME = {row.name: row for row in PREDICATES.values()}
WITHDRAWING = [name for name in DRAFTED if PREDICATES_BY_NAME[name].withdraws]


@pytest.mark.parametrize("name", sorted({*DRAFTED} - {*WITHDRAWING}))
def test_expired_trust_signs_nothing_but_what_withdraws(place, name):
    place.trust(expires=NOW)
    refused(place, place.draft(name), signer(role_of(name)), match="expired")


@pytest.mark.parametrize("name", WITHDRAWING)
def test_what_withdraws_is_signed_under_an_expired_trust(place, name):
    place.trust(expires=NOW)
    assert sign(place, place.draft(name), signer(role_of(name))).complete


@pytest.mark.parametrize("name", DRAFTED)
def test_the_trust_of_another_environment_signs_nothing(place, name):
    foreign = trust_for("prod", place.root, now=NOW)
    refused(place, place.draft(name), signer(role_of(name)), trust=foreign, match="trust of 'prod'")


@pytest.mark.parametrize("name", DRAFTED)
def test_a_foreign_stack_or_environment_signs_nothing(place, name):
    there = {"stack": "elsewhere", "environment": "elsewhere"}
    folder = PREDICATES_BY_NAME[name].folder.format(**there)
    predicate = {**EXAMPLES[name], **({"stack": "elsewhere"} if "stack" in EXAMPLES[name] else {})}
    path = place.draft(name, path=f"{folder}/x.yaml", predicate=predicate)
    refused(place, path, signer(role_of(name)), match="elsewhere")


@pytest.mark.parametrize("name", [name for name in DRAFTED if "expires" in EXAMPLES[name]])
def test_a_draft_that_has_expired_is_not_signed(place, name):
    late = datetime(2027, 1, 1, tzinfo=UTC)
    refused(place, place.draft(name), signer(role_of(name)), now=late, match="expired on")


@pytest.mark.parametrize("name", DRAFTED)
def test_another_file_in_its_place_stays(place, name):
    target = place.root / read_yaml(place.draft(name).read_text(), name="x")["path"]
    target.parent.mkdir(parents=True)
    target.write_text("somebody else's\n")
    refused(place, place.draft(name), signer(role_of(name)), match="another file")
    target.unlink()
    target.symlink_to(place.root / "Pulumi.dev.yaml")
    refused(place, place.draft(name), signer(role_of(name)), match="no plain file")


@pytest.mark.parametrize("name", DRAFTED)
def test_a_folder_that_cannot_be_written_is_refused(place, name, monkeypatch):
    # By what the system says, as root may write everywhere.
    monkeypatch.setattr(os, "access", lambda *_: False)
    refused(place, place.draft(name), signer(role_of(name)), match="cannot be written")


@pytest.mark.parametrize("name", DRAFTED)
def test_a_file_where_a_folder_should_be_is_refused(place, name):
    first = PREDICATES_BY_NAME[name].folder.split("/")
    blocked = place.root / "/".join(first[: 2 if first[0] == "policy-pack" else 1])
    blocked.write_text("")
    refused(place, place.draft(name), signer(role_of(name)), match="no folder")


@pytest.mark.parametrize("name", DRAFTED)
def test_a_run_that_is_killed_before_the_rename_leaves_nothing_that_counts(
    place, name, monkeypatch
):
    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    refused(place, place.draft(name), signer(role_of(name)), error=KeyboardInterrupt)
    monkeypatch.undo()
    assert sign(place, place.draft(name), signer(role_of(name))).complete


def test_a_temporary_file_of_a_killed_process_is_no_record(place):
    path = place.draft("waiver")
    folder = place.root / "policy-pack/waivers/dev"
    folder.mkdir(parents=True)
    (folder / ".x.yaml.0011.new").write_text("half")
    assert list(list_records(place.root, now=NOW)) == []
    assert sign(place, path, signer(role_of("waiver"))).complete


def test_a_record_is_staged_until_its_role_s_threshold_is_met(place):
    place.trust(thresholds={"security": 3})
    path = place.draft("revocation")
    first = sign(place, path, signer("security", 1))
    assert (first.complete, first.signatures, first.threshold) == (False, 1, 3)
    assert first.path.parent.name == "staged"
    [state] = list_records(place.root, now=NOW)
    assert (state.counts, state.state) == (False, "staged: 1 of 3 signatures")
    assert not sign(place, first.path, signer("security", 1)).changed
    second = sign(place, first.path, signer("security", 2))
    assert (second.complete, second.signatures) == (False, 2)
    third = sign(place, path, signer("security", 3))
    assert third.complete
    assert not first.path.exists()
    [state] = list_records(place.root, now=NOW)
    assert state.counts
    trust = trust_for("dev", place.root, now=NOW)
    records = read_records([("x", third.path.read_text())], trust=trust)
    assert set(records.revoked) == {"f" * 64}


def test_two_keys_given_at_once_reach_a_threshold_of_two(place):
    place.trust(thresholds={"security": 2})
    done = sign(place, place.draft("revocation"), signer("security", 1), signer("security", 2))
    assert done.complete


def test_a_changed_draft_does_not_join_a_staged_record(place):
    place.trust(thresholds={"security": 2})
    sign(place, place.draft("revocation"), signer("security", 1))
    changed = place.draft("revocation", predicate={**EXAMPLES["revocation"], "reason": "other"})
    refused(place, changed, signer("security", 2), match="another content")


def test_a_signature_that_does_not_verify_is_not_counted(place):
    place.trust(thresholds={"security": 2})
    staged = sign(place, place.draft("revocation"), signer("security", 1)).path
    text = staged.read_text()
    staged.write_text(text.replace("sig: ", "sig: 00"))
    done = sign(place, staged, signer("security", 2))
    assert (done.complete, done.signatures) == (False, 1)


def test_a_staged_record_of_a_type_of_several_roles_needs_the_role(place):
    place.trust(thresholds={"operations": 2})
    staged = sign(place, place.draft("freeze"), signer("operations", 1)).path
    refused(place, staged, signer("operations", 2), match="--role")
    assert sign(place, staged, signer("operations", 2), role="operations").complete


def test_a_record_is_no_draft(place):
    done = sign(place, place.draft("waiver"), signer(role_of("waiver")))
    refused(place, done.path, signer(role_of("waiver")), role=role_of("waiver"), match="staged/")


def test_a_state_says_why_a_record_does_not_count(place):
    trust = example_trust()
    text = sign(place, place.draft("waiver"), signer(role_of("waiver"))).path.read_text()

    def state(text, now=NOW):
        return record_state(text, name="x", trust=trust, now=now)

    assert state(text).state == "expires in 5 days"
    assert state(text, NOW + timedelta(days=5)).state == "expired"
    assert state(text, NOW - timedelta(days=1)).state == "counts from 2026-11-30"
    changed = state(text.replace("OPS-7", "OPS-8"))
    assert (changed.state, changed.type) == ("refused", "waiver")
    assert "0 valid signatures" in changed.why
    assert state("a: 1").state == "refused"
    assert "Next:" in state("a: 1").why


def test_records_under_a_trust_that_is_not_valid_are_listed_as_refused(place):
    sign(place, place.draft("usage"), signer(role_of("usage")))
    place.trust(expires=NOW)
    [state] = list_records(place.root, now=NOW)
    assert (state.counts, state.state) == (False, "refused")
    assert "expired" in state.why
    (place.root / "policy-pack/trust/dev.yaml").unlink()
    assert [item.counts for item in list_records(place.root, now=NOW)] == [False]


def test_several_files_are_written_all_or_none(tmp_path):
    (tmp_path / "b").write_text("there")
    with pytest.raises(GovernanceError, match="another file"):
        write_files({tmp_path / "a": "1", tmp_path / "b": "2"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b"]


def test_an_error_of_the_disk_leaves_the_old_files(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(GovernanceError, match="No space left"):
        write_files({tmp_path / "a": "new"}, replace=True)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize("kind", ["p256", "ed25519"])
def test_a_pair_is_the_owner_s_alone_and_never_written_over(tmp_path, kind):
    path = tmp_path / "keys" / "ada.pem"
    key = create_pair(path, kind=kind)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_signer(f"file2:{path}").public_key.keyid == key.keyid
    before = {item.name: item.read_bytes() for item in path.parent.iterdir()}
    with pytest.raises(GovernanceError, match="never written over"):
        create_pair(path, kind=kind)
    path.unlink()
    with pytest.raises(GovernanceError, match="never written over"):
        create_pair(path, kind=kind)
    assert set(before) == {"ada.pem", "ada.pub"}
    assert not path.exists()


@given(st.text(max_size=80))
def test_a_scheme_that_is_unknown_is_refused(uri):
    if uri.startswith(("file2:", "awskms:")):
        return
    with pytest.raises(GovernanceError):
        load_signer(uri)


@pytest.mark.parametrize("name", ["waiver", "usage", "freeze"])
def test_a_record_copied_to_another_stack_does_not_count_there(place, name):
    """Even where the same keys may sign for both stacks."""
    source = sign(place, place.draft(name), signer(role_of(name))).path
    target = Path(str(source).replace("/dev/", "/prod/"))
    target.parent.mkdir(parents=True)
    target.write_bytes(source.read_bytes())
    states = {item.path: item for item in list_records(place.root, now=NOW)}
    copied = states[target.relative_to(place.root).as_posix()]
    assert (copied.counts, "a record of stack 'dev'" in copied.why) == (False, True)
    assert states[source.relative_to(place.root).as_posix()].counts


def test_a_signature_moved_to_another_record_does_not_count(place):
    first, second = (
        sign(place, place.draft(name), signer(role_of(name))).path for name in ("waiver", "usage")
    )
    one, other = (read_yaml(path.read_text(), name="record") for path in (first, second))
    first.write_text(dump_yaml({**one, "signatures": other["signatures"]}))
    states = {item.type: item for item in list_records(place.root, now=NOW)}
    assert (states["waiver"].counts, states["usage"].counts) == (False, True)
