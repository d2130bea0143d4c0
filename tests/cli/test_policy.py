"""`mobile-ai policy`: modules are checked and tested as the pack judges with them."""

import json
from pathlib import Path

import pytest

from mobile_ai.cli.main import main
from mobile_ai.governance.opa.recipe import evaluator_program

HEAD = "package mobile.ai.governance\n\nimport rego.v1\n\n"
RULE = f"""{HEAD}deny contains "x" if input.kind == "other"

deny contains "y" if input.kind == "more"
"""
TESTS = (
    "package mobile.ai.governance_test\n\nimport rego.v1\n\nimport data.mobile.ai.governance\n\n"
    'test_x if "x" in governance.deny with input as {"kind": "other"}\n'
)
PYTHON = """\
from pathlib import Path

from mobile_ai.testing import Scene

RULE = (Path(__file__).parent / "rego/own.rego").read_text()


def test_a_sample_passes():
    assert Scene(rego={"own.rego": RULE}).outcome("rego-rules-pass") == "pass"


def test_a_sample_fails():
    assert Scene(rego={"own.rego": RULE}).outcome("rego-rules-pass") == "fail"
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    (tmp_path / "rego").mkdir()
    (tmp_path / "rego/own.rego").write_text(RULE)
    return tmp_path


def run(
    capsys: pytest.CaptureFixture[str], *arguments: str | Path, code: int = 0
) -> tuple[str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["policy", *map(str, arguments)])
    assert ended.value.code == code
    said = capsys.readouterr()
    return said.out, said.err


def test_the_program_is_built_once_and_its_path_printed(capsys):
    assert run(capsys, "build")[0] == f"{evaluator_program()}\n"
    assert json.loads(run(capsys, "build", "--json")[0]) == {"program": str(evaluator_program())}


def test_a_machine_without_go_is_told_what_to_install(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    _, told = run(capsys, "build", code=2)
    assert "Go is not on PATH" in told
    _, told = run(capsys, "check", "--pack", "policy-pack", code=2)
    assert "run `mobile-ai policy build`" in told


def test_modules_without_problems_pass(capsys, pack):
    assert run(capsys, "check", "--pack", pack)[0] == "1 modules, 0 problems\n"
    (pack / "rego/own.rego").unlink()
    assert run(capsys, "check", "--pack", pack)[0] == "0 modules, 0 problems\n"


def test_problems_are_listed_with_file_and_line(capsys, pack):
    (pack / "rego/own.rego").write_text(f"{HEAD}denied := 1\n\ndefault deny := false\n")
    out, told = run(capsys, "check", "--pack", pack, code=1)
    assert out == "1 modules, 2 problems\n"
    places = [line.partition(": got")[0] for line in told.splitlines()]
    assert places == ["own.rego:5", "own.rego:7"]
    out, _ = run(capsys, "check", "--pack", pack, "--json", code=1)
    assert [one["line"] for one in json.loads(out)["problems"]] == [5, 7]


def test_tests_in_rego_pass_and_lines_that_none_reached_are_named(capsys, pack):
    (pack / "rego/own_test.rego").write_text(TESTS)
    out, _ = run(capsys, "test", "--pack", pack)
    assert out == "own.rego: 1 lines reached; not reached: 7\n1 tests, 0 failed\n"


def test_a_test_in_rego_that_fails_is_named(capsys, pack):
    broken = 'test_z if "z" in governance.deny\n\ntest_no_number if to_number("x") == 1\n'
    (pack / "rego/own_test.rego").write_text(f"{TESTS}\n{broken}")
    out, told = run(capsys, "test", "--pack", pack, code=1)
    assert out.endswith("3 tests, 2 failed\n")
    assert "own_test.rego:9 test_z: fail" in told
    assert "own_test.rego:11 test_no_number: error: " in told
    found = json.loads(run(capsys, "test", "--pack", pack, "--json", code=1)[0])
    assert not found["passed"]
    assert [one["outcome"] for one in found["tests"]] == ["pass", "fail", "error"]
    assert found["coverage"][0] == {"file": "own.rego", "covered": 1, "missed": 1, "rows": [7]}


@pytest.mark.slow
def test_tests_in_python_run_with_the_coverage_of_the_rules(capsys, pack):
    tests = pack / "test_own.py"
    tests.write_text(PYTHON)
    options = ("test", "--pack", pack, "--python", tests, "--json")
    found = json.loads(run(capsys, *options, code=1)[0])
    assert [one["outcome"] for one in found["tests"]] == ["pass", "fail"]
    assert next(one for one in found["coverage"] if one["file"] == "rego.py")["covered"] > 10


@pytest.mark.parametrize(
    ("write", "told"),
    [
        ({}, "got no test; expected rules named `test_...`"),
        ({"rego/own_test.rego": "package x\n"}, "got no version of Rego"),
        ({"rego/deep/own.rego": RULE}, "a module that is not read"),
    ],
)
def test_tests_that_cannot_run_are_an_error(capsys, pack, write, told):
    for name, text in write.items():
        (pack / name).parent.mkdir(exist_ok=True)
        (pack / name).write_text(text)
    assert told in run(capsys, "test", "--pack", pack, code=2)[1]


@pytest.mark.slow
def test_a_file_that_pytest_cannot_collect_is_an_error(capsys, pack):
    tests = pack / "test_own.py"
    tests.write_text("import nothing_of_that_name\n")
    told = run(capsys, "test", "--pack", pack, "--python", tests, code=2)[1]
    assert "nothing_of_that_name" in told
