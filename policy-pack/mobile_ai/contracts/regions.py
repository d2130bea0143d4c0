"""AWS regions by jurisdiction: a table of every public region, which a pack's config can extend.

``data/regions.json`` lists the regions of the partitions ``aws``, ``aws-cn``, ``aws-us-gov`` and
``aws-eusc`` as botocore's ``endpoints.json`` does, each with the country that AWS names for it
(https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html). A jurisdiction
is a country (ISO 3166-1 alpha-2) or a group of countries of the same file. The table says where a
region is; it does not say what the law of that place allows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.schema_errors import schema_problem

PARTITION: Final = "aws"
"""Partition that the components declare resources for; regions of others may be sites only."""
REGION_PATTERN: Final = r"^[a-z]{2,5}(-[a-z]+)+-\d{1,2}$"
"""Form of a region's name."""
_FILE: Final = Path(__file__).parent / "data" / "regions.json"
_ROW: Final = 'a row such as {"country": "DE"}'
_PRICE_CLASSES: Final = ("PriceClass_100", "PriceClass_200", "PriceClass_All")

_refused = DocumentError.advising("name a region or a jurisdiction (docs/policies.md, Regions)")


class AwsRegion(BaseModel):
    """A region as the table has it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = Field(
        description="Country that AWS names for it, ISO 3166-1 alpha-2."
    )
    name: str = Field(default="", description="Name that AWS gives it.")
    partition: Literal["aws", "aws-cn", "aws-us-gov", "aws-eusc"] = Field(
        default="aws", description="Partition of AWS."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionTable:
    """Regions with their jurisdictions.

    Attributes:
        regions: Every known region by its name.
        groups: Countries by group, such as ``EU``.
        price_classes: Countries that CloudFront serves locally from a class of locations on.
    """

    regions: Mapping[str, AwsRegion]
    groups: Mapping[str, frozenset[str]]
    price_classes: Mapping[str, frozenset[str]]

    def jurisdictions_of(self, region: str) -> frozenset[str]:
        """Return the jurisdictions that a region is in; none for an unknown one."""
        row = self.regions.get(region)
        if row is None:
            return frozenset()
        groups = (name for name, members in self.groups.items() if row.country in members)
        return frozenset({row.country, *groups})

    @property
    def jurisdictions(self) -> tuple[str, ...]:
        """Every jurisdiction that has a region, sorted."""
        return tuple(
            sorted({item for region in self.regions for item in self.jurisdictions_of(region)})
        )

    def within(self, places: Iterable[str], *, name: str) -> frozenset[str]:
        """Return the regions that places name: regions, or jurisdictions for all of theirs.

        Args:
            places: Regions and jurisdictions.
            name: Of the list, for messages.

        Raises:
            DocumentError: If a place is neither.
        """
        wanted: list[Any] = list(places)
        known = {*self.regions, *self.jurisdictions}
        for place in wanted:
            if not isinstance(place, str) or place not in known:
                raise _refused(
                    name, repr(place), f"a known region, or one of {list(self.jurisdictions)}"
                )
        return frozenset(
            region
            for region in self.regions
            if region in wanted or self.jurisdictions_of(region) & set(wanted)
        )

    def price_classes_of(self, regions: Iterable[str]) -> tuple[str, ...]:
        """Return the classes of CloudFront locations up to the one that covers some regions."""
        countries = {self.regions[region].country for region in regions}
        last = max(
            (
                index
                for index, item in enumerate(_PRICE_CLASSES)
                if self.price_classes.get(item, frozenset()) & countries
            ),
            default=0,
        )
        return _PRICE_CLASSES[: last + 1]

    def extended(self, rows: Any, *, name: str) -> RegionTable:
        """Return the table with further regions.

        Args:
            rows: Regions by name, as JSON values.
            name: Of the rows, for messages.

        Raises:
            DocumentError: If a row is malformed, or moves a shipped region to another country.
        """
        if not isinstance(rows, Mapping):
            raise _refused(name, repr(rows), "a mapping of regions")
        added = {key: _row(key, value, f"{name}.{key}") for key, value in rows.items()}
        for key, row in added.items():
            shipped = self.regions.get(key)
            if shipped is not None and shipped.country != row.country:
                raise _refused(
                    f"{name}.{key}", f"country {row.country!r}", f"{shipped.country!r}, as shipped"
                )
        return RegionTable(
            regions=MappingProxyType({**added, **self.regions}),
            groups=self.groups,
            price_classes=self.price_classes,
        )


@cache
def shipped_regions() -> RegionTable:
    """Return the table that this package ships."""
    value = json.loads(_FILE.read_text(encoding="utf-8"))
    return RegionTable(
        regions=MappingProxyType(
            {name: AwsRegion.model_validate(row) for name, row in value["regions"].items()}
        ),
        groups=MappingProxyType({name: frozenset(of) for name, of in value["groups"].items()}),
        price_classes=MappingProxyType(
            {name: frozenset(of) for name, of in value["priceClasses"].items()}
        ),
    )


def _row(key: str, value: Any, name: str) -> AwsRegion:
    if not re.fullmatch(REGION_PATTERN, key):
        raise _refused(name, repr(key), "the name of a region, such as eu-central-1")
    try:
        return AwsRegion.model_validate(value)
    except ValidationError as error:
        first = schema_problem(error)
        raise _refused(first.below(name), first.got, f"{first.expected}, in {_ROW}") from error
