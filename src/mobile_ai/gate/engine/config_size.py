"""Size limit of a stack's configuration under the official Python language host.

The host passes the configuration in one environment variable, and Linux starts no process with one
of 128 KiB or more (`execve(2)`, MAX_ARG_STRLEN; https://github.com/pulumi/pulumi/issues/20402). The
engine reports this as "argument list too long". The sandbox's host has no such limit.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from mobile_ai.gate.errors import GateError
from mobile_ai.sandbox.engine.host.long import LONGEST
from mobile_ai.stack.reader import StackFile

_VARIABLE: Final = "PULUMI_CONFIG="
_NEAR: Final = 0.75
_SPLIT: Final = (
    "move some applications to a stack of their own (`mobile-ai:deployments`, docs/sandbox.md)"
)


def config_bytes(config: Mapping[str, Any]) -> int:
    """Return the size of the variable, in bytes, for a stack file's ``config``.

    Every value is passed as text, an object as JSON, within one JSON object. Go escapes ``<``,
    ``>`` and ``&`` as six bytes, in each of the two encodings.
    """
    texts = {key: value if isinstance(value, str) else _go(value) for key, value in config.items()}
    return len(f"{_VARIABLE}{_go(texts)}".encode())


def require_startable(stack_file: StackFile) -> None:
    """Check that the official host can start the program with the stack's configuration.

    Raises:
        GateError: The configuration is too long.
    """
    size = config_bytes(stack_file.config)
    if size > LONGEST:
        raise GateError(
            f"{stack_file.name}: got a configuration of {_kib(size)} KiB; expected less "
            "than 128, since Pulumi hands it to the program in one environment variable, which "
            f"Linux limits. Next: {_SPLIT}."
        )


def size_warnings(stack_file: StackFile) -> tuple[str, ...]:
    """Return a warning for a configuration near or above the limit of the official host."""
    size = config_bytes(stack_file.config)
    if size < _NEAR * LONGEST:
        return ()
    state = "too long for AWS" if size > LONGEST else "near the limit on AWS"
    said = f"its configuration is {state}, {_kib(size)} of 128 KiB"
    return (f"{stack_file.name}: {said}. Next: {_SPLIT}.",)


def _go(value: object) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _kib(size: int) -> str:
    return f"{size / 1024:.1f}"
