"""Runs `[-m module | script] arguments` with variables too long for an environment.

The first argument is a file descriptor with the variables as JSON. Standard library only: it is run
by path, in the interpreter of a program or a pack, whose import path it preserves.
"""

import json
import os
import runpy
import sys
from pathlib import Path


def main() -> None:
    """Set the variables, then run the module or script that the arguments name."""
    with open(int(sys.argv[1]), encoding="utf-8") as file:  # noqa: PTH123  no path: a descriptor
        os.environ.update(json.load(file))
    if sys.argv[2] == "-m":
        sys.path[0] = str(Path.cwd())
        sys.argv = sys.argv[3:]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = sys.argv[2:]
        sys.path[0] = str(Path(sys.argv[0]).parent)
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
