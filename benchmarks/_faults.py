"""Runs every test that is marked with a kind of fault, and counts the survived kinds.

    python -m benchmarks._faults

A kind counts if all its cases pass; each case holds that nothing is orphaned or made twice, or
that the run stops before it changes anything and says the next step.
"""

import contextlib
import json
import sys
from collections import defaultdict
from typing import Final

import pytest

__all__ = ["FILES", "main"]

FILES: Final = ("tests/sandbox/providers/aws", "tests/gate/test_recovery.py")

_ALL: Final = "accept or not accept"  # every case, as `make accept` runs them too


class _Kinds:
    """Pytest plugin that records, by kind of fault, whether all its cases passed."""

    def __init__(self) -> None:
        self.passed: dict[str, list[bool]] = defaultdict(list)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> object:
        """Record the outcome of each test."""
        report = yield
        marks = [mark.args[0] for mark in item.iter_markers("fault")]
        if report.when == "call" or not report.passed:
            for kind in marks:
                self.passed[kind].append(report.passed)
        return report

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Deselect unmarked tests."""
        items[:] = [item for item in items if item.get_closest_marker("fault")]


def main() -> None:
    """Print ``{kind: all its cases passed}``; a skipped case counts as failed."""
    kinds = _Kinds()
    with contextlib.redirect_stdout(sys.stderr):
        pytest.main(["-q", "-p", "no:cacheprovider", "-m", _ALL, *FILES], plugins=[kinds])
    print(json.dumps({kind: all(cases) for kind, cases in kinds.passed.items()}))


if __name__ == "__main__":
    main()
