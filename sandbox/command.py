"""What the commands share that have a program and print its path."""

import sys
from collections.abc import Callable

from sandbox.errors import SandboxError
from sandbox.progress import Progress, shown

__all__ = ["printed"]

_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


def printed(located: Callable[[Progress], object]) -> int:
    """Print what `located` returns, with its progress shown, and return an exit code."""
    try:
        with shown() as progress:
            result = located(progress)
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; what was built is kept; the next run continues.", file=sys.stderr)
        return _INTERRUPTED
    print(result)
    return 0
