"""Runs the tests of a policy pack with coverage: in Rego by OPA, in Python by pytest."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from mobile_ai.gate.errors import GateError
from mobile_ai.governance.rego import TEST_SUFFIX, shared_rego
from mobile_ai.governance.stack_policy import load_rego

_RULES: Final = "mobile_ai.governance.rules"
_SAID: Final = 2000  # characters of what pytest said last
_RAN: Final = (0, 1)  # exit codes of pytest: all passed, some failed


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTest:
    """Result of one test.

    Attributes:
        place: File and line, or module.
        name: Its name.
        outcome: ``pass``, ``fail``, ``error`` or ``skip``.
        message: Why it did not pass.
    """

    place: str
    name: str
    outcome: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """Lines of one file that tests reached; `rows` are those that none did."""

    file: str
    covered: int
    missed: int
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTests:
    """Results of all tests of a pack.

    Attributes:
        tests: In Rego, then in Python.
        coverage: By file.
    """

    tests: tuple[PolicyTest, ...] = ()
    coverage: tuple[Covered, ...] = field(default=())

    @property
    def failed(self) -> tuple[PolicyTest, ...]:
        """Return the tests that did not pass; a skipped one counts as neither."""
        return tuple(test for test in self.tests if test.outcome in {"fail", "error"})

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"passed": not self.failed, **asdict(self)}


def run_policy_tests(pack: Path, python: Sequence[Path] = ()) -> PolicyTests:
    """Run the Rego tests of a pack (`rego/*_test.rego`), and pytest on files or folders.

    Args:
        pack: The pack's folder.
        python: Files or folders of Python tests.

    Raises:
        DocumentError: A module cannot be compiled.
        GateError: There is no test, or pytest cannot be run.
    """
    modules = load_rego(pack)
    tests: list[PolicyTest] = []
    coverage: list[Covered] = []
    if any(name.endswith(TEST_SUFFIX) for name in modules):
        found = shared_rego().test(modules)
        tests += _of_rego(found["tests"])
        coverage += _rego_coverage(found["coverage"])
    if python:
        results, lines = _python_tests(python)
        tests += results
        coverage += lines
    if not tests:
        raise GateError(
            f"{pack}: got no test; expected rules named `test_...` in rego/*{TEST_SUFFIX}, or "
            "tests in Python. Next: write one (docs/adding-a-rule.md), or name a folder with "
            "`mobile-ai policy test --python`."
        )
    return PolicyTests(tests=tuple(tests), coverage=tuple(coverage))


def _of_rego(found: Iterable[dict[str, Any]]) -> list[PolicyTest]:
    ordered = sorted(found, key=lambda item: (item["file"], item["line"]))
    return [
        PolicyTest(
            place=f"{item['file']}:{item['line']}",
            name=item["name"].rpartition(".")[2],
            outcome=item["outcome"],
            message=item["message"],
        )
        for item in ordered
    ]


def _rego_coverage(found: dict[str, dict[str, Any]]) -> list[Covered]:
    return [
        Covered(file=name, covered=one["covered"], missed=one["missed"], rows=tuple(one["rows"]))
        for name, one in sorted(found.items())
        if not name.endswith(TEST_SUFFIX)
    ]


def _python_tests(paths: Sequence[Path]) -> tuple[list[PolicyTest], list[Covered]]:
    if importlib.util.find_spec("pytest") is None:
        raise GateError(
            "tests in Python: got no pytest; expected it in this environment. Next: install it and "
            "coverage, as examples/policy-pack/README.md does."
        )
    measured = importlib.util.find_spec("coverage") is not None
    with TemporaryDirectory(prefix="mobile-ai-policy-") as made:
        results, data = Path(made) / "results.xml", Path(made) / "coverage"
        # An empty settings file: those of the caller's project are about its own code.
        watch = ("coverage", "run", "--rcfile=/dev/null", f"--data-file={data}")
        start = (*watch, f"--source={_RULES}", "-m") if measured else ()
        done = subprocess.run(
            [sys.executable, "-m", *start, "pytest", "-q", f"--junitxml={results}", *paths],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in _RAN:
            raise GateError(
                f"tests in Python: got exit code {done.returncode} of pytest, which said\n"
                f"{done.stdout.strip()[-_SAID:]}{done.stderr.strip()[-_SAID:]}\nexpected tests "
                "that can be run. Next: correct what it names (docs/adding-a-rule.md)."
            )
        return _of_pytest(results), _python_coverage(data) if measured else []


def _of_pytest(results: Path) -> list[PolicyTest]:
    # Written by pytest itself, a moment ago.
    cases = ET.parse(results).getroot().iter("testcase")  # noqa: S314
    return [_of_case(case) for case in cases]


def _of_case(case: ET.Element) -> PolicyTest:
    outcomes = {"failure": "fail", "error": "error", "skipped": "skip"}
    told = next((child for child in case if child.tag in outcomes), None)
    return PolicyTest(
        place=case.get("classname", ""),
        name=case.get("name", ""),
        outcome="pass" if told is None else outcomes[told.tag],
        message="" if told is None else told.get("message", ""),
    )


def _python_coverage(data: Path) -> list[Covered]:
    written = data.with_suffix(".json")
    subprocess.run(
        [
            *(sys.executable, "-m", "coverage", "json", "--rcfile=/dev/null", "--quiet"),
            *(f"--data-file={data}", "-o", str(written)),
        ],
        capture_output=True,
        check=False,  # a run that reached no rule has nothing to report
    )
    if not written.is_file():
        return []
    return [
        Covered(
            file=Path(name).name,
            covered=one["summary"]["covered_lines"],
            missed=one["summary"]["missing_lines"],
            rows=tuple(one["missing_lines"]),
        )
        for name, one in sorted(json.loads(written.read_text("utf-8"))["files"].items())
        if one["summary"]["num_statements"]
    ]
