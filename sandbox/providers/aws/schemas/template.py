"""A Pulumi resource as CloudFormation resources."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

__all__ = ["Path", "Template"]

Path: TypeAlias = tuple[str | int, ...]


@dataclass(kw_only=True)
class Template:
    """One Pulumi resource as CloudFormation resources.

    Attributes:
        resources: Logical id to ``{"Type": ..., "Properties": ...}``.
        places: Path in ``resources`` to the property that stands there.
        unknown: Paths whose value is known only after the operation.
        covered: Properties (leaves) that have a place.
        partial: Logical ids that hold a part of their object, so that nothing is required of them.
        filled: Required members that the official provider fills in.
        parameters: Names of the parameters that stand for unknown values, one for each.
    """

    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[Path, str] = field(default_factory=dict)
    unknown: set[Path] = field(default_factory=set)
    covered: set[str] = field(default_factory=set)
    partial: set[str] = field(default_factory=set)
    filled: Iterable[str] = ()
    parameters: list[str] = field(default_factory=list)

    def unknown_value(self, path: Path) -> dict[str, str]:
        """Note an unknown value at a path and return what stands for it."""
        name = f"Unknown{len(self.parameters)}"
        self.unknown.add(path)
        self.parameters.append(name)
        return {"Ref": name}

    def property_at(self, path: Path) -> str:
        """The property nearest to a path of the template; empty for the whole resource."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.places:
                return self.places[path[:end]]
        return ""

    def is_unknown(self, path: Path) -> bool:
        """Whether the path is at or below a value that is not known yet."""
        return any(path[:end] in self.unknown for end in range(len(path) + 1))
