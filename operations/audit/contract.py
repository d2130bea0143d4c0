"""What a check of the deployed state is given, and what it returns.

A check is data around a function, as a rule is. One that needs more than the state (a registry,
a delivery network, a cluster) is made with a client of it and gives a `Check` whose function asks
that client; whatever such a function raises makes the audit undecided, never passed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from governance.facts import Facts
from governance.reading import Finding
from governance.resource import Resource

from gate.baseline import ModelPin
from gate.report import Author

__all__ = ["Ask", "Author", "Check", "Deployed", "Found", "moment"]

Ask = Callable[[], Author]
"""Asks a record who changed something. It may raise: then the finding says why nobody is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What is deployed, and what Git says of it.

    Attributes:
        stack: The stack's name.
        resources: Every resource of the state, with its inputs, in the state's order.
        outputs: What the providers answered, by URN.
        pins: The model of every deployment in the state, by the deployment's name.
        declared: The same as the stack file in Git has it.
        facts: What the judge knows of the stack: trust, verified models, signed records.
        pinned_by: Who pinned the model of a deployment in Git, or took the deployment out.
        now: The time of the audit.
    """

    stack: str
    resources: tuple[Resource, ...]
    outputs: Mapping[str, Mapping[str, Any]]
    pins: Mapping[str, ModelPin]
    declared: Mapping[str, ModelPin]
    facts: Facts
    pinned_by: Callable[[str], Author]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing that a check found.

    Attributes:
        finding: What, got, expected, next step.
        urn: The resource; empty for the stack as a whole.
        denies: Whether the audit fails by it; otherwise it is advice.
        author: Asks who changed it; none where the finding is not about a change by hand.
    """

    finding: Finding
    urn: str = ""
    denies: bool = True
    author: Ask | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check beside the rules.

    Attributes:
        id: Kebab-case, stable; no rule has it.
        title: One sentence that is true when nothing is found.
        severity: How bad it is when something is.
        frameworks: The controls it serves.
        look: The check itself; may raise, which is reported.
    """

    id: str
    title: str
    severity: Literal["low", "medium", "high", "critical"]
    frameworks: tuple[str, ...]
    look: Callable[[Deployed], Iterable[Found]]


def moment(time: datetime) -> str:
    """Return a time as an `Author` has it."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
