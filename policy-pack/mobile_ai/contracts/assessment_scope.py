"""Uses that an assessment covers: its own, and those of scope records beside the version.

A second application of an approved model needs no new manifest: the ethics reviewer answers the
questions for the new use and signs a record ``urn:mobile-ai:assessment-scope:v1`` about the
canonical digest of the manifest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import product
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.statements import ASSESSMENT_SCOPE, Statement
from mobile_ai.contracts.trust import parse_time
from mobile_ai.contracts.vocabulary import DATA_TYPE_PATTERN, LONGEST_DATA_TYPE, PrivacyTier

__all__ = ["ASSESSMENT_SCOPE", "AssessmentScope", "Scope", "Uses", "covers", "uncovered", "uses_of"]

# The pack's vocabulary says which there are: its config adds to the shipped one.
DataTypeName = Annotated[str, Field(pattern=DATA_TYPE_PATTERN, max_length=LONGEST_DATA_TYPE)]
"""Name of a data type."""
Uses = Mapping[str, frozenset[str]]
"""Values by field of a scope, such as ``apps``; of a deployment, what it uses."""


class _Part(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True
    )


class Scope(_Part):
    """Scope of an approval; uses that are not listed are not approved."""

    apps: tuple[str, ...] = Field(min_length=1)
    data_types: tuple[DataTypeName, ...] = Field(min_length=1)
    regions: tuple[str, ...] = Field(min_length=1)
    privacy_tiers: tuple[PrivacyTier, ...] = Field(min_length=1)

    @property
    def uses(self) -> Uses:
        """The values by field."""
        values = self.model_dump(by_alias=True)
        return {key: frozenset(items) for key, items in values.items()}


class AssessmentScope(_Part):
    """Predicate of a scope record: a further use of a model version, as assessed."""

    model: str
    version: str
    risk_class: Literal["minimal", "limited", "high"] = Field(
        description="Of this use; must be that of the manifest."
    )
    human_oversight: str = Field(description="Mail address of the person who can stop it.")
    scope: Scope
    questionnaire: dict[str, str] = Field(description="Answers about this use.")
    issued: str
    expires: str

    @classmethod
    def of(cls, statement: Statement, *, name: str) -> AssessmentScope:
        """Read the predicate of a verified statement.

        Raises:
            DocumentError: If a field is missing, unknown or wrong.
        """
        try:
            found = cls.model_validate_json(json.dumps(dict(statement.predicate)))
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            raise DocumentError(
                f"{name}: {'.'.join(map(str, problem['loc'])) or 'scope'}",
                got=f"{problem['input']!r:.80}",
                expected=problem["msg"],
                next_step="sign it again with `mobile-ai model scope`",
            ) from error
        _ = found.expiry, parse_time(found.issued, name=f"{name} issued")
        return found

    @property
    def expiry(self) -> datetime:
        """End of validity."""
        return parse_time(self.expires, name="scope expires")


def covers(use: Uses, scopes: Iterable[Uses]) -> bool:
    """Return whether each combination of values that a deployment uses is in one scope.

    Scopes are not merged: two that name an application each allow neither the other's data.
    """
    known = list(scopes)
    used = [[(key, value) for value in values] for key, values in use.items() if values]
    return all(
        any(all(value in scope.get(key, ()) for key, value in each) for scope in known)
        for each in product(*used)
    )


def uncovered(use: Uses, scopes: Iterable[Uses]) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Yield field, value and allowed values of what no scope of the application lists."""
    known = list(scopes)
    apps = use.get("apps", frozenset())
    near = [scope for scope in known if apps <= scope.get("apps", frozenset())] or known
    for key, values in use.items():
        allowed = frozenset[str]().union(*(scope.get(key, frozenset()) for scope in near))
        for value in sorted(values - allowed):
            yield key, value, allowed


def uses_of(scope: Any) -> Uses:
    """Return the values of a signed scope of an assessment; what is malformed allows nothing."""
    fields = scope.items() if isinstance(scope, Mapping) else ()
    return {
        key: frozenset(item for item in values if isinstance(item, str))
        for key, values in fields
        if isinstance(values, list)
    }
