"""Faults of a file or document against its schema, in the words of every message here.

The schema library's own words ("Input should be", types, addresses of its pages) reach no message.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

_LONGEST: Final = 80

# By the library's kind of an error: what it expected, in words, with the error's figures.
_EXPECTED: Final[Mapping[str, str]] = {
    "missing": "a value",
    "extra_forbidden": "no such field",
    "string_type": "text",
    "string_unicode": "text in UTF-8",
    "string_pattern_mismatch": "text that matches {pattern}",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "multiple_of": "a multiple of {multiple_of}",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "none_required": "nothing",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "iterable_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dataclass_type": "a mapping",
    "too_short": "at least {min_length} entries",
    "too_long": "at most {max_length} entries",
    "json_invalid": "JSON ({error})",
    "json_type": "JSON",
    "union_tag_invalid": "one of {expected_tags}",
    "union_tag_not_found": "a mapping with {discriminator}",
    "value_error": "a valid value: {error}",
    "assertion_error": "a valid value: {error}",
    "date_type": "a date such as 2026-01-31",
    "date_parsing": "a date such as 2026-01-31",
    "date_from_datetime_parsing": "a date such as 2026-01-31",
    "datetime_type": "a time such as 2026-01-31T12:00:00Z",
    "datetime_parsing": "a time such as 2026-01-31T12:00:00Z",
    "datetime_from_date_parsing": "a time such as 2026-01-31T12:00:00Z",
    "timezone_aware": "a time with its zone, such as 2026-01-31T12:00:00Z",
    "decimal_type": "a decimal number",
    "decimal_parsing": "a decimal number",
    "url_type": "an address",
    "url_parsing": "an address",
    "url_scheme": "an address with the scheme {expected_schemes}",
    "bytes_type": "bytes",
}
_LIBRARY: Final = ("Input should be ", "Value should be ", "Value error, ", "Assertion failed, ")


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """One thing that is wrong.

    Attributes:
        place: Keys from the top with dots between; empty for the document itself.
        got: The value found there, shortened.
        expected: Accepted values.
    """

    place: str
    got: str
    expected: str

    def __str__(self) -> str:
        """Return place, value and accepted values."""
        return f"{self.place or 'the document'}: got {self.got}; expected {self.expected}"

    def below(self, name: str) -> str:
        """Return the place in a document of a name."""
        return f"{name}.{self.place}" if self.place else name


def schema_problems(error: ValidationError) -> list[SchemaProblem]:
    """Return everything that a document has wrong against its schema."""
    return [_problem(item) for item in error.errors(include_url=False)]


def schema_problem(error: ValidationError) -> SchemaProblem:
    """Return the first thing that a document has wrong against its schema."""
    return schema_problems(error)[0]


def expected_of(item: ErrorDetails, *, pattern: Callable[[str], str] | None = None) -> str:
    """Return what would have been accepted.

    Args:
        item: An error of the schema library.
        pattern: Returns a pattern in words; by default it is shown.
    """
    context: dict[str, Any] = {
        key: f"{value:g}" if isinstance(value, float) else value
        for key, value in item.get("ctx", {}).items()
    }
    if pattern is not None and item["type"] == "string_pattern_mismatch":
        return pattern(str(context["pattern"]))
    try:
        return _EXPECTED[item["type"]].format_map(context)
    except KeyError:  # a kind that no schema here has had before
        text = item["msg"]
        for words in _LIBRARY:
            text = text.removeprefix(words)
        return text[:1].lower() + text[1:]


def _problem(item: ErrorDetails) -> SchemaProblem:
    is_absent = item["type"] == "missing"
    shown = f"{item['input']!r}"
    got = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."
    return SchemaProblem(
        place=".".join(map(str, item["loc"])),
        got="nothing" if is_absent else got,
        expected=expected_of(item),
    )
