"""`mobile-ai deployed`: written from the state, shown, and rebuilt when it is lost."""

import json
import subprocess
from types import SimpleNamespace

import pytest

from mobile_ai.cli import main as cli
from mobile_ai.contracts.deployed import Baseline, write_deployed
from mobile_ai.gate.deploy import issue_statement, record_deployed
from mobile_ai.gate.state.record_branch import BRANCH, add_record
from mobile_ai.testing import Scene
from mobile_ai.testing.signing import Signers, make_trust

SIGNERS = Signers.shared()
D = Scene().deployment()
HALTED = {**D.props["spec"], "rollout": {**D.props["spec"]["rollout"], "halted": True}}


@pytest.fixture
def deployed(tmp_path, monkeypatch, capsys):
    """Run a command in a clone whose state holds a deployment."""
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    for arguments in (
        ["init", "-q", "-b", "main"],
        ["config", "user.name", "t"],
        ["config", "user.email", "t@example.com"],
        ["add", "."],
        ["commit", "-qm", "first"],
    ):
        subprocess.run(["git", "-C", tmp_path, *arguments], check=True)
    held = SimpleNamespace(spec=D.props["spec"])

    def export():
        outputs = {}
        if held.spec is not None:
            baseline = Baseline(deployments={D.name: held.spec}, costs={})
            baseline = baseline.after(Baseline(), now="2026-06-01T12:00:00Z")
            outputs["deployed"] = write_deployed(baseline, stack="dev")
        stack = {"type": "pulumi:pulumi:Stack", "outputs": outputs}
        return {"deployment": {"resources": [stack]}}

    trust = make_trust(SIGNERS, environment="dev")
    monkeypatch.setattr(record_deployed, "open_desk", lambda _: SimpleNamespace(export=export))
    monkeypatch.setattr(record_deployed, "trust_of", lambda _: trust)
    monkeypatch.setattr(issue_statement, "trust_of", lambda _: trust)
    key = SIGNERS.by_role["pipeline"]
    monkeypatch.setattr("mobile_ai.signing.roles.signer_from_uri", lambda *_, **__: key)
    monkeypatch.chdir(tmp_path)

    def run(verb, *arguments):
        code = 0
        more = () if verb == "show" else ("--key", "file2:x")
        try:
            cli.main(("deployed", verb, "--stack", "dev", "--record", BRANCH, *more, *arguments))
        except SystemExit as ended:
            code = ended.code or 0
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return SimpleNamespace(run=run, held=held, root=tmp_path)


def test_what_runs_is_recorded_once_and_shown(deployed):
    code, out, err = deployed.run("write")
    assert (code, err) == (0, "")
    assert "record 1 of dev" in out
    assert "committed as deployed/dev/1.yaml" in out
    assert "canary since 2026-06-01 12:00" in out

    assert "committed" not in deployed.run("write")[1]  # nothing changed since
    deployed.held.spec = HALTED
    told = json.loads(deployed.run("write", "--json")[1])
    assert told["path"] == "deployed/dev/2.yaml"
    shown = json.loads(deployed.run("show", "--json")[1])["record"]
    assert shown["sequence"] == 2
    assert shown["deployments"][D.name]["halts"] == [D.props["spec"]["aiModel"]["sha256"]]


def test_a_record_that_does_not_hold_is_rebuilt_and_one_that_holds_is_not(deployed):
    add_record(deployed.root, BRANCH, "dev", "{}", anew=True)
    for verb in ("write", "show"):
        assert deployed.run(verb)[0] == 2
    code, out, _ = deployed.run("rebuild")
    assert (code, "record 1 of dev" in out) == (0, True)
    code, _, err = deployed.run("rebuild")
    assert (code, "mobile-ai deployed write" in err) == (2, True)


def test_without_a_record_or_an_output_it_says_what_to_do(deployed):
    code, _, err = deployed.run("show")
    assert (code, "mobile-ai deployed write" in err) == (2, True)
    deployed.held.spec = None
    code, _, err = deployed.run("write")
    assert (code, "mobile-ai up" in err) == (2, True)
