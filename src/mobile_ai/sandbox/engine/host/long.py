"""Passes environment variables that exceed the size limit of Linux.

Linux starts no process with a variable of 128 KiB or more, and Pulumi passes the whole
configuration of a stack in one (https://github.com/pulumi/pulumi/issues/20402), which is too long
with hundreds of deployments. The official host fails then; this one writes such a variable to an
in-memory file that the new process reads first.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

LONGEST: Final = 128 * 1024 - 1
"""Bytes of `NAME=value`: MAX_ARG_STRLEN of Linux (32 pages), less the closing zero."""
_START: Final = str(Path(__file__).with_name("long_start.py"))


@contextmanager
def startable(
    command: Sequence[str], env: Mapping[str, str]
) -> Iterator[tuple[list[str], dict[str, str], tuple[int, ...]]]:
    """Yield command, environment and file descriptors that start a Python process.

    Args:
        command: Interpreter, `-u`, then the module or script.
        env: Variables of any length.
    """
    long = {name: value for name, value in env.items() if _bytes(name, value) > LONGEST}
    short = {name: value for name, value in env.items() if name not in long}
    if not long:
        yield list(command), short, ()
        return
    file = os.memfd_create("variables")
    try:
        with os.fdopen(os.dup(file), "w", encoding="utf-8") as writer:
            json.dump(long, writer)
        os.lseek(file, 0, os.SEEK_SET)
        python, unbuffered, *rest = command
        yield [python, unbuffered, _START, str(file), *rest], short, (file,)
    finally:
        os.close(file)


def _bytes(name: str, value: str) -> int:
    return len(os.fsencode(f"{name}={value}"))
