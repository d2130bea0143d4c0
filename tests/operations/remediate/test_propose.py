"""A step as a commit, and Git as the only memory."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.contracts.documents import read_yaml
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.operations.remediate.history import read_history
from mobile_ai.operations.remediate.propose import branch_of, possible, propose
from mobile_ai.operations.remediate.threshold import pretty
from tests.operations.remediate.world import NOW, ROOT, THRESHOLD, checkout, finding, run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return checkout(tmp_path)


def changed(root: Path, branch: str) -> list[str]:
    lines = run(root, "diff", "--unified=0", "main", branch).splitlines()
    return [
        line.replace(" ", "") for line in lines if line[:1] in "+-" and line[:3] not in "+++---"
    ]


@pytest.mark.parametrize(
    ("step", "lines"),
    [
        ("freeze", ["+frozen:true"]),
        (
            "throttle",
            ["-ratePerSecond:5", "+ratePerSecond:3"],
        ),
        (
            "scale-down",
            ["-replicas:{min:1,max:2}", "+replicas:{min:1,max:1}"],
        ),
    ],
)
def test_a_step_changes_the_lines_that_it_is_about(root: Path, step: str, lines: list[str]) -> None:
    proposal = propose(root, "dev", finding(), step, now=NOW)

    assert changed(root, proposal.branch) == lines


def test_a_throttle_halves_what_a_site_lets_in_where_that_is_said(root: Path) -> None:
    path = root / "Pulumi.dev.yaml"
    said = path.read_text().replace(
        "site: lab\n          replicas", "site: lab\n          ratePerSecond: 8\n          replicas"
    )
    path.write_text(said)
    run(root, "commit", "--quiet", "--all", "--message", "Say what the site lets in")

    proposal = propose(root, "dev", finding(), "throttle", now=NOW)

    assert proposal.change == "ratePerSecond: 8 -> 4, ratePerSecond: 5 -> 3"


def test_a_roll_back_goes_to_the_previous_version(root: Path) -> None:
    proposal = propose(root, "dev", finding(), "rollback", now=NOW)

    assert "version: 1.1.0 -> 1.0.0" in proposal.change
    assert "+version:1.0.0" in changed(root, proposal.branch)


def test_a_retraining_is_asked_for_in_the_model_s_folder(root: Path) -> None:
    found = finding("input-drift")

    proposal = propose(root, "dev", found, "retrain", now=NOW)

    assert run(root, "diff", "--name-only", "main", proposal.branch).split() == [
        "models/digits/retrain.yaml"
    ]
    request = read_yaml(run(root, "show", f"{proposal.branch}:models/digits/retrain.yaml"), name="")
    assert request["parent"]["version"] == "1.1.0"
    assert f'sha256: "{request["parent"]["sha256"]}"' in (root / "Pulumi.dev.yaml").read_text()
    assert request["finding"]["sha256"] == hashlib.sha256(found.text().encode()).hexdigest()
    assert request["data"] == {"from": "2026-11-30T10:00:00Z", "to": "2026-11-30T14:00:00Z"}
    assert proposal.labels == ("retraining",)


@pytest.mark.parametrize(
    "changes",
    [{"subject": {"app": "field-assistant", "model": "digits", "version": "0.9.0"}}],
)
def test_no_retraining_of_a_version_that_the_stack_does_not_pin(
    root: Path, changes: dict[str, Any]
) -> None:
    assert not possible(root, "dev", finding(**changes), "retrain")


def test_a_retraining_that_is_asked_for_is_not_asked_for_again(root: Path) -> None:
    proposal = propose(root, "dev", finding(), "retrain", now=NOW)
    run(root, "merge", "--quiet", proposal.branch)

    assert not possible(root, "dev", finding(number=2), "retrain")


def test_a_limit_is_one_line_and_the_rest_of_the_file_stays(root: Path) -> None:
    proposal = propose(root, "dev", finding(**THRESHOLD), "threshold", now=NOW)

    assert changed(root, proposal.branch) == [
        '+"latency-within-budget":{"parameters":{"midRange":5.3}},'
    ]
    message = run(root, "log", "-1", "--format=%B", proposal.branch)
    assert "This does not loosen the rule." in message
    assert message.startswith("Propose latency-within-budget.midRange 5.3\n")
    assert "120,000 counted in 28 windows; the limit holds for 1 deployment." in message


def test_a_limit_that_loosens_says_so(root: Path) -> None:
    looser = {**THRESHOLD["threshold"], "proposed": 80}

    proposal = propose(
        root, "dev", finding(**{**THRESHOLD, "threshold": looser}), "threshold", now=NOW
    )

    assert "This loosens the rule." in proposal.body


@pytest.mark.parametrize(
    "changes",
    [
        {"threshold": None},
        {"threshold": {**THRESHOLD["threshold"], "stack": "prod"}},
        {"threshold": {**THRESHOLD["threshold"], "now": 61}},
        {"threshold": {**THRESHOLD["threshold"], "rule": "no-such-rule"}},
        {"threshold": {**THRESHOLD["threshold"], "parameter": "nothing"}},
    ],
)
def test_a_limit_that_is_another_by_now_is_not_proposed(
    root: Path, changes: dict[str, Any]
) -> None:
    assert not possible(root, "dev", finding(**{**THRESHOLD, **changes}), "threshold")


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_config_that_nobody_changed_is_written_as_it_was(stack: str) -> None:
    text = (ROOT / "policy-pack" / "config" / f"{stack}.json").read_text()

    assert pretty(json.loads(text)) == text


def test_the_checkout_stays_as_it_was(root: Path) -> None:
    (root / "Pulumi.dev.yaml").open("a").write("# not committed\n")

    propose(root, "dev", finding(), "freeze", now=NOW)

    assert run(root, "status", "--porcelain") == " M Pulumi.dev.yaml\n"
    assert run(root, "branch", "--show-current") == "main\n"
    assert run(root, "worktree", "list").count("\n") == 1


def test_the_commit_carries_its_evidence_and_is_the_memory(root: Path) -> None:
    proposal = propose(root, "dev", finding(), "freeze", now=NOW, approved_by="Ada")

    message = run(root, "log", "-1", "--format=%B", proposal.branch)
    assert "- effect: 0.2" in message
    assert "- windows: 3 of 1 h since 2026-11-30T10:00:00Z" in message
    assert "Approved-by: Ada" in message
    (step,) = read_history(root, "dev", now=NOW, days=14)
    assert read_history(root, "prod", now=NOW, days=14) == []
    assert (step.finding, step.step, step.at) == (finding().id, "freeze", NOW)


def test_no_text_of_a_finding_can_pass_for_a_step(root: Path) -> None:
    text = "all well\n\nRemediation-Finding: x\nRemediation-Deployment: d\nRemediation-Step: s"

    propose(
        root,
        "dev",
        finding(summary=text, evidence={text: 1.0}),
        "freeze",
        now=NOW,
        approved_by=text,
    )

    assert [item.step for item in read_history(root, "dev", now=NOW, days=14)] == ["freeze"]


def test_a_branch_that_is_there_is_not_written_over(root: Path) -> None:
    first = propose(root, "dev", finding(), "freeze", now=NOW)

    with pytest.raises(GovernanceError, match="already exists"):
        propose(root, "dev", finding(), "throttle", now=NOW)

    assert run(root, "rev-parse", branch_of("dev", finding())).strip() == first.commit


def test_a_step_that_fails_leaves_no_branch(root: Path) -> None:
    propose(root, "dev", finding(), "scale-down", now=NOW, base="main")
    run(root, "switch", "--quiet", branch_of("dev", finding()))

    assert not possible(root, "dev", finding(number=2), "scale-down")
    with pytest.raises(ReleaseError, match="copies to spare"):
        propose(root, "dev", finding(number=2), "scale-down", now=NOW)

    assert branch_of("dev", finding(number=2)) not in run(root, "branch", "--list", "remediate/*")
    assert run(root, "worktree", "list").count("\n") == 1


def test_a_folder_that_is_no_checkout_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GovernanceError, match="not a git repository"):
        read_history(tmp_path, "dev", now=NOW, days=1)


def test_no_step_is_possible_for_a_deployment_that_the_stack_has_no_more(root: Path) -> None:
    path = root / "Pulumi.dev.yaml"
    path.write_text(path.read_text().replace("app: field-assistant\n", "app: another\n"))

    assert not possible(root, "dev", finding(), "freeze")
