"""A cloud that does not exist: objects in the engine's state alone, ids and outputs made up."""

from __future__ import annotations

import json

from sandbox.providers.cloud import Found, Made, Wanted
from sandbox.providers.dialect import Dialect, planned
from sandbox.providers.errors import ProviderError
from sandbox.providers.invent import MARK, Inventor
from sandbox.providers.paths import has_path, set_path
from sandbox.providers.spec import TypeFacts
from sandbox.providers.values import Properties, Special, Value

__all__ = ["StateOnly", "fill", "identity"]


class StateOnly:
    """Keeps objects in the engine's state alone and makes their ids and outputs up.

    Everything made up is listed in the output ``__standIn``, so a reader of the state can tell.
    """

    def __init__(self, dialect: Dialect) -> None:
        """Take the dialect whose patterns are used."""
        self._dialect = dialect

    def plan(self, wanted: Wanted, *, object_id: str, old: Properties) -> Properties | None:  # noqa: ARG002
        """Nothing more than the type's facts say."""
        return None

    def create(self, wanted: Wanted) -> Made:
        """Make an id and every computed output from the URN and the inputs."""
        invented = self._dialect.invented(wanted.facts, wanted.inputs)
        inventor = Inventor(identity(wanted), invented=invented, values=wanted.inputs)
        outputs = fill(self._dialect, wanted, planned(wanted.inputs, ()), inventor)
        return Made(id=inventor.value("id"), outputs=outputs)

    def read(self, wanted: Wanted, *, object_id: str, known: Properties) -> Found | None:
        """What the state already holds; there is nothing else to ask."""
        if known:
            return Found(inputs=wanted.inputs, outputs=known)
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
            identity(wanted), invented=dialect.invented(facts, wanted.inputs), values=wanted.inputs
        )
        inventor.learn("id", object_id)
        settled = [path for path in dialect.computed(facts) if path not in dialect.volatile(facts)]
        return fill(dialect, wanted, planned(wanted.inputs, settled, old=old), inventor)

    def delete(self, wanted: Wanted, *, object_id: str, known: Properties) -> None:
        """Nothing to remove: the engine drops the object from the state."""


def fill(dialect: Dialect, wanted: Wanted, outputs: Properties, inventor: Inventor) -> Properties:
    """Outputs with every computed one that is missing made up, and a list of those."""
    made: list[Value] = []
    for path in dialect.computed(wanted.facts):
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


def identity(wanted: Wanted) -> str:
    """Differs between an object and its replacement, but not between two runs."""
    return f"{wanted.urn}\n{json.dumps(wanted.inputs, sort_keys=True, default=_text)}"


def _text(value: object) -> str:
    """An asset is its content: its fields come in any order, and its path is this machine's."""
    if isinstance(value, Special):
        return f"{value.kind} {value.fields.get('hash') or sorted(value.fields.items())}"
    return repr(value)
