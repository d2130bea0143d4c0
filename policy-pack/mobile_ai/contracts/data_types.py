"""Vocabulary of data types: modalities, minimum privacy tier, and places of processing.

``data/vocabulary.json`` is what this package ships; a pack's config adds types of its own. Faces,
voices and what is derived from bodies identify a person and are biometric data when processed for
that purpose (GDPR Art. 4(14), Art. 9(1)), health data are of Art. 9(1) too, and content of
messages, locations and records of customers are personal data (Art. 4(1)).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.schema_errors import schema_problem
from mobile_ai.contracts.vocabulary import (
    DATA_TYPE_PATTERN,
    LONGEST_DATA_TYPE,
    Modality,
    PrivacyTier,
    Target,
    tier_rank,
)

_FILE: Final = Path(__file__).parent / "data" / "vocabulary.json"

_refused = DocumentError.advising("write it as docs/policies.md, `Data types`, shows")


class DataType(BaseModel):
    """Kind of data that an application passes to a model."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        defer_build=True,
    )

    modalities: tuple[Modality, ...] = Field(
        min_length=1, description="Inputs of a model that such data can be."
    )
    minimum_tier: PrivacyTier = Field(description="Lowest privacy tier that it is declared under.")
    places: tuple[Target, ...] = Field(min_length=1, description="Places where it is processed.")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The data types that a stack may declare, by name."""

    types: Mapping[str, DataType]

    @property
    def names(self) -> list[str]:
        """Every name, sorted."""
        return sorted(self.types)

    def minimum_tier(self, names: Iterable[str]) -> PrivacyTier:
        """Return the lowest privacy tier that data of these types may be declared under.

        Raises:
            KeyError: If a data type is unknown.
            ValueError: If no data type is given.
        """
        return max((self.types[name].minimum_tier for name in names), key=tier_rank)

    def modalities_of(self, names: Iterable[str]) -> frozenset[str]:
        """Return the modalities that data of these types cover; an unknown one covers none."""
        known = (self.types[name] for name in names if name in self.types)
        return frozenset(modality for item in known for modality in item.modalities)

    def kept_from(self, target: str, names: Iterable[str]) -> list[str]:
        """Return the known types that may not be processed at a kind of place, sorted."""
        known = (name for name in names if name in self.types)
        return sorted({name for name in known if target not in self.types[name].places})

    def extended(self, entries: Any, *, name: str) -> tuple[Vocabulary, list[str]]:
        """Return the vocabulary with further and changed types, and what a change loosens.

        Args:
            entries: Types by name, as JSON values; of a type that exists, only the fields to
                change.
            name: Of the entries, for messages.

        Raises:
            DocumentError: If an entry is malformed.
        """
        if not isinstance(entries, Mapping):
            raise _refused(name, repr(entries), "a mapping of data types")
        types, loosened = dict(self.types), list[str]()
        for key, entry in entries.items():
            where = f"{name}.{key}"
            before = self.types.get(key)
            types[key] = after = _type(key, entry, before, where)
            if before is not None:
                loosened += [f"{where}.{item}" for item in _loosened(before, after)]
        return Vocabulary(MappingProxyType(types)), loosened


@cache
def shipped_vocabulary() -> Vocabulary:
    """Return the vocabulary that this package ships."""
    value = json.loads(_FILE.read_text(encoding="utf-8"))
    return Vocabulary(
        MappingProxyType({name: DataType.model_validate(item) for name, item in value.items()})
    )


def _type(key: str, entry: Any, before: DataType | None, name: str) -> DataType:
    if not re.fullmatch(DATA_TYPE_PATTERN, key) or len(key) > LONGEST_DATA_TYPE:
        raise _refused(
            name, repr(key), f"lower-case words joined by '-', at most {LONGEST_DATA_TYPE}"
        )
    if not isinstance(entry, Mapping):
        raise _refused(name, repr(entry), "a mapping")
    kept = before.model_dump(by_alias=True) if before else {}
    try:
        return DataType.model_validate({**kept, **entry})
    except ValidationError as error:
        first = schema_problem(error)
        expected = f"{first.expected}, in `modalities`, `minimumTier` and `places`"
        raise _refused(first.below(name), first.got, expected) from error


def _loosened(before: DataType, after: DataType) -> list[str]:
    found = []
    if tier_rank(after.minimum_tier) < tier_rank(before.minimum_tier):
        found.append(f"minimumTier is {after.minimum_tier!r} (default {before.minimum_tier!r})")
    for field in ("places", "modalities"):
        now, was = getattr(after, field), getattr(before, field)
        if set(now) - set(was):
            found.append(f"{field} is {list(now)!r} (default {list(was)!r})")
    return found
