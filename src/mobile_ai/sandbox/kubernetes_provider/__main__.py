"""`python -m mobile_ai.sandbox.kubernetes_provider`: find or build it and print its path."""

import sys

from mobile_ai.sandbox.command import printed
from mobile_ai.sandbox.kubernetes_provider import locate_provider


def main() -> int:
    """Find or build the program, print the provider's path, and return an exit code."""
    return printed(lambda progress: locate_provider(progress=progress))


if __name__ == "__main__":
    sys.exit(main())
