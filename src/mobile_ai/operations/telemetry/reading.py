"""Reads events from files: JSON Lines or concatenated JSON objects, plain or gzip."""

import codecs
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from mobile_ai.operations.telemetry.errors import TelemetryError

_CHUNK: Final = 1 << 20
_LONGEST: Final = 262_144  # characters of one event; far more than any has
_DECODER: Final = json.JSONDecoder()
_GZIP: Final = b"\x1f\x8b"


class Unreadable(bytes):
    """Bytes that are not JSON."""


def open_events(path: Path) -> io.BufferedIOBase:
    """Open a file of events; gzip is detected by its magic bytes, not by its name.

    Raises:
        TelemetryError: It cannot be opened.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
        return gzip.GzipFile(path, "rb") if packed else path.open("rb")
    except OSError as error:
        raise TelemetryError(
            str(path),
            got=error.strerror or type(error).__name__,
            expected="a file of events",
            next_step="name JSONL files, plain or gzip",
        ) from error


def read_values(file: io.BufferedIOBase) -> Iterator[Any]:
    """Yield JSON values, separated by any white space or none.

    Where the text is not JSON, the rest of its line is yielded as `Unreadable`, and reading resumes
    at the next line: a torn line costs no other. An object must not contain a line break.
    """
    text, at, over = "", 0, False
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    while not over:
        chunk, over = _next(file)
        text, at = text[at:] + decoder.decode(chunk, final=over), 0
        while at < len(text):
            if text[at].isspace():
                at += 1
                continue
            try:
                value, end = _DECODER.raw_decode(text, at)
            except (ValueError, RecursionError):
                end = text.find("\n", at)
                if end < 0 and not over and len(text) - at <= _LONGEST:
                    break  # may be whole with the next chunk
                end = len(text) if end < 0 else end
                yield Unreadable(text[at:end].encode(errors="surrogateescape"))
            else:
                yield value
            at = end


def _next(file: io.BufferedIOBase) -> tuple[bytes, bool]:
    """Return more bytes, and whether they are the last.

    A truncated gzip file, as of a crashed writer, ends at its last readable byte.
    """
    try:
        chunk = file.read1(_CHUNK)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return b"\n<gzip is damaged here>", True
    return chunk, not chunk
