"""Provider section of a report: official or stand-in, and coverage of its input checks."""

from typing import Literal

from pydantic import Field

from mobile_ai.gate.report.report_base import Count, Part

__all__ = ["ProviderReport"]


class ProviderReport(Part):
    """One provider of the plan."""

    name: str = Field(description="Name in type tokens: aws, kubernetes.")
    kind: Literal["official", "stand-in"]
    checked_against: str = Field(
        default="", description="Schemas, models or types that a stand-in checks inputs against."
    )
    inputs: Count = Field(default=0, description="Values set by the program, if counted.")
    checked: Count = Field(default=0, description="Inputs covered by a schema or model.")
    unknown: Count = Field(default=0, description="Values known only after deployment.")
    uncovered: tuple[str, ...] = Field(
        default=(), description="Properties, by type, that no schema and no model describes."
    )
