"""Polls for a condition: quick where it holds, patient where a machine is busy.

The one place of the tests that sleeps; `tests/test_habits.py` refuses it elsewhere.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

__all__ = ["stall", "stall_async", "until", "until_async"]

_PAUSE = 0.01
# Only a test that fails waits this long.
_PATIENCE = 60.0


def stall(seconds: float) -> None:
    """Take time, as a slow model or server does. A test that waits for something uses `until`."""
    time.sleep(seconds)


async def stall_async(seconds: float) -> None:
    """Take time as `stall` does, leaving the event loop to others: the period of something."""
    await asyncio.sleep(seconds)


def until(condition: Callable[[], Any], *, seconds: float = _PATIENCE) -> Any:
    """Return the first true value of `condition`, which is asked again and again."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not so within {seconds:g} s: {condition}"
        time.sleep(_PAUSE)
    return value


async def until_async(condition: Callable[[], Any], *, seconds: float = _PATIENCE) -> Any:
    """Return the first true value of `condition`, leaving the event loop to others meanwhile."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not so within {seconds:g} s: {condition}"
        await asyncio.sleep(_PAUSE)
    return value
