"""Version folders as a source: served versions, and refused ones while the old one runs."""

import json
from datetime import UTC, datetime

import pytest

from mobile_ai.testing import Signers
from tests.edge.models.world import ask, in_loop, opened, reason, scaled, settings, states

pytestmark = pytest.mark.usefixtures("here")


@in_loop
async def test_the_highest_version_that_verifies_is_served(git, tmp_path):
    git.add("1.0.0", scaled(2.0), 2.0)
    git.add("1.10.0", scaled(3.0), 3.0)
    git.add("1.9.0", scaled(4.0), 4.0)

    async with opened(settings(tmp_path)) as table:
        assert ask(table) == ("1.10.0", 3.0)
        assert states(table) == [("1.10.0", "READY")]


@in_loop
async def test_a_version_of_v2_is_served_and_what_is_not_delivered_is_refused(git, tmp_path):
    git.add("1.0.0", scaled(2.0), 2.0, v2=lambda _: None)
    git.add(
        "1.1.0", scaled(3.0), 3.0, v2=lambda values: values["artifacts"][0].update(base="c" * 64)
    )

    async with opened(settings(tmp_path)) as table:
        assert ask(table) == ("1.0.0", 2.0)
        with pytest.raises(Exception, match="an adapter of cccccccccccc"):
            await table.load("digits")


def tampered(_git, folder):
    path = folder / "artifacts/model.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")


def truncated(_git, folder):
    path = folder / "artifacts/model.onnx"
    path.write_bytes(path.read_bytes()[:-40])


def unsigned(_git, folder):
    path = folder / "evidence/evaluation.json"
    envelope = json.loads(path.read_text())
    envelope["signatures"] = []
    path.write_text(json.dumps(envelope))


def edited(_git, folder):
    path = folder / "manifest.yaml"
    path.write_text(path.read_text().replace("limited", "minimal"))


def without_evidence(_git, folder):
    (folder / "evidence/assessment.json").unlink()


def another_trust(git, _folder):
    text = git.trust.read_text()
    git.trust.write_text(text.replace("owner: builder@example.com", "owner: me@example.com"))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (tampered, "sha256"),
        (truncated, "sha256"),
        (unsigned, "sha256"),
        (edited, "no subject with sha256"),
        (without_evidence, "No such file"),
        (another_trust, "TrustError"),
    ],
)
@in_loop
async def test_a_spoilt_version_is_refused_and_the_old_one_goes_on(git, tmp_path, spoil, said):
    git.add("1.0.0", scaled(2.0), 2.0)
    async with opened(settings(tmp_path)) as table:
        spoil(git, git.add("1.1.0", scaled(3.0), 3.0))
        with pytest.raises(Exception, match=said):
            await table.load("digits")

        assert ask(table) == ("1.0.0", 2.0)
        assert ("1.0.0", "READY") in states(table)
        assert said in reason(table)


@pytest.mark.parametrize(("role", "other"), [("evaluator", "builder"), ("builder", "evaluator")])
@in_loop
async def test_the_right_statement_by_the_wrong_role_is_refused(git, tmp_path, role, other):
    git.add("1.0.0", scaled(2.0), 2.0)
    async with opened(settings(tmp_path)) as table:
        mixed = dict(git.signers.by_role)
        mixed[role] = git.signers.by_role[other]
        git.signers = Signers(mixed)
        git.add("1.1.0", scaled(3.0), 3.0)
        with pytest.raises(Exception, match=f"not a {role} key"):
            await table.load("digits")
        assert ask(table) == ("1.0.0", 2.0)


@in_loop
async def test_expired_evidence_is_refused_when_new_and_stays_when_it_runs(git, tmp_path):
    git.add("1.0.0", scaled(2.0), 2.0)
    given = settings(tmp_path)
    async with opened(given) as table:
        git.add(
            "1.1.0",
            scaled(3.0),
            3.0,
            evaluation=lambda value: value.update(expires="2026-02-01T00:00:00+00:00"),
        )
        with pytest.raises(Exception, match="evaluation: got expired on 2026-02-01"):
            await table.load("digits")
        assert ask(table) == ("1.0.0", 2.0)


@in_loop
async def test_what_runs_on_evidence_that_expires_later_goes_on_after_a_restart(
    git, tmp_path, monkeypatch
):
    folder = git.add("1.0.0", scaled(2.0), 2.0)
    given = settings(tmp_path)
    async with opened(given) as table:
        assert ask(table) == ("1.0.0", 2.0)
    manifest = folder / "manifest.yaml"
    assert manifest.exists()
    monkeypatch.setattr("mobile_ai.edge.models.folder._now", _in_twenty_years)
    git.trust.unlink()  # nothing new could be verified at all

    async with opened(given) as table:
        assert ask(table) == ("1.0.0", 2.0)


@in_loop
async def test_under_an_expired_trust_what_runs_is_current_and_nothing_new_is_installed(
    git, tmp_path, monkeypatch
):
    git.add("1.0.0", scaled(2.0), 2.0)
    async with opened(settings(tmp_path)) as table:
        monkeypatch.setattr("mobile_ai.edge.models.folder._now", _in_twenty_years)
        await table.load("digits")
        git.add("1.1.0", scaled(3.0), 3.0)
        with pytest.raises(Exception, match="under trust dev@1, which expired on 2036-01-01"):
            await table.load("digits")
        assert ask(table) == ("1.0.0", 2.0)


def _in_twenty_years():
    return datetime(2046, 1, 1, tzinfo=UTC)


@in_loop
async def test_a_wrong_answer_to_the_self_test_is_refused_and_remembered(git, tmp_path):
    git.add("1.0.0", scaled(2.0), 2.0)
    given = settings(tmp_path)
    async with opened(given) as table:
        git.add("1.1.0", scaled(3.0), 9.0)
        with pytest.raises(Exception, match="an answer 6 off"):
            await table.load("digits")
        with pytest.raises(Exception, match="failed here before"):
            await table.load("digits")
        assert ask(table) == ("1.0.0", 2.0)
    async with opened(given) as table:
        with pytest.raises(Exception, match="failed here before"):
            await table.load("digits")
        assert ask(table) == ("1.0.0", 2.0)


@in_loop
async def test_a_refused_version_does_not_hide_the_one_below_it(git, tmp_path):
    git.add("1.0.0", scaled(2.0), 2.0)
    tampered(git, git.add("1.1.0", scaled(3.0), 3.0))

    async with opened(settings(tmp_path)) as table:
        assert ask(table) == ("1.0.0", 2.0)


@in_loop
async def test_with_a_pin_no_other_manifest_is_taken(git, tmp_path):
    git.add("1.0.0", scaled(2.0), 2.0)
    given = settings(tmp_path)
    local = given.local.model_copy(update={"pin": "0" * 64})

    async with opened(given.model_copy(update={"local": local})) as table:
        assert not table.ready()
        assert "the pinned" in reason(table)


@in_loop
async def test_a_folder_under_another_model_s_name_is_refused(git, tmp_path):
    git.add("1.0.0", scaled(2.0), 2.0, name="other")
    (git.models / "other").rename(git.models / "digits")

    async with opened(settings(tmp_path)) as table:
        assert "the manifest of other 1.0.0" in reason(table)


@in_loop
async def test_a_cached_file_that_changed_is_not_loaded(git, tmp_path):
    git.add("1.0.0", scaled(2.0), 2.0)
    given = settings(tmp_path)
    async with opened(given):
        pass
    [cached] = (tmp_path / "cache/local-digits/general/objects").iterdir()
    cached.write_bytes(scaled(66.0))

    async with opened(given) as table:
        assert ask(table) == ("1.0.0", 2.0)  # taken from the folder anew
