"""Wall and CPU time of several contenders, measured alternately."""

import resource
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["Samples", "alternate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Repeated measurements of one contender.

    Attributes:
        wall: Seconds that passed.
        cpu: CPU seconds of this process and of the children that it waited for.
    """

    wall: tuple[float, ...]
    cpu: tuple[float, ...]

    @property
    def note(self) -> str:
        """Minimum and median of both, as text for rows."""
        return (
            f"wall min {min(self.wall):.3f} median {statistics.median(self.wall):.3f}, "
            f"CPU min {min(self.cpu):.3f} median {statistics.median(self.cpu):.3f}"
        )


def alternate(
    contenders: Mapping[str, Callable[[], object]], *, repeats: int
) -> dict[str, Samples]:
    """Run contenders alternately, so that load on the machine affects all of them.

    Args:
        contenders: What to run, by name.
        repeats: How often each runs.
    """
    wall: dict[str, list[float]] = {name: [] for name in contenders}
    cpu: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(repeats):
        for name, run in contenders.items():
            before, busy = time.perf_counter(), _cpu()
            run()
            wall[name].append(time.perf_counter() - before)
            cpu[name].append(_cpu() - busy)
    return {name: Samples(wall=tuple(wall[name]), cpu=tuple(cpu[name])) for name in contenders}


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(item.ru_utime + item.ru_stime for item in used)
