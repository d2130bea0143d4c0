"""The deployed record: chained, signed by the pipeline, read from the base repository alone."""

import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mobile_ai.contracts.canonical import sha256_text
from mobile_ai.contracts.deployed import Baseline, read_deployed, write_deployed
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.progress import Progress
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.state.deployed_record import (
    DeployedRecord,
    RecordedUp,
    read_chain,
    sign_record,
)
from mobile_ai.gate.state.record_branch import BRANCH, add_record, newest_record, read_records_at
from mobile_ai.testing import Scene
from mobile_ai.testing.signing import Signers, make_trust

SIGNERS = Signers.shared()
KEY = SIGNERS.by_role["pipeline"]
TRUST = make_trust(SIGNERS, environment="dev")
D = Scene().deployment()
SPEC = D.props["spec"]
DIGEST = SPEC["aiModel"]["sha256"]
UP = RecordedUp(
    stack="dev",
    commit="c" * 40,
    gate="b" * 64,
    state="a" * 64,
    at=datetime(2026, 6, 1, 12, tzinfo=UTC),
)
BASELINE = Baseline(
    released=frozenset({DIGEST}),
    deployments={D.name: SPEC},
    costs={"stack": "41.2"},
    progress={
        D.name: Progress(
            opened={"canary": "2026-05-31T12:00:00Z"}, soak={"canary": 24}, reached={DIGEST: 5}
        )
    },
    release={"root": 1, "snapshot": 3},
    settings="5" * 64,
    records=frozenset({"1" * 64, "2" * 64}),
    withdrawn={"1" * 64: "", "2" * 64: "2026-07-01T00:00:00Z"},
)


def chain(count: int, *, key=KEY, baseline: Baseline = BASELINE) -> list[str]:
    texts: list[str] = []
    newest: DeployedRecord | None = None
    for _ in range(count):
        texts.append(sign_record(UP, baseline, newest, signer=key))
        newest = read_chain(texts, stack="dev", trust=TRUST) if key is KEY else None
    return texts


def test_a_record_tells_what_the_state_s_output_told() -> None:
    newest = read_chain(chain(2), stack="dev", trust=TRUST)

    assert newest is not None
    assert (newest.content.sequence, newest.content.commit) == (2, "c" * 40)
    assert newest.baseline == read_deployed(write_deployed(BASELINE, stack="dev"), stack="dev")


def test_records_are_chained_by_the_digest_of_the_one_before() -> None:
    one, two, three = chain(3)
    newest = read_chain([one, two, three], stack="dev", trust=TRUST)
    assert newest is not None
    assert newest.content.before == sha256_text(two)
    for broken in ([two, three], [one, three], [one, three, two], [one, two.replace("a", "b")]):
        with pytest.raises(GovernanceError):
            read_chain(broken, stack="dev", trust=TRUST)
    with pytest.raises(GovernanceError, match="mobile-ai deployed rebuild"):
        read_chain([one, one], stack="dev", trust=TRUST)
    with pytest.raises(GovernanceError):
        read_chain(chain(1), stack="prod", trust=TRUST)


def test_only_the_pipeline_signs_and_an_expired_trust_verifies_what_it_signed() -> None:
    other = sign_record(UP, BASELINE, None, signer=SIGNERS.by_role["operations"])
    with pytest.raises(GovernanceError, match="not a pipeline key"):
        read_chain([other], stack="dev", trust=TRUST)
    expired = replace(TRUST, expired=True)
    assert read_chain(chain(1), stack="dev", trust=expired) is not None


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
        subprocess.run(["git", "-C", tmp_path, *identity, *arguments], check=True)

    git("init", "-q", "-b", "main")
    git("config", "user.name", "t")
    git("config", "user.email", "t@example.com")
    (tmp_path / "file").write_text("x")
    git("add", ".")
    git("commit", "-qm", "first")
    return tmp_path


def test_records_go_to_their_branch_and_the_working_tree_stays(clone: Path) -> None:
    one, two = chain(2)
    assert add_record(clone, BRANCH, "dev", one, anew=True) == "deployed/dev/1.yaml"
    assert add_record(clone, BRANCH, "dev", two, anew=False) == "deployed/dev/2.yaml"

    assert read_records_at(clone, BRANCH, "dev") == [one, two]
    assert read_records_at(clone, BRANCH, "prod") == []
    shown = subprocess.run(
        ["git", "-C", clone, "status", "--porcelain"], capture_output=True, text=True, check=True
    )
    assert shown.stdout == ""
    log = subprocess.run(
        ["git", "-C", clone, "log", "--format=%s", BRANCH],
        capture_output=True,
        text=True,
        check=True,
    )
    assert log.stdout.splitlines() == ["Record what was deployed to dev"] * 2
    newest = newest_record(clone, BRANCH, stack="dev", trust=TRUST)
    assert newest is not None
    assert newest.content.sequence == 2


def test_a_copy_in_the_working_tree_is_never_read(clone: Path) -> None:
    (clone / "deployed" / "dev").mkdir(parents=True)
    (clone / "deployed" / "dev" / "1.yaml").write_text(chain(1)[0])
    assert newest_record(clone, f"origin/{BRANCH}", stack="dev", trust=TRUST) is None


def test_a_chain_that_does_not_hold_is_no_verdict_until_it_is_rebuilt(clone: Path) -> None:
    one, two = chain(2)
    add_record(clone, BRANCH, "dev", two, anew=True)
    with pytest.raises(GateError, match="mobile-ai deployed rebuild"):
        newest_record(clone, BRANCH, stack="dev", trust=TRUST)
    add_record(clone, BRANCH, "dev", one, anew=True)
    assert read_records_at(clone, BRANCH, "dev") == [one]


def test_another_file_among_the_records_is_refused(clone: Path) -> None:
    folder = clone / "deployed" / "dev"
    folder.mkdir(parents=True)
    (folder / "x.yaml").write_text("")
    for arguments in (["add", "."], ["commit", "-qm", "odd"]):
        subprocess.run(["git", "-C", clone, *arguments], check=True)
    with pytest.raises(
        GateError,
        match=r"got 'deployed/dev/x.yaml'; expected .* Next: run `mobile-ai deployed rebuild`",
    ):
        read_records_at(clone, "HEAD", "dev")
