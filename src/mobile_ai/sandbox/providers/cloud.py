"""Interface of the cloud behind a stand-in: the state only, or a real API.

The servicer calls a `Cloud`, which raises `ProviderError` for requests that it refuses. Contract of
every implementation:

- `create` and `update` return every property of the object, with those given by inputs unchanged,
so that a preview of the same program predicts them.
- An object that was created but not completed is reported by `UnfinishedError`: the engine then
keeps it in the state, and the next run continues with an update.
- A create after a killed run may find the object of that run. `WantedObject.held` distinguishes
objects in the state (never to be adopted) from others.
- `delete` of a missing object succeeds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from mobile_ai.sandbox.providers.errors import ProviderError
from mobile_ai.sandbox.providers.spec import TypeFacts
from mobile_ai.sandbox.providers.values import Properties


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedObject:
    """Desired object of the program.

    Attributes:
        urn: Its URN.
        facts: Its type.
        inputs: Checked inputs.
        before: Inputs of the last operation, for an update.
        held: IDs under which the state holds objects of this URN, as far as seen in this run;
            during a replacement the old one exists next to the new one. An empty ID represents an
            object that was mentioned without its ID.
    """

    urn: str
    facts: TypeFacts
    inputs: Properties
    before: Properties = field(default_factory=dict)
    held: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A created object.

    Attributes:
        id: Its physical ID.
        outputs: All its properties.
    """

    id: str
    outputs: Properties


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Current object in the cloud.

    Attributes:
        inputs: Inputs that would declare it; equal to the recorded inputs unless the object was
            changed.
        outputs: All its properties.
        id: Its physical ID if it differs from the requested one.
    """

    inputs: Properties
    outputs: Properties
    id: str = ""


class UnfinishedError(ProviderError):
    """An object exists, but not yet as desired.

    Attributes:
        made: The existing object.
        reasons: Reasons why it is incomplete.
    """

    def __init__(self, made: Made, *reasons: str) -> None:
        """Store the existing object and why it is not complete."""
        super().__init__("; ".join(reasons), code="UNKNOWN")
        self.made = made
        self.reasons = reasons


class Cloud(Protocol):
    """Creates, reads, updates and deletes objects."""

    def plan(self, wanted: WantedObject, *, object_id: str, old: Properties) -> Properties | None:
        """Return the outputs that a create (empty ID) or update would give, at preview.

        None leaves the prediction to the type's facts; it is required if unknown values prevent an
        answer.

        Raises:
            ProviderError: The cloud would refuse the object.
        """

    def create(self, wanted: WantedObject) -> Made:
        """Create the object.

        Raises:
            UnfinishedError: It exists, but not as desired.
        """

    def read(self, wanted: WantedObject, *, object_id: str, known: Properties) -> Found | None:
        """Return the current object, None if it does not exist.

        Args:
            wanted: Its type and recorded inputs; no inputs for an import or `.get()`.
            object_id: Its physical ID.
            known: Outputs in the state.

        Raises:
            ProviderError: The cloud cannot read it.
        """

    def update(self, wanted: WantedObject, *, object_id: str, old: Properties) -> Properties:
        """Update the object and return its outputs; ``old`` are those in the state.

        Raises:
            UnfinishedError: The update is incomplete.
        """

    def delete(self, wanted: WantedObject, *, object_id: str, known: Properties) -> None:
        """Delete the object; ``known`` are its outputs in the state."""
