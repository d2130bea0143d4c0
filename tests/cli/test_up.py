"""`mobile-ai up`, `refresh`, `down` and the statement of `gate`: options, output, exit codes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner

import mobile_ai.gate as room
from mobile_ai.cli import main as cli
from mobile_ai.gate import GateError
from mobile_ai.gate.deploy import issue_statement, operate
from mobile_ai.gate.deploy.operate import OperateResult, Refreshed
from mobile_ai.gate.report.assemble import assemble_report
from mobile_ai.gate.state.drift import Drift
from mobile_ai.testing.signing import Signers, make_trust
from tests.gate.support import TIMING, run_of

DONE = OperateResult(changes={"create": 2, "delete": 1}, outputs={"url": "x"}, notes=("repaired",))


def called(capsys, *arguments):
    """Run a command; give exit code, output and errors."""
    code = 0
    try:
        cli.main(arguments)
    except SystemExit as ended:
        code = ended.code or 0
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def up(capsys, monkeypatch):
    def run(*arguments, stream="passed", deployed=DONE):
        asked = []

        def bring_up(options, _tell, *, statement):
            asked.append((options.stack, options.cloud, statement))
            if isinstance(stream, Exception):
                raise stream
            report = None if statement else assemble_report(run_of(stream), TIMING)
            return report, deployed

        monkeypatch.setattr(operate, "bring_up", bring_up)
        return *called(capsys, "up", "--stack", "dev", *arguments), asked

    return run


def test_cloud_and_statement_are_passed_on(up):
    *_, asked = up("--cloud", "aws", "--statement", "x.json")
    assert asked == [("dev", "aws", Path("x.json"))]


def test_without_them_it_is_the_sandbox_and_the_gate(up):
    code, out, _, asked = up()
    assert (code, asked) == (0, [("dev", "sandbox", None)])
    assert "note: repaired\nDeployed dev: 2 create, 1 delete\n  url: x\n" in out


def test_json_has_the_verdict_and_what_was_deployed(up):
    code, out, _, _ = up("--json")
    told = json.loads(out)
    assert (code, told["gate"]["verdict"]) == (0, "pass")
    assert told["deployed"]["changes"] == {"create": 2, "delete": 1}


def test_json_of_a_denied_deployment_is_json_too(up):
    code, out, _, _ = up("--json", stream="denied", deployed=None)
    told = json.loads(out)
    assert (code, told["gate"]["verdict"], told["deployed"]) == (1, "denied", None)


def test_json_of_a_statement_has_no_gate(up):
    code, out, _, _ = up("--json", "--statement", "x.json")
    assert (code, json.loads(out)["gate"]) == (0, None)


def test_denied_is_shown_and_exits_1(up):
    code, out, _, _ = up(stream="denied", deployed=None)
    assert code == 1
    assert "DENIED" in out


def test_refusal_is_one_line(up):
    code, out, err, _ = up(stream=GateError("x: got 1; expected 2. Next: y."))
    assert (code, out) == (2, "")
    assert err.endswith("error: x: got 1; expected 2. Next: y.\n")


def test_down_says_what_it_deleted(capsys, monkeypatch):
    asked = []

    def take_down(options, _tell):
        asked.append(options.cloud)
        return DONE

    monkeypatch.setattr(operate, "take_down", take_down)
    arguments = ("down", "--stack", "dev", "--cloud", "aws")
    _, out, _ = called(capsys, *arguments)
    assert out == "note: repaired\nDeleted 1 resources of dev.\n"
    _, out, _ = called(capsys, *arguments, "--json")
    assert json.loads(out)["changes"]["delete"] == 1
    assert asked == ["aws", "aws"]


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ({}, "Left in the sandbox: nothing.\n"),
        (
            {"eu-central-1 s3:list_buckets": ["a", "b"]},
            "Left in the sandbox:\n  eu-central-1 s3:list_buckets: a, b\n",
        ),
        (
            {"site lab": [f"Pod {number}" for number in range(9)]},
            (
                "Pod 7 and 1 more\n    until its agent syncs: "
                "mobile-ai sandbox sync build/sites/dev/lab --site lab --name mine\n"
            ),
        ),
    ],
)
def test_down_says_what_a_sandbox_still_lists(capsys, monkeypatch, left, said):
    monkeypatch.setattr(operate, "take_down", lambda *_: replace(DONE, sandbox="mine", left=left))
    _, out, _ = called(capsys, "down", "--stack", "dev")
    assert out.endswith(said)


DRIFT = (
    Drift(urn="urn:pulumi:dev::p::mobileai:index:Budgets$aws:budgets/budget:Budget::stack"),
    Drift(urn="urn:pulumi:dev::p::aws:s3/bucket:Bucket::models", properties=("acl", "tags")),
)


@pytest.mark.parametrize(
    ("cloud", "found", "said"),
    [
        ("sandbox", (), "Refreshed dev: 0 of 3 resources were changed outside of Git\n"),
        (
            "sandbox",
            DRIFT,
            (
                "Refreshed dev: 2 of 3 resources were changed outside of Git\n"
                "  aws:budgets/budget:Budget stack: gone\n"
                "  aws:s3/bucket:Bucket models: acl, tags\n"
                "Next: mobile-ai up --stack dev\n"
            ),
        ),
        ("aws", DRIFT, "Next: mobile-ai up --stack dev --cloud aws\n"),
    ],
)
def test_refresh_says_what_was_changed_and_what_puts_it_back(
    capsys, monkeypatch, cloud, found, said
):
    asked = []

    def refresh(options, _tell):
        asked.append(options.cloud)
        return Refreshed(resources=3, found=found)

    monkeypatch.setattr(operate, "refresh", refresh)
    arguments = ("refresh", "--stack", "dev", "--cloud", cloud)
    code, out, _ = called(capsys, *arguments)
    assert (code, out.endswith(said)) == (0, True)
    _, out, _ = called(capsys, *arguments, "--json")
    assert len(json.loads(out)["found"]) == len(found)
    assert asked == [cloud, cloud]


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "key.pem"
    path.write_bytes(CryptoSigner.generate_ecdsa().private_bytes)
    return f"file2:{path}"


@pytest.fixture
def signing(capsys, monkeypatch, tmp_path, key):
    """Run the gate with a statement; the gate itself is the test's."""

    def run(text, stream):
        def certified(_options, signer, _tell):
            assert signer.public_key.scheme == "ecdsa-sha2-nistp256"
            return assemble_report(run_of(stream), TIMING), text

        monkeypatch.setattr(issue_statement, "certify", certified)
        trust = make_trust(Signers.shared(), environment="dev")
        monkeypatch.setattr(issue_statement, "trust_of", lambda _: trust)
        path = tmp_path / "new" / "statement.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text("of an earlier run")
        more = ("--statement", str(path), "--key", key)
        return called(capsys, "gate", "--stack", "dev", *more)[0], path

    return run


def test_statement_of_a_pass_is_written(signing):
    code, path = signing("signed", "passed")
    assert (code, path.read_text()) == (0, "signed")


def test_statement_of_an_earlier_run_does_not_outlive_a_denial(signing):
    code, path = signing("", "denied")
    assert (code, path.exists()) == (1, False)


@pytest.mark.parametrize("only", [("--statement", "x.json"), ("--key", "file2:x")])
def test_statement_needs_a_key_and_a_key_a_statement(capsys, monkeypatch, only):
    monkeypatch.setattr(room, "run_gate", None)
    code, _, err = called(capsys, "gate", "--stack", "dev", *only)
    assert (code, f"got only {only[0]}" in err) == (2, True)


@pytest.mark.parametrize("uri", ["file2:/nowhere.pem", "hsm-of-mine:1"])
def test_key_that_cannot_be_had_is_one_line(capsys, tmp_path, uri):
    more = ("--statement", str(tmp_path / "x.json"), "--key", uri)
    code, _, err = called(capsys, "gate", "--stack", "dev", *more)
    assert code == 2
    assert f"signer {uri}" in err
    assert "defect" not in err
