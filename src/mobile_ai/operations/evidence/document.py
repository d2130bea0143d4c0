"""Technical documentation as a document: sections, points, facts and what is missing."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from mobile_ai.contracts.models import StrictModel

DOCUMENT_VERSION: Final = "mobile-ai/v1"
"""``apiVersion`` of documents and of indexes of bundles."""


class Fact(StrictModel):
    """A fact, as a file of the bundle states it."""

    name: str
    value: str
    source: str = Field(description="File of the bundle, and the place in it.")


class Gap(StrictModel):
    """Something that no file states."""

    what: str
    who: str = Field(description="Person or role that could supply it.")


class Point(StrictModel):
    """A point of Annex IV."""

    id: str = Field(description="Such as 2(g).")
    title: str
    status: Literal["stated", "partly stated", "missing", "not applicable"]
    facts: tuple[Fact, ...]
    gaps: tuple[Gap, ...]
    note: str = Field(default="", description="Limits of what is stated.")


class AnnexSection(StrictModel):
    """A section of Annex IV, 1 to 9."""

    number: Annotated[int, Field(ge=1, le=9)]
    title: str
    points: Annotated[tuple[Point, ...], Field(min_length=1)]


class Signature(StrictModel):
    """A statement of the version, and who signed it."""

    kind: str
    role: str
    signers: tuple[str, ...] = Field(description="Owners of the keys, with the ids of the keys.")
    issued: str = Field(description="Empty: the statement does not say.")
    expires: str
    file: str


class TechnicalDocument(StrictModel):
    """Technical documentation of a deployed version, after Annex IV of the EU AI Act."""

    api_version: Literal["mobile-ai/v1"] = DOCUMENT_VERSION
    kind: Literal["TechnicalDocumentation"] = "TechnicalDocumentation"
    regulation: str
    stack: str
    environment: str
    deployment: str
    model: str
    version: str
    manifest: str = Field(description="SHA-256 of the manifest, as the stack file pins it.")
    risk_class: str
    obligation: str = Field(description="Duty of this risk class under the regulation.")
    signatures: tuple[Signature, ...]
    sections: Annotated[tuple[AnnexSection, ...], Field(min_length=9, max_length=9)]

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of points by status."""
        found = [point.status for section in self.sections for point in section.points]
        return {status: found.count(status) for status in dict.fromkeys(sorted(found))}

    @property
    def gaps(self) -> tuple[tuple[str, Gap], ...]:
        """Everything that is missing, with the id of its point."""
        return tuple(
            (point.id, gap)
            for section in self.sections
            for point in section.points
            for gap in point.gaps
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values in the order of the schema."""
        value: dict[str, Any] = self.model_dump(mode="json", by_alias=True)
        return value


def document_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of technical documentation."""
    schema = TechnicalDocument.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
