"""Rego is evaluated as OPA evaluates it; what would be undefined in silence is refused when loaded.

`rego_probes.json` lists expressions with what must become of them: `true` holds, `refused` is
refused when a module is loaded, `raises` denies with its reason where OPA by default leaves the
expression undefined.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.governance.opa.process import EvaluatorProcess
from mobile_ai.governance.opa.recipe import evaluator_program
from mobile_ai.governance.rego import Rego, RegoResult
from mobile_ai.governance.stack_policy import load_rego
from tests.governance.opa_judge import DATA, DOCUMENT, HEAD, PROBES, probe_module, untrue_in_opa

PACK = Path(__file__).parents[2] / "policy-pack"
NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def rego() -> Iterator[Rego]:
    process = EvaluatorProcess(evaluator_program)
    yield Rego(process)
    process.close()


def probe(expression: str) -> dict[str, str]:
    return {"p.rego": probe_module(expression)}


def evaluated(rego: Rego, module: str, document: Any = DOCUMENT, data: Any = DATA) -> RegoResult:
    return rego.evaluate({"m.rego": module}, document, data=data, now=NOW)


def problems(rego: Rego, module: str, *, name: str = "m.rego") -> list[str]:
    return [str(one) for one in rego.problems({name: module})]


@pytest.mark.parametrize("name", PROBES["true"])
def test_what_is_true_in_opa_fires(rego: Rego, name: str) -> None:
    modules = probe(PROBES["true"][name])
    result = rego.evaluate(modules, DOCUMENT, data=DATA, now=NOW)
    assert result == RegoResult(("fired",), ())


@pytest.mark.parametrize("name", PROBES["refused"])
def test_what_would_be_undefined_in_silence_is_refused_with_its_line(rego: Rego, name: str) -> None:
    found = rego.problems(probe(PROBES["refused"][name]))
    assert found
    line = probe_module("").count("\n") - 1
    assert {one.line for one in found} <= {line, line - 1}  # a recursion is the rule's


@pytest.mark.parametrize("name", PROBES["raises"])
def test_an_expression_that_fails_is_an_error_with_its_line(rego: Rego, name: str) -> None:
    conflict = "two(x) := 1 if x\ntwo(x) := 2 if x\n"
    with pytest.raises(DocumentError, match=r"got m\.rego:\d+: "):
        evaluated(rego, probe_module(PROBES["raises"][name]) + conflict)


@pytest.mark.accept
def test_opa_itself_agrees_with_every_probe(tmp_path: Path) -> None:
    version = evaluator_program().parent.name.partition("-")[0]
    target = f"github.com/open-policy-agent/opa@v{version}"
    place = {**os.environ, "GOBIN": str(tmp_path), "CGO_ENABLED": "0"}
    subprocess.run(["go", "install", target], env=place, check=True, capture_output=True)
    assert untrue_in_opa(tmp_path / "opa", tmp_path) == []


def test_there_are_sixty_probes_beside_the_given_ones() -> None:
    assert sum(len(PROBES[kind]) for kind in ("true", "refused", "raises")) >= 37 + 60


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("deny := true if input.kind", "got the value `deny`, which would never fire"),
        ('deny := "no" if input.kind', "got the value `deny`"),
        ("default deny := false", "got the default `deny`"),
        ("deny(x) := x", "got the function `deny`"),
        ('deny["x"] := 1 if input.kind', "got the value `deny.x`"),
        ('deny.more contains "x"', "got the set `deny.more`"),
        ("violation if input.kind", "got the value `violation`"),
        ("warn_region := 1", "got the value `warn_region`"),
        ('denied contains "x" if input.kind', "got the set `denied`, which nothing asks for"),
        ('Deny contains "x" if input.kind', "got the set `Deny`, which nothing asks for"),
        ('warning contains "x" if input.kind', "got the set `warning`, which nothing asks for"),
        ("allow if input.kind", "got the value `allow`, which nothing asks for"),
        ("", "got no rule"),
    ],
)
def test_a_rule_that_nothing_asks_for_is_refused_and_named(
    rego: Rego, rule: str, told: str
) -> None:
    found = problems(rego, f"{HEAD}{rule}\n")
    assert any(told in one for one in found), found
    with pytest.raises(DocumentError):
        evaluated(rego, f"{HEAD}{rule}\n")


@pytest.mark.parametrize(
    ("name", "warns"),
    [
        ("deny", False),
        ("deny_region", False),
        ("violation", False),
        ("violation_a_b", False),
        ("warn", True),
        ("warn_soon", True),
    ],
)
def test_entries_are_those_of_conftest(rego: Rego, name: str, *, warns: bool) -> None:
    module = HEAD + (
        f'{name} contains "text" if input.kind\n'
        f'{name} contains {{"msg": "object", "more": 1}} if input.kind\n'
    )
    told = ("object", "text")
    assert evaluated(rego, module) == RegoResult((), told) if warns else RegoResult(told, ())


@pytest.mark.parametrize("item", ["1", "true", "[1]", '{"message": "x"}', '{"msg": 1}', "null"])
def test_an_item_without_a_message_denies(rego: Rego, item: str) -> None:
    (told,) = evaluated(rego, f"{HEAD}deny contains {item} if input.kind\n").denials
    assert told.startswith("`deny` has ")


def test_a_module_of_helpers_that_another_uses_is_read(rego: Rego) -> None:
    helpers = HEAD + 'sensitive := {"a"}\n\nunused(x) := x\n'
    own = HEAD + 'deny contains "x" if input.kind in sensitive\n'
    assert rego.problems({"helpers.rego": helpers, "own.rego": own}) == ()
    assert rego.problems({"helpers.rego": helpers}) != ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("package mobile.ai.governance\n", "got no version of Rego"),
        (f"# mobile-ai: rego v0\n{HEAD}", "got two versions of Rego"),
    ],
)
def test_a_version_of_rego_is_declared_and_never_guessed(rego: Rego, text: str, told: str) -> None:
    (found,) = problems(rego, f'{text}deny contains "x" if input.kind\n')
    assert told in found
    assert "# mobile-ai: rego v0" in found


def test_modules_of_both_versions_are_evaluated_together(rego: Rego) -> None:
    old = '# mobile-ai: rego v0\npackage mobile.ai.governance\ndeny[msg] { shared; msg := "old" }\n'
    new = HEAD + 'shared if input.kind\ndeny contains "new" if shared\n'
    result = rego.evaluate({"a.rego": old, "b.rego": new}, DOCUMENT, data=DATA, now=NOW)
    assert result.denials == ("new", "old")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("package other\nimport rego.v1\nx := 1\n", "got the rule data.other.x"),
        (
            "package mobile.ai.governance.more\nimport rego.v1\ndeny contains 1\n",
            "got the set `more.deny`",
        ),
        ("not rego\nimport rego.v1\n", "package expected"),
        ("import rego.v1\n", "package expected"),
    ],
)
def test_a_module_of_another_package_is_refused(rego: Rego, text: str, told: str) -> None:
    assert told in " ".join(problems(rego, text))


def test_a_denial_among_tests_is_refused(rego: Rego) -> None:
    (told,) = problems(rego, f'{HEAD}deny contains "x"\n', name="x_test.rego")
    assert "`deny` among tests" in told


def test_the_clock_is_the_time_of_the_judgement(rego: Rego) -> None:
    module = f"{HEAD}deny contains time.format(time.now_ns())\n"
    assert evaluated(rego, module).denials == ("2026-06-01T00:00:00Z",)


def test_whole_numbers_of_the_engine_are_printed_as_such(rego: Rego) -> None:
    module = f'{HEAD}deny contains sprintf("%d", [input.spec.rollout.rings[0].percent])\n'
    document = {"spec": {"rollout": {"rings": [{"percent": 10.0}]}}}
    assert evaluated(rego, module, document).denials == ("10",)


def test_data_are_those_of_each_evaluation(rego: Rego) -> None:
    module = f"{HEAD}deny contains place if some place in data.jurisdictions.home\n"
    for places in (["a"], ["b"], ["b"], []):
        found = evaluated(rego, module, data={"jurisdictions": {"home": places}})
        assert found.denials == tuple(places)


@pytest.mark.parametrize("reference", ["http://127.0.0.1:9/s.json", "file:///etc/passwd"])
def test_a_schema_is_fetched_from_nowhere(rego: Rego, reference: str) -> None:
    call = f'json.match_schema({{"a": 1}}, {{"$ref": "{reference}"}})[0]'
    with pytest.raises(DocumentError, match=r"reference loading disabled|too many open files"):
        evaluated(rego, f'{HEAD}deny contains "x" if not {call}\n')


def test_the_modules_of_the_pack_have_no_problem(rego: Rego) -> None:
    assert rego.problems(load_rego(PACK)) == ()


# What can go wrong with the program.


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            "some i in numbers.range(1, 100000); some j in numbers.range(1, 100000); i * j == -1",
            "it did not answer in time",
        ),
        (
            """a := concat("", [input.kind | some i in numbers.range(1, 100000)])
            count(concat("", [a | some i in numbers.range(1, 10000)])) == -1""",
            "out of memory",
        ),
        (f"json.unmarshal(`{'[' * 20000}{']' * 20000}`) == 1", "exceeded max depth"),
        (f"x := {'[' * 60000}1{']' * 60000}\nx == 1", "max parsing recursion depth exceeded"),
    ],
    ids=["endless", "memory", "deep value", "deep module"],
)
def test_a_module_without_bounds_is_an_error_and_the_next_is_evaluated(
    rego: Rego, body: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if told == "out of memory":  # however slow this machine is
        monkeypatch.setattr("mobile_ai.governance.rego._SECONDS", 60.0)
    with pytest.raises(DocumentError) as caught:
        evaluated(rego, f'{HEAD}deny contains "x" if {{\n{body}\n}}\n')
    assert told in str(caught.value)
    assert len(str(caught.value)) < 1000
    assert evaluated(rego, f'{HEAD}deny contains "x"\n').denials == ("x",)


Pretend = Callable[[str], Rego]
PRETENDED = """\
#!/usr/bin/env python3
import json, os, signal, sys, time
for line in sys.stdin:
    asked = json.loads(line)
    if "Modules" in asked:
        rule = {"file": "m.rego", "line": 5, "name": "deny", "kind": "set", "used": True}
        print(json.dumps({"id": asked["ID"], "rules": [rule]}), flush=True)
    else:
        WHAT
"""


@pytest.fixture
def pretend(tmp_path: Path) -> Iterator[Pretend]:
    """Return an evaluator whose program compiles anything and does something on an evaluation."""
    processes = []

    def make(what: str) -> Rego:
        program = tmp_path / "program"
        program.write_text(PRETENDED.replace("WHAT", what))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        processes.append(EvaluatorProcess(lambda: program))
        return Rego(processes[-1])

    yield make
    for process in processes:
        process.close()


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", r"ended in the middle .* \(exit code -9\)"),
        ("sys.exit('no space left')", r"ended in the middle .* \(exit code 1: no space left\)"),
        ("print('hello', flush=True)", r"it answered b'hello\\n', which is no answer"),
        ("print('{}', flush=True)", "which is no answer"),
        ("print(json.dumps({'id': 0, 'found': {}}), flush=True)", "which is no answer"),
        ("print('[' * 100000, flush=True)", "which is no answer"),
        ("sys.stdout.write('x' * (17 << 20)); sys.stdout.flush()", "longer than 16 MiB"),
    ],
    ids=["killed", "ends", "garbage", "no id", "another's", "deep", "huge"],
)
def test_a_program_that_gives_no_answer_is_an_error_with_its_reason(
    pretend: Pretend, what: str, told: str
) -> None:
    with pytest.raises(DocumentError, match=rf"the evaluator: .*{told}"):
        evaluated(pretend(what), f'{HEAD}deny contains "x"\n')


def test_a_program_that_never_answers_is_stopped(
    pretend: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mobile_ai.governance.rego._GRACE_SECONDS", -1.5)
    with pytest.raises(DocumentError, match="it did not answer in time"):
        evaluated(pretend("time.sleep(60)"), f'{HEAD}deny contains "x"\n')


def test_after_three_failures_the_program_is_not_started_again(
    pretend: Pretend, tmp_path: Path
) -> None:
    starts = tmp_path / "starts"
    rego = pretend(f"open({str(starts)!r}, 'a').write('x'); sys.exit(1)")
    for told in ("exit code 1", "exit code 1", "exit code 1", "failed 3 times", "failed 3 times"):
        with pytest.raises(DocumentError, match=told):
            evaluated(rego, f'{HEAD}deny contains "x"\n')
    assert starts.read_text() == "xxx"


def test_a_program_that_is_not_built_is_an_error_that_says_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(DocumentError, match="Next: run `mobile-ai policy build`"):
        evaluated(Rego(), f'{HEAD}deny contains "x"\n')
