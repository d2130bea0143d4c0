"""Error messages for reports: deduplicated, without tracebacks, with stack file positions."""

import re
from typing import Final

from mobile_ai.gate.engine.observation import EngineObservation
from mobile_ai.gate.report.report import ErrorResult
from mobile_ai.stack.reader import Position, StackFile

_TRACEBACK: Final = "Traceback (most recent call last):"
# Excludes tags with the same prefix, which follow a dot, a quote or a brace.
_KEY: Final = re.compile(r"(?<![\w.'\"{])mobile-ai:[A-Za-z]\w*(?:\[\d+\]|\.\w+)*")
# Message about a value that a stand-in provider rejects; see `sandbox.providers.aws.schemas.judge`.
_REFUSED: Final = re.compile(r"is not what AWS accepts: got (?P<value>'[^']+'|-?[\d.]+);")
_HEADER: Final = "Program failed with an unhandled exception:"
_PROBLEM: Final = re.compile(r"^\s+- ", re.MULTILINE)
# Summary lines that the engine prints after the errors themselves.
_ECHOES: Final = re.compile(
    r"(error: )?(preview failed|update failed|an unhandled error occurred: program exited.*"
    r"|resource monitor shut down.*)",
    re.IGNORECASE,
)


def error_texts(seen: EngineObservation, stderr: str) -> tuple[str, ...]:
    """Return the errors of the engine, the program and plugins, without duplicates.

    Args:
        seen: Observation of the run.
        stderr: Standard error of the engine, which holds errors before the first event.
    """
    said = [item.message for item in seen.diagnostics if item.severity == "error"]
    if seen.finished is None:
        # The output of a plugin that fails to start is the only explanation, line by line.
        said.append("\n".join(i.message for i in seen.diagnostics if i.severity == "info#err"))
    said += [line.strip() for line in stderr.splitlines() if line.startswith("error:")]
    plain = (without_traceback(text).removeprefix("error: ").strip() for text in said)
    return tuple(dict.fromkeys(text for text in plain if text and not _ECHOES.fullmatch(text)))


def located(text: str, stack_file: StackFile) -> tuple[ErrorResult, ...]:
    """Return an error with its position; an error that lists problems is split into several."""
    _, *problems = _PROBLEM.split(text)
    return tuple(
        ErrorResult(
            message=item.strip(), file=stack_file.name if line else "", line=line, column=column
        )
        for problem in problems or [text]
        for item in [_with_setting(problem, stack_file)]
        for line, column in [position_in(item, stack_file)]
    )


def _with_setting(text: str, stack_file: StackFile) -> str:
    """Append the setting that holds a rejected value, if exactly one setting does."""
    match = _REFUSED.search(text)
    keys = stack_file.keys_of(match["value"].strip("'")) if match else ()
    return f"{text} ({stack_file.name} has this value at `{keys[0]}`)" if len(keys) == 1 else text


def without_traceback(text: str) -> str:
    r"""Return an error without Python's traceback: the text before it, and the exception.

    >>> without_traceback("Traceback (most recent call last):\n  File 'x'\nKeyError: 'a'")
    "KeyError: 'a'"
    """
    before, found, after = text.rpartition(_TRACEBACK)
    if not found:
        return text.removeprefix(_HEADER).strip()
    lines = after.strip("\n").splitlines()
    # Frames are indented; the exception starts at the first unindented line and may span several.
    start = next((i for i, line in enumerate(lines) if line[:1].strip()), 0)
    said = before.partition(_TRACEBACK)[0].strip().removesuffix(_HEADER).strip()
    kept = [said, "\n".join(lines[start:]).strip()]
    return "\n".join(part for part in kept if part)


def position_in(message: str, stack_file: StackFile) -> Position:
    """Return line and column of the first stack file key in a message, zeros if there is none."""
    match = _KEY.search(message)
    return stack_file.position_of_key(match.group()) if match else (0, 0)
