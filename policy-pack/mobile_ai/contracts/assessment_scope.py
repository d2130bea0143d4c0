"""Uses that an assessment covers: its own, and those of scope records beside the version.

A second application of an approved model needs no new manifest: the ethics reviewer answers the
questions for the new use and signs a record ``urn:mobile-ai:assessment-scope:v1`` about the
canonical digest of the manifest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mobile_ai.contracts.manifest import ModelManifest
    from mobile_ai.contracts.predicates import AssessmentScopePredicate
    from mobile_ai.contracts.statements import Statement

Uses = Mapping[str, frozenset[str]]
"""Values by field of a scope, such as ``apps``; of a deployment, what it uses."""


def is_about(
    statement: Statement,
    content: AssessmentScopePredicate,
    manifest: ModelManifest,
    *,
    digest: str,
) -> bool:
    """Return whether a scope is about a version, under the version's own risk class.

    Args:
        statement: The scope's statement.
        content: Its predicate.
        manifest: The version's manifest.
        digest: Canonical digest of the manifest.
    """
    metadata = manifest.metadata
    wanted = (metadata.name, metadata.version, metadata.risk_class)
    named = (content.model, content.version, content.risk_class)
    return digest in statement.digests and named == wanted


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
