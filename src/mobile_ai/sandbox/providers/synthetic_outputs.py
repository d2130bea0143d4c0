"""Invents IDs and outputs on ``up``: deterministic, and marked in the state."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from typing import Final

from mobile_ai.sandbox.providers.provider_behavior import Invented
from mobile_ai.sandbox.providers.values import Value, plain

# Key in a resource's outputs that lists the invented outputs.
MARK: Final = "__standIn"
_FIELD: Final = re.compile(r"\{([A-Za-z0-9]+)\}")


class Inventor:
    """Fills patterns such as ``arn:{partition}:s3:::{bucket}``."""

    def __init__(self, identity: str, *, invented: Invented, values: Mapping[str, Value]) -> None:
        """Store the inputs of the invented values.

        Args:
            identity: Text that invented parts derive from; equal texts give equal parts.
            invented: Patterns and provider facts.
            values: The resource's properties.
        """
        self._digest = hashlib.sha256(identity.encode()).hexdigest()
        self._known = dict(invented.known) | _parts(self._digest)
        self._patterns = invented.patterns
        self._values = values

    def learn(self, name: str, value: str) -> None:
        """Make a value available to patterns under a name."""
        self._known[name] = value

    def value(self, name: str) -> str:
        """Return the value of a pattern field: a known fact, a property, or another pattern."""
        if name in self._known:
            return self._known[name]
        given = plain(self._values.get(name))
        if isinstance(given, float) and given.is_integer():
            return str(int(given))
        if isinstance(given, str | int):
            return str(given)
        if name in self._patterns:
            return self._fill(self._patterns[name])
        return f"stand-in-{self._digest[:8]}"

    def output(self, path: str, kind: str) -> Value:
        """Return the value of an output: by its pattern, else a placeholder of its kind."""
        if path in self._patterns:
            return self._fill(self._patterns[path])
        if kind == "string":
            return f"stand-in-{path}-{self._digest[:8]}"
        empty: dict[str, Value] = {"list": [], "object": {}}
        return empty.get(kind)

    def _fill(self, pattern: str) -> str:
        return _FIELD.sub(lambda match: self.value(match[1]), pattern)


def _parts(digest: str) -> dict[str, str]:
    return {
        "hex8": digest[:8],
        "hex17": digest[:17],
        "hex32": digest[:32],
        "upper14": digest[:14].upper(),
        "uuid": str(uuid.UUID(digest[:32])),
    }
