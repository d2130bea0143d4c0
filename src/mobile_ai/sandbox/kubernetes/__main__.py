"""`python -m mobile_ai.sandbox.kubernetes`: find or build an API server and print its path."""

import sys

from mobile_ai.sandbox.command import printed
from mobile_ai.sandbox.kubernetes import locate_control_plane


def main() -> int:
    """Find or build the programs, print the API server's path, and return an exit code."""
    return printed(lambda progress: locate_control_plane(progress=progress).api_server)


if __name__ == "__main__":
    sys.exit(main())
