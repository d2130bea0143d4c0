"""A check without a state is advice: it names what it was bound to, and judges by the record."""

import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mobile_ai.contracts.deployed import Baseline
from mobile_ai.gate.render import render
from mobile_ai.gate.report.assemble import assemble_report
from mobile_ai.gate.report.report import Advice
from mobile_ai.gate.state.deployed_record import RecordedUp, sign_record
from mobile_ai.gate.state.record_branch import BRANCH, add_record
from mobile_ai.testing.signing import Signers, make_trust_text
from tests.gate.support import TIMING, run_of
from tests.gate.test_run import asked_by, engine, project  # noqa: F401  fixtures

ROOT = Path(__file__).parents[2]
SIGNERS = Signers.shared()


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def clone(project: Path) -> Path:  # noqa: F811
    pack = project / "policy-pack"
    for name in ("stacks.yaml", "config/dev.json"):
        (pack / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "policy-pack" / name, pack / name)
    (pack / "trust").mkdir()
    (pack / "trust" / "dev.yaml").write_text(make_trust_text(SIGNERS))
    git(project, "init", "-q", "-b", "main")
    git(project, "config", "user.name", "t")
    git(project, "config", "user.email", "t@example.com")
    git(project, "add", ".")
    git(project, "commit", "-qm", "first")
    return project


def checked(clone: Path, engine: Path, **options: str) -> tuple[Advice | None, str]:  # noqa: F811
    """Return what a check was bound to, and the folder that its state was in."""
    (engine / "asked.jsonl").unlink(missing_ok=True)
    report, asked = asked_by(engine, clone, **options)
    url = next(call[2]["PULUMI_BACKEND_URL"] for call in asked.calls if call[0][0] == "preview")
    return report.advice, url.removeprefix(f"{clone.as_uri()}/")


def test_a_check_says_which_commit_and_record_it_was_bound_to(clone, engine):  # noqa: F811
    head = git(clone, "rev-parse", "HEAD")
    assert checked(clone, engine) == (None, "build/state")
    for options, state in (
        ({"base": "HEAD"}, "build/base-state/dev"),
        ({"record": BRANCH}, "build/state"),
    ):
        assert checked(clone, engine, **options) == (Advice(base=head), state)

    up = RecordedUp(stack="dev", commit=head, gate=None, state="a" * 64, at=datetime.now(UTC))
    text = sign_record(up, Baseline(costs={}), None, signer=SIGNERS.by_role["pipeline"])
    add_record(clone, BRANCH, "dev", text, anew=True)
    found = checked(clone, engine, base="HEAD", record=BRANCH)
    assert found == (Advice(base=head, record=1), "build/base-state/dev")


def test_releases_without_a_record_are_lost_and_not_new(clone, engine):  # noqa: F811
    folder = clone / "releases" / "dev" / "metadata"
    folder.mkdir(parents=True)
    (folder / "1.root.json").write_text("{}")
    git(clone, "add", ".")
    git(clone, "commit", "-qm", "released")
    advice, state = checked(clone, engine, base="HEAD", record=BRANCH)
    assert (advice.record, state) == (0, "build/base-state/dev")


@pytest.mark.parametrize("form", ["table", "markdown", "json"])
def test_every_report_says_that_it_is_advice(form):
    advice = Advice(base="a" * 40, record=7)
    run = replace(run_of("passed"), advice=advice, warnings=(str(advice),))
    text = " ".join(render(assemble_report(run, TIMING), form).split())
    assert "this verdict is advice, bound to base aaaaaaaaaaaa and record 7" in text
