"""CloudFormation template of one Pulumi resource."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Path: TypeAlias = tuple[str | int, ...]


@dataclass(kw_only=True)
class Template:
    """One Pulumi resource as CloudFormation resources.

    Attributes:
        resources: Logical ID to ``{"Type": ..., "Properties": ...}``.
        places: Path in ``resources`` to the property at that path.
        unknown: Paths whose value is known only after the operation.
        covered: Properties (leaves) that have a location.
        partial: Logical IDs that hold a part of their object, so that no member is required.
        filled: Required members that the official provider fills in.
        parameters: Names of the parameters that represent unknown values, one for each.
    """

    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[Path, str] = field(default_factory=dict)
    unknown: set[Path] = field(default_factory=set)
    covered: set[str] = field(default_factory=set)
    partial: set[str] = field(default_factory=set)
    filled: Iterable[str] = ()
    parameters: list[str] = field(default_factory=list)

    def unknown_value(self, path: Path) -> dict[str, str]:
        """Record an unknown value at a path and return its placeholder."""
        name = f"Unknown{len(self.parameters)}"
        self.unknown.add(path)
        self.parameters.append(name)
        return {"Ref": name}

    def property_at(self, path: Path) -> str:
        """Return the property nearest to a path of the template; empty for the whole resource."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.places:
                return self.places[path[:end]]
        return ""

    def is_unknown(self, path: Path) -> bool:
        """Return whether the path is at or below an unknown value."""
        return any(path[:end] in self.unknown for end in range(len(path) + 1))
