"""Where created objects live: the one interface behind which a real API can be put."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Protocol

from sandbox.providers.dialect import Dialect, planned
from sandbox.providers.errors import ProviderError
from sandbox.providers.invent import MARK, Inventor
from sandbox.providers.paths import has_path, set_path
from sandbox.providers.spec import TypeFacts
from sandbox.providers.values import Properties, Value

__all__ = ["Cloud", "Made", "StateOnly", "Wanted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An object the program wants.

    Attributes:
        urn: Its URN.
        facts: Its type.
        inputs: Checked inputs.
    """

    urn: str
    facts: TypeFacts
    inputs: Properties


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An object that was made.

    Attributes:
        id: Its physical id.
        outputs: All its properties.
    """

    id: str
    outputs: Properties


class Cloud(Protocol):
    """Makes, reads, changes and removes objects."""

    def create(self, wanted: Wanted) -> Made:
        """Make the object."""

    def read(self, wanted: Wanted, *, object_id: str, known: Properties) -> Properties | None:
        """Outputs of an object, None when it is gone; ``known`` is what the state holds.

        Raises:
            ProviderError: The cloud cannot tell.
        """

    def update(self, wanted: Wanted, *, object_id: str, old: Properties) -> Properties:
        """Change the object and return its outputs."""

    def delete(self, wanted: Wanted, *, object_id: str) -> None:
        """Remove the object."""


class StateOnly:
    """Keeps objects in the engine's state alone and makes their ids and outputs up.

    Everything made up is listed in the output ``__standIn``, so a reader of the state can tell.
    """

    def __init__(self, dialect: Dialect) -> None:
        """Take the dialect whose patterns are used."""
        self._dialect = dialect

    def create(self, wanted: Wanted) -> Made:
        """Make an id and every computed output from the URN and the inputs."""
        invented = self._dialect.invented(wanted.facts, wanted.inputs)
        inventor = Inventor(_identity(wanted), invented=invented, values=wanted.inputs)
        outputs = self._fill(wanted, planned(wanted.inputs, ()), inventor)
        return Made(id=inventor.value("id"), outputs=outputs)

    def read(self, wanted: Wanted, *, object_id: str, known: Properties) -> Properties | None:
        """What the state already holds; there is nothing else to ask."""
        if known:
            return known
        raise ProviderError(
            f"the stand-in cannot read `{object_id}` of {wanted.facts.token}: got an id this "
            "stack's state does not hold, expected an object created by this stack; a stand-in "
            "has no cloud to look it up in, so `.get()` and `import` need the official provider",
            code="FAILED_PRECONDITION",
        )

    def update(self, wanted: Wanted, *, object_id: str, old: Properties) -> Properties:
        """Keep old computed outputs, make up again what every update changes."""
        dialect, facts = self._dialect, wanted.facts
        inventor = Inventor(
            _identity(wanted), invented=dialect.invented(facts, wanted.inputs), values=wanted.inputs
        )
        inventor.learn("id", object_id)
        settled = [path for path in dialect.computed(facts) if path not in dialect.volatile(facts)]
        return self._fill(wanted, planned(wanted.inputs, settled, old=old), inventor)

    def delete(self, wanted: Wanted, *, object_id: str) -> None:
        """Nothing to remove: the engine drops the object from the state."""

    def _fill(self, wanted: Wanted, outputs: Properties, inventor: Inventor) -> Properties:
        made: list[Value] = []
        for path in self._dialect.computed(wanted.facts):
            if has_path(outputs, path):
                continue
            value = inventor.output(path, _placeholder_kind(wanted.facts, path))
            if value is not None:
                outputs = set_path(outputs, path, value)
                made.append(path)
        return {**outputs, MARK: made}


def _placeholder_kind(facts: TypeFacts, path: str) -> str:
    """Kind of a pure output; none for what the program could have set, such as an ACL.

    A made-up setting in the state could pass for a real one when policies read the state.
    """
    return "" if path in facts.inputs else str(facts.outputs.get(path, ("",))[0])


def _identity(wanted: Wanted) -> str:
    """Differs between an object and its replacement, but not between two runs."""
    return f"{wanted.urn}\n{json.dumps(wanted.inputs, sort_keys=True, default=repr)}"
