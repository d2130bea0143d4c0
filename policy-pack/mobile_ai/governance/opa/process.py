"""The evaluator's process: one request and one answer a line, each within a deadline."""

from __future__ import annotations

import json
import os
import select
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

_MOST_BYTES: Final = 16 * 1024 * 1024  # of an answer
_MOST_FAILURES: Final = 3
_STOP_SECONDS: Final = 5.0
_SHOWN: Final = 200  # characters of what a process said last


class EvaluatorError(Exception):
    """The evaluator gave no answer; its text says why."""


class EvaluatorProcess:
    """A process that is started with its first request and again after a failure.

    After three failures it is not started again: a module that never ends would otherwise hold up
    every resource for its deadline.
    """

    def __init__(self, program: Callable[[], Path]) -> None:
        """Keep a function that returns the executable."""
        self._program = program
        self._running: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._asked = 0
        self._failures: list[str] = []
        # Two processes that share its pipes would read each other's answers.
        os.register_at_fork(after_in_child=self._forget)

    def ask(self, request: Mapping[str, Any], *, seconds: float) -> dict[str, Any]:
        """Return the answer to a request.

        Raises:
            EvaluatorError: If there is none in time, or something else than an answer.
        """
        with self._lock:
            if len(self._failures) >= _MOST_FAILURES:
                raise EvaluatorError(f"{self._failures[-1]}; it failed {_MOST_FAILURES} times")
            self._asked += 1
            line = json.dumps({"ID": self._asked, **request}).encode() + b"\n"
            self._running = self._running or _started(self._program())
            try:
                answer = _exchange(self._running, line, time.monotonic() + seconds)
                return self._checked(answer)
            except BaseException as error:
                said = _stopped(self._running)
                self._running = None
                if not isinstance(error, EvaluatorError):
                    raise
                self._failures.append(f"{error}{said}")
                raise EvaluatorError(self._failures[-1]) from error

    def close(self) -> None:
        """Stop the process; the next request starts another."""
        with self._lock:
            if self._running is not None:
                _stopped(self._running)
            self._running = None

    def _checked(self, answer: bytes) -> dict[str, Any]:
        try:
            value = json.loads(answer)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict) or value.get("id") != self._asked:
            raise EvaluatorError(f"it answered {answer[:_SHOWN]!r}, which is no answer")
        if value.get("late"):
            raise EvaluatorError("it did not answer in time")
        return value

    def _forget(self) -> None:
        self._running, self._lock = None, threading.Lock()


def _started(program: Path) -> subprocess.Popen[bytes]:
    try:
        process = subprocess.Popen(
            [program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={},  # OPA reads settings from its environment
            process_group=0,  # Ctrl-C is the pack's; the end of its input ends it
        )
    except OSError as error:
        raise EvaluatorError(f"{program} cannot be started: {error.strerror}") from error
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            os.set_blocking(stream.fileno(), False)
    return process


def _exchange(process: subprocess.Popen[bytes], line: bytes, end: float) -> bytes:
    assert process.stdin is not None  # noqa: S101  opened above
    assert process.stdout is not None  # noqa: S101
    inlet, outlet = process.stdin.fileno(), process.stdout.fileno()
    left, answer = memoryview(line), bytearray()
    try:
        while left:
            _wait(inlet, select.POLLOUT, end)
            left = left[os.write(inlet, left) :]
        while not answer.endswith(b"\n"):
            _wait(outlet, select.POLLIN, end)
            part = os.read(outlet, 1 << 16)
            answer += part
            if not part:
                raise EvaluatorError("it ended in the middle of an evaluation")
            if len(answer) > _MOST_BYTES:
                raise EvaluatorError(f"its answer is longer than {_MOST_BYTES >> 20} MiB")
    except BrokenPipeError as error:
        raise EvaluatorError("it ended in the middle of an evaluation") from error
    return bytes(answer)


def _wait(stream: int, event: int, end: float) -> None:
    poll = select.poll()
    poll.register(stream, event)
    if not poll.poll(max(0.0, end - time.monotonic()) * 1000):
        raise EvaluatorError("it did not answer in time")


def _stopped(process: subprocess.Popen[bytes]) -> str:
    """End a process; return its exit code and what it said last, if it ended by itself."""
    try:
        code: int | None = process.wait(0.2 if process.poll() is None else 0)
    except subprocess.TimeoutExpired:
        code = None
    process.kill()
    process.wait(_STOP_SECONDS)
    said = (process.stderr.read() or b"") if process.stderr else b""
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    if code is None:
        return ""
    last = said.decode(errors="replace").strip().partition("\n")[0][:_SHOWN]
    return f" (exit code {code}{': ' * bool(last)}{last})"
