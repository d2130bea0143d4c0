"""Inputs and results of a check of the deployed state.

A check is data around a function, as a rule is. One that needs more than the state (a registry,
a delivery network, a cluster) is created with a client of it, and its function calls that client;
an exception in such a function makes the audit undecided, never passed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from mobile_ai.contracts.reading import Finding
from mobile_ai.contracts.resource import Resource
from mobile_ai.gate.report.report import Author
from mobile_ai.gate.state.baseline import DeployedPin
from mobile_ai.governance.facts import Facts

__all__ = ["Ask", "Author", "Check", "DeployedStack", "Found", "moment"]

Ask = Callable[[], Author]
"""Looks up the author of a change. If it raises, the finding states why the author is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedStack:
    """Deployed state, with the declarations in Git.

    Attributes:
        stack: The stack's name.
        resources: Every resource of the state, with its inputs, in the state's order.
        outputs: Outputs that the providers returned, by URN.
        pins: Model of every deployment in the state, by the deployment's name.
        declared: Model of every deployment in Git's stack file, by the deployment's name.
        facts: Facts for the judge: trust, verified models, signed records.
        pinned_by: Finds the author who pinned or removed a deployment in Git.
        now: Time of the audit.
    """

    stack: str
    resources: tuple[Resource, ...]
    outputs: Mapping[str, Mapping[str, Any]]
    pins: Mapping[str, DeployedPin]
    declared: Mapping[str, DeployedPin]
    facts: Facts
    pinned_by: Callable[[str], Author]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One finding of a check.

    Attributes:
        finding: Subject, got, expected, next step.
        urn: The resource; empty for the stack as a whole.
        denies: True if it fails the audit; otherwise it is advice.
        author: Looks up who made the change; ``None`` if the finding is not about a change.
    """

    finding: Finding
    urn: str = ""
    denies: bool = True
    author: Ask | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check, in addition to the rules.

    Attributes:
        id: Kebab-case, stable; distinct from every rule's.
        title: One sentence that is true when there are no findings.
        severity: Severity of its findings.
        frameworks: Controls that it serves.
        look: The check function; may raise, which is reported.
    """

    id: str
    title: str
    severity: Literal["low", "medium", "high", "critical"]
    frameworks: tuple[str, ...]
    look: Callable[[DeployedStack], Iterable[Found]]


def moment(time: datetime) -> str:
    """Format a time for an `Author`: RFC 3339 in UTC, whole seconds."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
