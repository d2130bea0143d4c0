"""`mobile-ai audit`: options, output and exit codes."""

import json

import pytest

from mobile_ai.cli import main as cli
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.report.assemble import assemble_report
from mobile_ai.operations.audit import run as room
from mobile_ai.sandbox.services.endpoints import ENDPOINTS_VARIABLE, Cluster, Endpoints
from tests.gate.support import TIMING, run_of


@pytest.fixture
def audit(capsys, monkeypatch):
    """Run the command on a recorded stream; return exit code, output, errors and calls."""

    def run(stream, *arguments):
        asked = []

        def run_audit(options, _tell, *, checks):
            asked.extend([options, {check.id for check in checks}])
            if isinstance(stream, Exception):
                raise stream
            return assemble_report(run_of(stream, exit_code=int(stream != "passed")), TIMING)

        monkeypatch.setattr(room, "run_audit", run_audit)
        with pytest.raises(SystemExit) as ended:
            cli.main(["audit", "--stack", "dev", *arguments])
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err, asked

    return run


@pytest.mark.parametrize(("stream", "code"), [("passed", 0), ("denied", 1), ("program_failed", 2)])
def test_exit_code_is_the_verdict(audit, stream, code):
    assert audit(stream)[0] == code


def test_options_are_passed_on(audit, tmp_path):
    *_, asked = audit("passed", "--cloud", "aws", "--file", str(tmp_path), "--commit", "main")
    found = asked[0]
    assert (found.stack, found.cloud, found.file, found.commit) == ("dev", "aws", tmp_path, "main")


LIVE = {
    "objects-unchanged",
    "objects-released",
    "budgets-there",
    "aliases-follow-git",
    "workloads-as-declared",
}


def test_without_live_nobody_but_the_state_is_asked(audit):
    *_, asked = audit("passed")
    assert not LIVE & asked[1]


@pytest.mark.parametrize(
    ("store", "more"), [([], set()), (["--store", "."], {"versions-heard-are-released"})]
)
def test_live_adds_the_checks_of_what_runs(audit, tmp_path, monkeypatch, store, more):
    cluster = Cluster(server="https://127.0.0.1:1", ca="/ca", token="t")
    url = "http://127.0.0.1:1"
    endpoints = Endpoints(
        name="x", account="1", aws=url, mlflow=url, kubernetes={"default": cluster}
    )
    endpoints.write(tmp_path / "endpoints.json")
    monkeypatch.setenv(ENDPOINTS_VARIABLE, str(tmp_path / "endpoints.json"))
    without = audit("passed")[3][1]
    assert audit("passed", "--live", *store)[3][1] - without == LIVE | more


def test_live_without_a_sandbox_says_how_to_start_one(audit, tmp_path, monkeypatch):
    monkeypatch.setenv(ENDPOINTS_VARIABLE, str(tmp_path / "none.json"))
    code, _, err, asked = audit("passed", "--live")
    assert (code, asked) == (2, [])
    assert "mobile-ai sandbox up" in err


def test_every_format_goes_to_a_file_of_the_audit(audit, tmp_path):
    _, out, _, _ = audit("denied", "--format", "table,json,markdown,sarif", "--out", str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "audit-dev.json",
        "audit-dev.md",
        "audit-dev.sarif",
        "audit-dev.txt",
    ]
    assert "DENIED" in out


def test_json_is_all_that_standard_output_has(audit):
    _, out, _, _ = audit("passed", "--format", "json")
    assert json.loads(out)["verdict"] == "pass"


def test_audit_that_cannot_run_is_one_line(audit):
    code, out, err, _ = audit(GateError("x: got 1; expected 2. Next: y."))
    assert (code, out) == (2, "")
    assert err.endswith("error: x: got 1; expected 2. Next: y.\n")
