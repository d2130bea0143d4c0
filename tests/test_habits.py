"""Tests wait for conditions, draw from seeds and have the same ids in every run."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.habits import problems_in_test

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "tests").rglob("*.py"))
# These read the clock at import, and no test id holds it: the product compares signed times with
# its own clock, as python-tuf does.
LIVING = {
    "tests/delivery/world.py",
    "tests/operations/dashboard/test_collect.py",
    "tests/operations/showback/test_telemetry.py",
}
# Commands and the polls themselves, which measure time.
APART = {"tests/waiting.py", "tests/tools/fresh.py"}


def problems(file: Path) -> list[str]:
    name = str(file.relative_to(ROOT))
    found = [] if name in APART else problems_in_test(file.read_text("utf-8"))
    kept = [item for item in found if name not in LIVING or "at import" not in item[1]]
    return [f"{name}:{line}: {problem}" for line, problem in kept]


def test_tests_neither_sleep_nor_draw_lots_nor_judge_the_machine():
    assert [problem for file in FILES for problem in problems(file)] == []


@pytest.mark.parametrize("name", sorted(LIVING))
def test_a_module_that_may_read_the_clock_at_import_does(name):
    assert any("at import" in text for _, text in problems_in_test((ROOT / name).read_text()))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("import time\ntime.sleep(1)", "time.sleep"),
        ("from time import sleep\ndef test(): sleep(1)", "time.sleep"),
        ("import asyncio\nasync def test(): await asyncio.sleep(0.1)", "asyncio.sleep"),
        ("from asyncio import sleep as nap\nasync def test(): await nap(1)", "asyncio.sleep"),
        ("import os\ndef test(): os.urandom(4)", "other values"),
        ("from uuid import uuid4\nuuid4()", "other values"),
        ("import random\nrandom.choice([1])", "other values"),
        ("import random\nrandom.Random()", "without a seed"),
        ("import numpy as np\nnp.random.default_rng()", "without a seed"),
        ("import numpy as np\nnp.random.normal()", "other values"),
        ("from datetime import datetime\nNOW = datetime.now()", "at import"),
        ("import datetime as dt\nNOW = dt.datetime.now()", "at import"),
        (
            "import pytest, time\n@pytest.mark.parametrize('at', [time.time()])\ndef test(at): ...",
            "at import",
        ),
        (
            "import time\ndef test():\n  at = time.monotonic()\n  assert time.monotonic() - at < 1",
            "measured time",
        ),
        (
            "import time\ndef test():\n  a = time.time()\n  b = time.time() - a\n  assert b < 1",
            "measured time",
        ),
    ],
)
def test_a_habit_is_refused(text, problem):
    assert [problem in found for _, found in problems_in_test(text)] == [True]


@pytest.mark.parametrize(
    "text",
    [
        "import random\nrandom.Random(1).choice([1])",
        "import numpy as np\nnp.random.default_rng(1).normal()",
        "import asyncio\nasync def test(): await asyncio.sleep(0)",
        "def test(random): random.sample([1], 1)",
        "from datetime import datetime\ndef test(): datetime.now()",
        "import time\ndef test():\n  at = time.monotonic()\n  assert answer(at) == 1",
    ],
)
def test_other_code_is_left_alone(text):
    ast.parse(text)
    assert problems_in_test(text) == []


def collected(seed: str) -> list[str]:
    """The ids of all tests, as a process with another order of sets finds them."""
    options = ["-p", "no:cacheprovider", "-p", "no:xdist", "-q", "--collect-only"]
    lines = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "tests"],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [line for line in lines if "::" in line]


@pytest.mark.accept  # a minute; workers compare what they collected at the start of every run
def test_ids_are_the_same_in_every_run():
    found = collected("1")
    assert len(found) > 8_000
    assert found == collected("2")
