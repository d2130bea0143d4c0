"""Canonical form of quantities, as written by the provider and the API server.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Final

from mobile_ai.sandbox.providers.values import Properties, Value, contains_unknown

_DECIMAL: Final = ("n", "u", "m", "", "k", "M", "G", "T", "P", "E")
_BINARY: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_NANO: Final = 10**9
# Smaller byte counts are written without a binary suffix.
_BINARY_FROM: Final = 1024
_QUANTITY: Final = re.compile(r"([+-]?\d+(?:\.\d+)?)([numkMGTPE]|[KMGTPE]i|)")
# API fields with quantities by resource name, and fields with a single quantity.
_BY_RESOURCE: Final = frozenset(
    {"requests", "limits", "hard", "default", "defaultRequest", "max", "min", "capacity"}
)
_SINGLE: Final = frozenset({"sizeLimit"})


def canonical(text: str) -> str:
    """Return the canonical form of a quantity; other texts are unchanged."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return text
    number, suffix = Fraction(match.group(1)), match.group(2)
    if suffix in _BINARY[1:]:
        number *= 1024 ** _BINARY.index(suffix)
        if abs(number) >= _BINARY_FROM:
            return _shortened(math.ceil(number), 1024, _BINARY)
        return _shortened(math.ceil(number * _NANO), 1000, _DECIMAL)
    return _shortened(math.ceil(number * 1000 ** _DECIMAL.index(suffix)), 1000, _DECIMAL)


def with_canonical_quantities(given: Properties) -> Properties:
    """Return an object with canonical quantities; unchanged if any part is unknown."""
    if contains_unknown(given):
        return given
    return {key: _field(key, item) for key, item in given.items()}


def _shortened(number: int, base: int, suffixes: tuple[str, ...]) -> str:
    place = 0
    while number and number % base == 0 and place < len(suffixes) - 1:
        number //= base
        place += 1
    return f"{number}{suffixes[place]}" if number else "0"


def _walked(value: Value) -> Value:
    if isinstance(value, list):
        return [_walked(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _field(key, item) for key, item in value.items()}


def _field(key: str, value: Value) -> Value:
    if key in _SINGLE and isinstance(value, str):
        return canonical(value)
    if key in _BY_RESOURCE and isinstance(value, dict):
        return {
            name: canonical(item) if isinstance(item, str) else item for name, item in value.items()
        }
    return _walked(value)
