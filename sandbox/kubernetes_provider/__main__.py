"""`python -m sandbox.kubernetes_provider`: have the Kubernetes provider and print its path."""

import sys

from sandbox.command import printed
from sandbox.kubernetes_provider import locate

__all__ = ["main"]


def main() -> int:
    """Ensure the program exists, print the provider's path, return an exit code."""
    return printed(lambda progress: locate(progress=progress))


if __name__ == "__main__":
    sys.exit(main())
