"""The place of a property in a CloudFormation template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

__all__ = ["Named", "Place", "Resource"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place that a member's name alone does not say.

    Attributes:
        path: Members from the enclosing object, dotted; ``.`` keeps the enclosing object itself. A
            path from ``/`` starts at the resource's properties, one from ``AWS::`` at those of
            another resource of that type.
        values: Value to its spelling in a template; None leaves it out.
        beside: Constant members of each object that a list of plain values becomes.
        key: Member that names an object, where a list of objects is a map in a template.
        value: Member that holds the value of that map; empty for the rest of the object.
    """

    path: str
    values: Mapping[str, str | None] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    value: str = ""


# A path, or None for a property that templates do not have.
Named: TypeAlias = "str | Place | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A resource type in CloudFormation.

    Attributes:
        type: CloudFormation's name of the type; empty where the names of both agree.
        within: Members, dotted, that hold all properties of the type.
        names: Property path (without indexes) to its place, where the name alone does not say it.
        always: Place to a value that the official provider sends by itself.
        filled: Members that a template must have, and the official provider fills in.
    """

    type: str = ""
    within: str = ""
    names: Mapping[str, Named] = field(default_factory=dict)
    always: Mapping[str, Any] = field(default_factory=dict)
    filled: tuple[str, ...] = ()
