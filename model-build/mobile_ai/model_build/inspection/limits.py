"""Resource limits for inspecting an untrusted file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionLimits:
    """Limits of an inspection.

    Attributes:
        max_bytes: Size of the file.
        memory_bytes: Address space (Linux) and resident memory (everywhere) of the process
            that loads it. The runtimes themselves map about 1 GB of address space.
        seconds: Wall time and CPU time of that process.
        max_operators: Operators in all graphs together.
    """

    max_bytes: int = 100_000_000
    memory_bytes: int = 4 * 1024**3
    seconds: int = 60
    max_operators: int = 20_000
