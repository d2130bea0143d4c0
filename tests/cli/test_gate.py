"""`mobile-ai gate`: options, output and exit codes."""

import json

import pytest

import mobile_ai.gate as room
from mobile_ai.cli import main as cli
from mobile_ai.gate import GateError
from mobile_ai.gate.report.assemble import assemble_report
from tests.gate.support import TIMING, run_of


@pytest.fixture
def gate(capsys, monkeypatch):
    """Run the command on a recorded stream; return exit code, output, errors and calls."""

    def run(stream, *arguments, exit_code=0):
        asked = []

        def run_gate(options, _tell):
            asked.append(options)
            if isinstance(stream, Exception):
                raise stream
            return assemble_report(run_of(stream, exit_code=exit_code), TIMING)

        monkeypatch.setattr(room, "run_gate", run_gate)
        with pytest.raises(SystemExit) as ended:
            cli.main(["gate", "--stack", "dev", *arguments])
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err, asked

    return run


@pytest.mark.parametrize(("stream", "code"), [("passed", 0), ("denied", 1), ("program_failed", 2)])
def test_exit_code_is_the_verdict(gate, stream, code):
    assert gate(stream, exit_code=min(code, 1))[0] == code


def test_json_is_all_that_standard_output_has(gate):
    _, out, _, _ = gate("passed", "--format", "json")
    assert json.loads(out)["verdict"] == "pass"


def test_every_format_goes_to_a_file(gate, tmp_path):
    _, out, _, _ = gate("denied", "--format", "table,json,markdown,sarif", "--out", str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "gate-dev.json",
        "gate-dev.md",
        "gate-dev.sarif",
        "gate-dev.txt",
    ]
    assert "DENIED" in out


def test_several_formats_need_a_folder(gate):
    code, _, err, asked = gate("passed", "--format", "json,sarif")
    assert (code, asked) == (2, [])
    assert "Next: add --out FOLDER" in err


def test_unknown_format_is_refused_before_anything_runs(gate):
    code, _, err, asked = gate("passed", "--format", "xml")
    assert (code, asked) == (2, [])
    assert "got 'xml'; expected one or more of table, json, markdown, sarif" in err


def test_times_go_to_standard_error(gate):
    _, out, err, _ = gate("passed", "--format", "json", "--time")
    assert "engine start" in err
    assert json.loads(out)["timing"]["totalSeconds"] == 1.5


def test_options_are_passed_on(gate):
    *_, asked = gate("passed", "--cloud", "aws", "--base", "origin/main")
    assert (asked[0].stack, asked[0].cloud, asked[0].base) == ("dev", "aws", "origin/main")


def test_gate_that_cannot_run_is_one_line(gate):
    code, out, err, _ = gate(GateError("x: got 1; expected 2. Next: y."))
    assert (code, out) == (2, "")
    assert err.endswith("error: x: got 1; expected 2. Next: y.\n")
