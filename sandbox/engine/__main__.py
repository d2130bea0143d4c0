"""`python -m sandbox.engine`: have an engine and print its path."""

import argparse
import json
import sys
from collections.abc import Sequence

from sandbox.engine import locate
from sandbox.errors import SandboxError
from sandbox.progress import shown

__all__ = ["main"]

_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


def main(arguments: Sequence[str] | None = None) -> int:
    """Ensure the engine exists, print its path or all that is known of it, return an exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.engine", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print path, version and origin")
    options = parser.parse_args(arguments)
    try:
        with shown() as progress:
            engine = locate(progress=progress)
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; what was built is kept; the next run continues.", file=sys.stderr)
        return _INTERRUPTED
    facts = {"pulumi": str(engine.pulumi), "version": engine.version, "origin": engine.origin}
    print(json.dumps(facts) if options.json else engine.pulumi)
    return 0


if __name__ == "__main__":
    sys.exit(main())
