"""Readers of data sets: decode the bytes of locked files into model inputs and labels.

No reader fits parameters to the data. Every scale is a constant, so that a device can repeat the
encoding and held-out rows do not leak into training.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml
from numpy.typing import NDArray

from mobile_ai.model_build.errors import DataError
from mobile_ai.model_build.fetch import read_members
from mobile_ai.model_build.lock import load_lock, locked
from mobile_ai.model_build.rows import Rows

_MESSAGE_BYTES = 64  # input length; longer messages are truncated, shorter ones zero-padded
_WHITE = 255.0  # of a grey byte
_CEPSTRUM = 2.0
_ACCELERATION = 10.0  # m/s2
_ROTATION = 5.0  # rad/s
_LANGUAGES = (
    "dutch",
    "english",
    "french",
    "german",
    "indonesian",
    "italian",
    "portuguese",
    "spanish",
    "turkish",
)
_Members = Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputEncoding:
    """Encoding of an input by the reader of a data set.

    Attributes:
        range: Smallest and largest value, where the encoding bounds them.
        divisor: Divisor of the raw values, where nothing else is done to them.
    """

    range: tuple[float, float] | None = None
    divisor: float | None = None


ENCODINGS: Final[Mapping[str, Mapping[str, InputEncoding]]] = {
    "adult": {"profile": InputEncoding(range=(0.0, 1.0))},
    "basic_motions": {
        "accelerometer": InputEncoding(divisor=_ACCELERATION),
        "gyroscope": InputEncoding(divisor=_ROTATION),
    },
    "japanese_vowels": {"cepstrum": InputEncoding(divisor=_CEPSTRUM)},
    "messages": {"text": InputEncoding(range=(0.0, 255.0))},
    "mnist": {"image": InputEncoding(range=(0.0, 1.0), divisor=_WHITE)},
}
"""Encodings of the inputs by reader; a manifest states them."""


def encodings_of(name: str) -> Mapping[str, InputEncoding]:
    """Return the encodings of a locked data set's inputs; empty for another data set."""
    source = load_lock().get(name)
    return ENCODINGS.get(source.reader or "", {}) if source else {}


def read_rows(name: str, *, cache: Path | None = None) -> Rows:
    """Return all rows of a locked data set.

    Raises:
        DataError: If it is not locked, cannot be downloaded, or has no reader.
    """
    source = locked(name)
    if source.reader not in READERS:
        raise DataError(
            f"data set {name}",
            got=f"reader {source.reader}",
            expected=f"one of {sorted(READERS)}",
            next_step="correct data.lock.yaml",
        )
    return READERS[source.reader](read_members(source, cache=cache))


def mnist(members: _Members) -> Rows:
    """Return images `image` [n, 28, 28, 1] in 0..1 and digits as labels."""
    (content,) = members.values()
    values = np.loadtxt(io.BytesIO(gzip.decompress(content)), delimiter=",", dtype=np.float64)
    images = (values[:, :-1] / _WHITE).astype(np.float32).reshape(-1, 28, 28, 1)
    labels = values[:, -1].astype(np.int64)
    return Rows(inputs={"image": images}, labels=labels)


def japanese_vowels(members: _Members) -> Rows:
    """Return cepstra `cepstrum` [n, 25, 12] (12 LPC coefficients) and the speaker, 0..8."""
    series, labels = _time_series(members)
    # Coefficients are in about -2..2: halving normalizes them for int8 calibration.
    return Rows(inputs={"cepstrum": series / _CEPSTRUM}, labels=labels)


def basic_motions(members: _Members) -> Rows:
    """Return `accelerometer` and `gyroscope`, each [n, 100, 3], and the activity, 0..3.

    10 Hz for ten seconds. Acceleration is divided by 10 (m/s2), rotation by 5 (rad/s).
    """
    series, labels = _time_series(members)
    inputs = {
        "accelerometer": series[:, :, :3] / _ACCELERATION,
        "gyroscope": series[:, :, 3:] / _ROTATION,
    }
    return Rows(inputs=inputs, labels=labels)


def messages(members: _Members) -> Rows:
    """Return `text` [n, 64] (bytes of a chat message) and the index of its language.

    Duplicate messages are kept once, and messages that occur in several languages are dropped:
    duplicates would leak training rows into the held-out split.
    """
    languages: dict[str, set[int]] = {}
    for path, content in sorted(members.items()):
        language = _LANGUAGES.index(path.split("/")[2])
        for text in _utterances(content):
            languages.setdefault(" ".join(text.lower().split()), set()).add(language)
    found = sorted((t, min(who)) for t, who in languages.items() if len(who) == 1 and len(t) > 7)  # noqa: PLR2004  # too short to identify
    codes = np.stack([encode_message(text) for text, _ in found])
    labels = np.array([language for _, language in found], dtype=np.int64)
    return Rows(inputs={"text": codes}, labels=labels)


def encode_message(text: str) -> NDArray[np.int32]:
    """Return the first 64 UTF-8 bytes of the lower-case message, padded with zeros."""
    content = " ".join(text.lower().split()).encode()[:_MESSAGE_BYTES]
    codes = np.zeros(_MESSAGE_BYTES, dtype=np.int32)
    codes[: len(content)] = np.frombuffer(content, dtype=np.uint8)
    return codes


def adult(members: _Members) -> Rows:
    """Return `profile` [n, features] and whether income exceeds 50,000 USD.

    Sex and ethnicity are not inputs, nor are `relationship`, whose values `Husband` and `Wife`
    reveal the sex, and `marital-status`, which is a proxy for it in this census: with it, women
    were selected 18 points less often. They are kept as groups to measure fairness.
    """
    (content,) = members.values()
    table = [
        {key: value.strip() for key, value in row.items()}
        for row in csv.DictReader(io.StringIO(content.decode()))
    ]
    columns = _adult_columns(table)
    profile = np.stack([values for _, values in columns], axis=1).astype(np.float32)
    groups = {
        "sex": np.array([row["gender"] for row in table]),
        "race": np.array([row["ethnicity"] for row in table]),
        "age": np.array([_age_band(int(row["age"])) for row in table]),
    }
    return Rows(
        inputs={"profile": profile},
        labels=np.array([row["loan"].startswith(">") for row in table]).astype(np.int64),
        groups=groups,
        features={"profile": tuple(name for name, _ in columns)},
    )


READERS: Mapping[str, Callable[[_Members], Rows]] = {
    "adult": adult,
    "basic_motions": basic_motions,
    "japanese_vowels": japanese_vowels,
    "messages": messages,
    "mnist": mnist,
}
"""Readers of the locked data sets by name."""


def _adult_columns(table: list[dict[str, str]]) -> list[tuple[str, NDArray[Any]]]:
    def numbers(key: str) -> NDArray[Any]:
        return np.array([float(row[key]) for row in table])

    # Gains range to 99,999 and are mostly 0: a logarithm preserves resolution in int8.
    columns = [
        ("age", numbers("age") / 90),
        ("education-num", numbers("education-num") / 16),
        ("capital-gain", np.log1p(numbers("capital-gain")) / 12),
        ("capital-loss", np.log1p(numbers("capital-loss")) / 12),
        ("hours-per-week", numbers("hours-per-week") / 99),
    ]
    for key in ("workclass", "education", "occupation"):
        words = sorted({row[key] for row in table})
        flags = [np.array([row[key] == word for row in table]) for word in words]
        columns += [(f"{key}={word}", values) for word, values in zip(words, flags, strict=True)]
    return columns


def _age_band(age: int) -> str:
    return "under-30" if age < 30 else "30-49" if age < 50 else "50-and-over"  # noqa: PLR2004


def _utterances(content: bytes) -> list[str]:
    document = yaml.safe_load(content)
    return [text for talk in document["conversations"] for text in talk if isinstance(text, str)]


def _time_series(members: _Members) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Read `.ts` files of sktime: colon-separated channels, then the label, per line."""
    series, words, classes = [], [], []
    for content in members.values():
        head, _, body = content.decode().partition("@data")
        declared = next(line for line in head.splitlines() if line.startswith("@classLabel"))
        classes = declared.split()[2:]
        for line in body.split():
            *channels, word = line.split(":")
            series.append([[float(value) for value in c.split(",")] for c in channels])
            words.append(word)
    values = np.array(series, dtype=np.float32).transpose(0, 2, 1)
    return values, np.array([classes.index(word) for word in words], dtype=np.int64)
