"""Base and field types of models that files are read into."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from mobile_ai.contracts.vocabulary import DATA_TYPE_PATTERN, LONGEST_DATA_TYPE

MAIL_PATTERN: Final = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
"""A mail address, as far as a pattern can tell."""
Mail = Annotated[str, Field(pattern=MAIL_PATTERN, max_length=254)]
"""Mail address."""
# The pack's vocabulary says which there are: its config adds to the shipped one.
DataTypeName = Annotated[str, Field(pattern=DATA_TYPE_PATTERN, max_length=LONGEST_DATA_TYPE)]
"""Name of a data type."""


class StrictModel(BaseModel):
    """A model with camelCase keys: unknown fields are refused, values are not converted."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        strict=True,
        # A process validates few of the kinds of documents that it imports: a third of the time
        # that the pack's imports took went into validators.
        defer_build=True,
        allow_inf_nan=False,
    )
