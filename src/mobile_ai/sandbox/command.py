"""Shared implementation of commands that build a program and print its path."""

import sys
from collections.abc import Callable

from mobile_ai.gobuild.errors import GoBuildError
from mobile_ai.gobuild.progress import Progress, shown
from mobile_ai.sandbox.errors import SandboxError

_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


def printed(located: Callable[[Progress], object]) -> int:
    """Print the result of `located`, show its progress, and return an exit code."""
    try:
        with shown() as progress:
            result = located(progress)
    except (GoBuildError, SandboxError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; what was built is kept; the next run continues.", file=sys.stderr)
        return _INTERRUPTED
    print(result)
    return 0
