"""Base and field types of predicates: closed, strict, with bounded texts and times with a zone."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    StringConstraints,
    model_validator,
)

from mobile_ai.contracts.canonical import SHA256_PATTERN
from mobile_ai.contracts.models import StrictModel

_SHORT: Final = 200
_LONG: Final = 2_000
_URN: Final = 1_000
_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}T")
_LARGEST: Final = Decimal(10) ** 12


def _written(value: Any) -> Any:
    # Pydantic would also accept the seconds since 1970, as a number or as text.
    if not isinstance(value, str) or not _TIME.match(value):
        raise ValueError("an RFC 3339 time with zone, such as 2030-01-31T00:00:00Z, is text")
    return value


def _decimal(value: str | float) -> str | float:
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError("an amount is a decimal number") from error
    if not (number.is_finite() and 0 <= number <= _LARGEST):
        raise ValueError("an amount is from 0 to 10^12")
    return value


Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_written)]
"""A time with a zone."""
Sha256 = Annotated[str, StringConstraints(pattern=SHA256_PATTERN)]
"""A SHA-256 digest."""
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
"""A Git commit."""
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
"""Name of an application, model, ring or rule."""
StackName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""Name of a stack or environment."""
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=_SHORT, pattern=r"\S")]
"""A line of text."""
LongText = Annotated[str, StringConstraints(min_length=1, max_length=_LONG, pattern=r"\S")]
"""An explanation."""
ExactText = Annotated[str, StringConstraints(min_length=1, max_length=_URN, pattern=r"^[^*]+$")]
"""A name that is matched exactly; a pattern would cover what nobody looked at."""
Number = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
"""A measured quantity."""
Sum = Annotated[
    str, StringConstraints(pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,12})?$", max_length=_SHORT)
]
"""An exact decimal as text."""
Amount = Annotated[int | float | str, AfterValidator(_decimal)]
"""An amount of money, as a number or as text."""


class PredicateModel(StrictModel):
    """Base of predicates: unknown fields are refused, values are not converted."""

    @property
    def starts(self) -> datetime | None:
        """Start of validity; ``None`` if it is valid from the beginning."""
        return getattr(self, "issued", None)

    @property
    def ends(self) -> datetime | None:
        """End of validity, exclusive; ``None`` if it does not expire."""
        return getattr(self, "expires", None)

    @property
    def named(self) -> frozenset[str]:
        """Digests that must be among the statement's subjects."""
        return frozenset()

    def counts(self, now: datetime) -> bool:
        """Return whether a time is within its validity."""
        begun = self.starts is None or self.starts <= now
        return begun and (self.ends is None or now < self.ends)


class Dated(PredicateModel):
    """A predicate with a time of issue."""

    issued: Moment = Field(description="Time of issue; it does not count before.")


class Expiring(Dated):
    """A predicate that is valid from its issue until it expires."""

    expires: Moment = Field(description="End of validity, exclusive.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.expires <= self.issued:
            raise ValueError("it expires before it is issued")
        return self
