"""Location of a property in a CloudFormation template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatePlace:
    """A location that cannot be derived from the property's name.

    Attributes:
        path: Members from the enclosing object, dotted; ``.`` keeps the enclosing object itself. A
            path from ``/`` starts at the resource's properties, one from ``AWS::`` at those of
            another resource of that type.
        values: Value to its spelling in a template; None omits it.
        beside: Constant members of each object that a list of plain values becomes.
        key: Member that names an object, for a list of objects that is a map in a template.
        value: Member that holds the value of that map; empty for the rest of the object.
    """

    path: str
    values: Mapping[str, str | None] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    value: str = ""


# A path, a place, or None for a property that does not exist in templates.
NamedPlace: TypeAlias = "str | TemplatePlace | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateResource:
    """A resource type in CloudFormation.

    Attributes:
        type: CloudFormation's name of the type; empty if both names agree.
        within: Members, dotted, that hold all properties of the type.
        names: Property path (without indexes) to its location, if not derivable from the name.
        always: Location to a value that the official provider always sends.
        filled: Members that a template requires and the official provider fills in.
    """

    type: str = ""
    within: str = ""
    names: Mapping[str, NamedPlace] = field(default_factory=dict)
    always: Mapping[str, Any] = field(default_factory=dict)
    filled: tuple[str, ...] = ()
