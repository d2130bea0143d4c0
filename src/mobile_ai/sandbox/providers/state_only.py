"""Cloud without an API: objects exist in the engine's state only, with invented outputs."""

from __future__ import annotations

import json

from mobile_ai.sandbox.providers.cloud import Found, Made, WantedObject
from mobile_ai.sandbox.providers.errors import ProviderError
from mobile_ai.sandbox.providers.paths import has_path, set_path
from mobile_ai.sandbox.providers.provider_behavior import Dialect, planned
from mobile_ai.sandbox.providers.spec import TypeFacts
from mobile_ai.sandbox.providers.synthetic_outputs import MARK, Inventor
from mobile_ai.sandbox.providers.values import Properties, Special, Value


class StateOnly:
    """Keeps objects in the engine's state only and invents their IDs and outputs.

    All invented outputs are listed in the output ``__standIn``.
    """

    def __init__(self, dialect: Dialect) -> None:
        """Store the dialect whose patterns are used."""
        self._dialect = dialect

    def plan(self, wanted: WantedObject, *, object_id: str, old: Properties) -> Properties | None:  # noqa: ARG002
        """Return None, as the type's facts already predict the outputs."""
        return None

    def create(self, wanted: WantedObject) -> Made:
        """Invent an ID and every computed output from the URN and the inputs."""
        invented = self._dialect.invented(wanted.facts, wanted.inputs)
        inventor = Inventor(identity(wanted), invented=invented, values=wanted.inputs)
        outputs = fill(self._dialect, wanted, planned(wanted.inputs, ()), inventor)
        return Made(id=inventor.value("id"), outputs=outputs)

    def read(self, wanted: WantedObject, *, object_id: str, known: Properties) -> Found | None:
        """Return the values of the state, the only source."""
        if known:
            return Found(inputs=wanted.inputs, outputs=known)
        raise ProviderError(
            f"the stand-in cannot read `{object_id}` of {wanted.facts.token}: got an id this "
            "stack's state does not hold, expected an object created by this stack; a stand-in "
            "has no cloud to look it up in, so `.get()` and `import` need the official provider",
            code="FAILED_PRECONDITION",
        )

    def update(self, wanted: WantedObject, *, object_id: str, old: Properties) -> Properties:
        """Keep old computed outputs, and invent volatile ones again."""
        dialect, facts = self._dialect, wanted.facts
        inventor = Inventor(
            identity(wanted), invented=dialect.invented(facts, wanted.inputs), values=wanted.inputs
        )
        inventor.learn("id", object_id)
        settled = [path for path in dialect.computed(facts) if path not in dialect.volatile(facts)]
        return fill(dialect, wanted, planned(wanted.inputs, settled, old=old), inventor)

    def delete(self, wanted: WantedObject, *, object_id: str, known: Properties) -> None:
        """Accept the deletion without effect, as the engine removes the object from the state."""


def fill(
    dialect: Dialect, wanted: WantedObject, outputs: Properties, inventor: Inventor
) -> Properties:
    """Return outputs with missing computed ones invented, and a list of those."""
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
    """Return the kind of a pure output; empty for one that a program can set, such as an ACL.

    An invented setting in the state could be mistaken for a real one by policies on the state.
    """
    return "" if path in facts.inputs else str(facts.outputs.get(path, ("",))[0])


def identity(wanted: WantedObject) -> str:
    """Return a text that differs for a replacement, but not between two runs."""
    return f"{wanted.urn}\n{json.dumps(wanted.inputs, sort_keys=True, default=_text)}"


def _text(value: object) -> str:
    """Represent an asset by its content, as its path is specific to this machine."""
    if isinstance(value, Special):
        return f"{value.kind} {value.fields.get('hash') or sorted(value.fields.items())}"
    return repr(value)
