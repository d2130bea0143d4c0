"""Base model of report parts: frozen, strict about fields, camelCase in JSON."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

__all__ = ["Count", "Part", "Usd"]

Count = Annotated[int, Field(ge=0)]
# Text, so that no reader converts it to a binary floating-point number.
Usd = Annotated[str, Field(pattern=r"^-?\d+\.\d{2}$", description="US dollars, to the cent.")]


class Part(BaseModel):
    """A part of a report."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True
    )
