"""Result of checking one resource's inputs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from mobile_ai.sandbox.providers.errors import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class InputVerdict:
    """Failures of a resource's inputs, and their coverage by schemas and models.

    Attributes:
        failures: Values that AWS would refuse.
        checked: Inputs (plain values set by the program) covered by a schema or model.
        unknown: Inputs that are known only after the operation.
        uncovered: Properties, without indexes, that no schema and no model describes.
    """

    failures: tuple[Failure, ...] = ()
    checked: int = 0
    unknown: int = 0
    uncovered: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> InputVerdict:
        """Return a verdict from the output of ``to_dict``.

        Raises:
            KeyError: A field is missing.
            TypeError: A field has another type.
        """
        return cls(
            failures=tuple(Failure(**item) for item in document["failures"]),
            checked=int(document["checked"]),
            unknown=int(document["unknown"]),
            uncovered=tuple(document["uncovered"]),
        )
