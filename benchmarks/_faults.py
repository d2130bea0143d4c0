"""Runs every test that is marked with a kind of fault, and counts the kinds that were survived.

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
    """Whether the cases of a kind passed, by kind."""

    def __init__(self) -> None:
        self.passed: dict[str, list[bool]] = defaultdict(list)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> object:
        """Note every failure, and every call that passed."""
        report = yield
        marks = [mark.args[0] for mark in item.iter_markers("fault")]
        if report.when == "call" or not report.passed:
            for kind in marks:
                self.passed[kind].append(report.passed)
        return report

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep what is marked."""
        items[:] = [item for item in items if item.get_closest_marker("fault")]


def main() -> None:
    """Print ``{kind: whether all its cases passed}``; a case that is skipped has not passed."""
    kinds = _Kinds()
    with contextlib.redirect_stdout(sys.stderr):
        pytest.main(["-q", "-p", "no:cacheprovider", "-m", _ALL, *FILES], plugins=[kinds])
    print(json.dumps({kind: all(cases) for kind, cases in kinds.passed.items()}))


if __name__ == "__main__":
    main()
