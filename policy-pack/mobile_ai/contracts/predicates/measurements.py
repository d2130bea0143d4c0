"""Predicates of measurements: usage, exchange rates, reports of devices, findings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from mobile_ai.contracts.predicates.fields import (
    Dated,
    Expiring,
    Identifier,
    LongText,
    Moment,
    Number,
    PredicateModel,
    Sha256,
    ShortText,
    StackName,
    Sum,
)

__all__ = [
    "USAGE_LIFE",
    "DeviceReportPredicate",
    "FindingPredicate",
    "RatesPredicate",
    "UsagePredicate",
]

USAGE_LIFE: Final = timedelta(days=400)
"""Longest life of a usage record: a year of seasons, and a month to measure again."""
_DECEMBER: Final = 12


class UsagePredicate(Dated):
    """An application's usage: measured, or assumed by who answers for the cost."""

    stack: StackName = Field(description="The stack.")
    app: Identifier = Field(description="The application.")
    basis: Literal["measurement", "assumption"] = Field(description="Origin of the figures.")
    period: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")] | None = Field(
        default=None, description="Measured month, such as 2026-11."
    )
    monthly_active_devices: Number = Field(description="Devices that ask for updates in a month.")
    updates_per_month: Number = Field(description="Model updates in a month.")
    requests_per_second: Number = Field(description="Requests to endpoints, mean.")
    reason: LongText | None = Field(default=None, description="Justification of an assumption.")
    expires: Moment | None = Field(
        default=None, description="End of validity; required of new records."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.expires is not None and self.expires <= self.issued:
            raise ValueError("it expires before it is issued")
        if self.basis == "assumption" and self.reason is None:
            raise ValueError("an assumption needs a reason")
        return self

    @property
    def ends(self) -> datetime:
        """End of validity.

        Records made before they had ``expires`` end ``USAGE_LIFE`` after the measured month, or
        after their issue where they name no month.
        """
        if self.expires is not None:
            return self.expires
        return (_month_end(self.period) if self.period else self.issued) + USAGE_LIFE


class RatesPredicate(Expiring):
    """Exchange rates of one period, as a bill's currencies are converted with."""

    base: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = Field(
        description="Currency of the results, ISO 4217."
    )
    rates: Annotated[
        dict[Annotated[str, Field(pattern=r"^[A-Z]{3}$")], Sum], Field(min_length=1, max_length=200)
    ] = Field(description="Units of `base` for one unit of each currency, as exact decimals.")
    source: LongText = Field(description="Publisher of the rates, such as an address.")
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] = Field(
        description="Day of the rates."
    )

    @model_validator(mode="after")
    def _positive(self) -> Self:
        if self.base in self.rates:
            raise ValueError(f"rates name {self.base}, which is their base")
        if wrong := [name for name, rate in self.rates.items() if float(rate) <= 0]:
            raise ValueError(f"rates of {', '.join(wrong)} are not above 0")
        return self


class _Figure(PredicateModel):
    metric: Identifier = Field(description="Measured quantity, such as latency-p95.")
    unit: ShortText
    value: Annotated[float, Field(allow_inf_nan=False)]
    n: Annotated[int, Field(ge=1, description="Number of runs.")]


class DeviceReportPredicate(Dated):
    """Figures of an artifact as a device or an emulator measured them."""

    device: ShortText = Field(description="Model of the device.")
    emulator: bool = Field(description="Whether it is emulated.")
    os: ShortText = Field(description="Operating system and version.")
    runtime: ShortText = Field(description="Inference runtime and version.")
    app: Identifier = Field(description="The application.")
    app_version: ShortText
    model: Identifier
    version: ShortText = Field(description="Version of the model.")
    artifact: Sha256 = Field(description="Digest of the measured artifact; a subject, too.")
    self_test: Literal["pass", "fail", "skipped"]
    figures: Annotated[tuple[_Figure, ...], Field(max_length=200, strict=False)]

    @property
    def named(self) -> frozenset[str]:
        """Digest of the measured artifact."""
        return frozenset({self.artifact})


class _Episode(PredicateModel):
    number: Annotated[int, Field(ge=1)]
    opened: Moment
    last: Moment
    closed: Moment | None = None


class FindingPredicate(Dated):
    """A deviation of what runs: an incident, which nothing but its subject identifies."""

    incident: Annotated[str, Field(pattern=r"^[0-9a-f]{16,64}$")] = Field(
        description="Digest of stack, app, model, manifest, ring, check and slice."
    )
    stack: StackName
    app: Identifier
    model: Identifier | None = None
    manifest: Sha256 | None = Field(default=None, description="Digest of what runs.")
    ring: Identifier | None = None
    check: Identifier
    slice: Annotated[str, Field(max_length=200)] = Field(default="", description="Part measured.")
    severity: Literal["low", "medium", "high", "critical"]
    source: Literal["device", "site", "device+site", "bill"]
    status: Literal["open", "closed"]
    episodes: Annotated[tuple[_Episode, ...], Field(min_length=1, max_length=1_000, strict=False)]
    summary: LongText
    evidence: Annotated[dict[ShortText, float], Field(max_length=100)]
    actions: Annotated[
        tuple[ShortText, ...],
        Field(max_length=20, strict=False, description="Steps allowed without approval."),
    ] = ()


def _month_end(month: str) -> datetime:
    year, number = map(int, month.split("-"))
    following = (year + 1, 1) if number == _DECEMBER else (year, number + 1)
    return datetime(*following, 1, tzinfo=UTC)
