"""`python -m sandbox.kubernetes_provider`: have the Kubernetes provider and print its path."""

import sys

from sandbox.errors import SandboxError
from sandbox.kubernetes_provider import locate
from sandbox.progress import shown

__all__ = ["main"]

_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


def main() -> int:
    """Ensure the program exists, print the provider's path, return an exit code."""
    try:
        with shown() as progress:
            print(locate(progress=progress))
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; what was built is kept; the next run continues.", file=sys.stderr)
        return _INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
