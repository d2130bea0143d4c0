"""`python -m mobile_ai.sandbox.engine`: find or build the engine and print its path."""

import argparse
import json
import sys
from collections.abc import Sequence

from mobile_ai.gobuild.progress import Progress
from mobile_ai.sandbox.command import printed
from mobile_ai.sandbox.engine import locate_engine


def main(arguments: Sequence[str] | None = None) -> int:
    """Find or build the engine, print its path or all facts, and return an exit code."""
    parser = argparse.ArgumentParser(prog="python -m mobile_ai.sandbox.engine", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print path, version and origin")
    options = parser.parse_args(arguments)

    def located(progress: Progress) -> object:
        engine = locate_engine(progress=progress)
        facts = {"pulumi": str(engine.pulumi), "version": engine.version, "origin": engine.origin}
        return json.dumps(facts) if options.json else engine.pulumi

    return printed(located)


if __name__ == "__main__":
    sys.exit(main())
