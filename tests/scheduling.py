"""Distribution of tests among workers: a file, or a group, belongs to one worker.

What a file sets up for all its tests is then set up once, and TensorFlow is loaded by one worker.
Long groups come first, so that the run does not end with one worker at work.
"""

import pytest
from xdist.scheduler import LoadGroupScheduling

__all__ = ["ByFile", "longest_first"]

# Groups, then markers, by how long a worker is busy with what has them.
_ORDER = ("tutorial", "e2e", "build", "engine", "services", "slow")


class ByFile(LoadGroupScheduling):
    """`--dist loadgroup`, except that the tests of a file without a group stay together."""

    def _split_scope(self, nodeid: str) -> str:
        return super()._split_scope(nodeid).partition("::")[0]


def longest_first(items: list[pytest.Item]) -> None:
    """Sort tests; those of the marker `build` are one group."""
    for item in items:
        if "build" in item.keywords and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group("build"))
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    group = item.get_closest_marker("xdist_group")
    names = {mark.name for mark in item.iter_markers()} | set(group.args if group else ())
    return min((at for at, name in enumerate(_ORDER) if name in names), default=len(_ORDER))
