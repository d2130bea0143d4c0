"""Peak memory of applying a patch: `python -m benchmarks._apply_memory OLD PATCH LENGTH`.

A process of its own, so that its peak is the patch's. Prints bytes: the peak of resident memory
above what was there before, with the pages of the mapped old file, which the system can drop.
"""

import mmap
import sys
from pathlib import Path

from mobile_ai.delivery.delta import patched_pieces

__all__ = ["main"]


def main(old: Path, patch: Path, length: int) -> int:
    """Apply the patch once, discard the output, and print the peak."""
    with old.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far (proc(5))
        before = _status("VmRSS")
        content = patch.read_bytes()
        written = sum(len(piece) for piece in patched_pieces(content, data, length=length))
        print(_status("VmHWM") - before)
    return int(written != length)


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    (value,) = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return 1024 * int(value)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
