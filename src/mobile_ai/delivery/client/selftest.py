"""Self-test: compares a model's answers on this device with those where it was evaluated.

The model runs in a separate process: a model is a program, and one that crashes the runtime must
not crash the application.
"""

from __future__ import annotations

import base64
import json
import math
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from mobile_ai.delivery.client.documents import SelfTestDocument, SelfTestInputs
from mobile_ai.delivery.errors import SelfTestError

_SECONDS: Final = 120
_LARGEST_ANSWER: Final = 64_000_000  # bytes

Runner = Callable[[Path, str, Sequence[dict[str, Any]]], list[list[float]]]
"""Takes a model, its format and the inputs of each case; returns the flat outputs of each case."""


def check_answers(
    model: Path, format_: str, test: SelfTestDocument, inputs: SelfTestInputs, *, run: Runner
) -> None:
    """Run a model on its self-test and compare the outputs.

    Raises:
        SelfTestError: If it does not run, or an output is off by more than its tolerance.
    """
    cases = plain_cases(test, inputs)
    answers = run(model, format_, cases)
    if len(answers) != len(test.cases):
        raise _failed(f"{len(answers)} answers", f"{len(test.cases)}")
    for case, answer in zip(test.cases, answers, strict=True):
        _compare(answer, case.expected, case.tolerance)


def plain_cases(test: SelfTestDocument, inputs: SelfTestInputs) -> list[dict[str, Any]]:
    """Return a test's inputs by case, in the form that a runner expects.

    Raises:
        SelfTestError: If it names inputs that do not exist.
    """
    try:
        return [
            {name: _plain(item.shape, item.data) for name, item in inputs.cases[at.case].items()}
            for at in test.cases
        ]
    except (IndexError, ValueError) as error:
        raise _failed(f"{type(error).__name__}: {error}", "the inputs it names") from error


def run_apart(model: Path, format_: str, cases: Sequence[dict[str, Any]]) -> list[list[float]]:
    """Run a model in another process and return its outputs.

    Raises:
        SelfTestError: If the process fails, times out, or prints anything but outputs.
    """
    value = _apart({"model": str(model), "format": format_, "cases": list(cases)})
    return [[float(number) for number in answer] for answer in value]


def time_apart(model: Path, format_: str, case: dict[str, Any], *, runs: int) -> list[float]:
    """Measure a model's latency in another process; return milliseconds, one value for each run.

    One thread, after warm-up runs; setting inputs and reading outputs is not timed.

    Raises:
        SelfTestError: If the process fails, times out, or prints anything but times.
    """
    task = {"model": str(model), "format": format_, "cases": [case], "runs": runs}
    return [float(number) for number in _apart(task)]


def _apart(task: dict[str, Any]) -> Any:
    command = [sys.executable, "-m", "mobile_ai.delivery.client.selftest_worker"]
    given = json.dumps(task).encode()
    try:
        done = subprocess.run(
            command,
            input=given,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _failed(f"no answer in {_SECONDS} s", "an answer in time") from error
    if done.returncode:
        # A negative code is the signal that killed it (subprocess, `returncode`).
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise _failed(f"exit code {done.returncode} {' '.join(last)}".strip(), "answers")
    try:
        return json.loads(done.stdout[:_LARGEST_ANSWER])
    except ValueError as error:
        raise _failed("no JSON", "answers") from error


def _plain(shape: Sequence[int], data: str) -> dict[str, Any]:
    raw = base64.b64decode(data, validate=True)
    if len(raw) != 4 * math.prod(shape):
        raise ValueError(f"{len(raw)} bytes for shape {list(shape)}")
    return {"shape": list(shape), "data": data}


def _compare(answer: Sequence[float], expected: Sequence[float], tolerance: float) -> None:
    if len(answer) != len(expected):
        raise _failed(f"{len(answer)} numbers", f"{len(expected)}")
    worst = max((abs(a - b) for a, b in zip(answer, expected, strict=True)), default=0.0)
    if not worst <= tolerance:  # NaN is not within any tolerance
        raise _failed(f"an answer {worst:.4g} off", f"at most {tolerance:.4g}")


def _failed(got: str, expected: str) -> SelfTestError:
    return SelfTestError(
        "self-test",
        got=got,
        expected=expected,
        next_step="keep the previous model; report the device to the model's owner",
    )
