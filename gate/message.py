"""What people are shown of an error: once, and without a traceback."""

import re
from typing import Final

from gate.observation import Observation
from gate.report import ErrorResult
from stack.reader import StackFile

__all__ = ["error_texts", "located", "position_in", "without_traceback"]

_TRACEBACK: Final = "Traceback (most recent call last):"
# Not a tag of the same prefix, which stands behind a dot or a quote.
_KEY: Final = re.compile(r"(?<![\w.'\"{])mobile-ai:[A-Za-z]\w*(?:\[\d+\]|\.\w+)*")
# A value that a stand-in provider refuses; see `sandbox.providers.aws.schemas.judge`.
_REFUSED: Final = re.compile(r"is not what AWS accepts: got (?P<value>'[^']+'|-?[\d.]+);")
_HEADER: Final = "Program failed with an unhandled exception:"
_PROBLEM: Final = re.compile(r"^\s+- ", re.MULTILINE)
# What the engine adds when it ends: that there were errors, which are shown themselves.
_ECHOES: Final = re.compile(
    r"(error: )?(preview failed|update failed|an unhandled error occurred: program exited.*"
    r"|resource monitor shut down.*)",
    re.IGNORECASE,
)


def error_texts(seen: Observation, stderr: str) -> tuple[str, ...]:
    """Return what the engine, the program or a plugin failed with, each once.

    Args:
        seen: What was seen.
        stderr: What the engine wrote beside its events, such as an error before the first one.
    """
    said = [item.message for item in seen.diagnostics if item.severity == "error"]
    if seen.finished is None:
        # What a plugin prints while it fails to start is all that tells why, line by line.
        said.append("\n".join(i.message for i in seen.diagnostics if i.severity == "info#err"))
    said += [line.strip() for line in stderr.splitlines() if line.startswith("error:")]
    plain = (without_traceback(text).removeprefix("error: ").strip() for text in said)
    return tuple(dict.fromkeys(text for text in plain if text and not _ECHOES.fullmatch(text)))


def located(text: str, stack_file: StackFile) -> tuple[ErrorResult, ...]:
    """Return an error with its place; one that lists several problems becomes several errors."""
    _, *problems = _PROBLEM.split(text)
    return tuple(
        ErrorResult(message=item.strip(), file=stack_file.name if line else "", line=line)
        for problem in problems or [text]
        for item in [_with_setting(problem, stack_file)]
        for line in [position_in(item, stack_file)]
    )


def _with_setting(text: str, stack_file: StackFile) -> str:
    """Return an error about a value with the only setting of the stack file that has the value."""
    match = _REFUSED.search(text)
    keys = stack_file.keys_of(match["value"].strip("'")) if match else ()
    return f"{text} ({stack_file.name} has this value at `{keys[0]}`)" if len(keys) == 1 else text


def without_traceback(text: str) -> str:
    r"""Return an error without Python's traceback: what was said before, and the exception.

    >>> without_traceback("Traceback (most recent call last):\n  File 'x'\nKeyError: 'a'")
    "KeyError: 'a'"
    """
    before, found, after = text.rpartition(_TRACEBACK)
    if not found:
        return text.removeprefix(_HEADER).strip()
    lines = after.strip("\n").splitlines()
    # Frames are indented; the exception begins at the last line that is not, and may go on.
    start = next((i for i, line in enumerate(lines) if line[:1].strip()), 0)
    said = before.partition(_TRACEBACK)[0].strip().removesuffix(_HEADER).strip()
    kept = [said, "\n".join(lines[start:]).strip()]
    return "\n".join(part for part in kept if part)


def position_in(message: str, stack_file: StackFile) -> int:
    """Return the line of the first stack file key that a message names, 0 if it names none."""
    match = _KEY.search(message)
    return stack_file.line_of_key(match.group()) if match else 0
