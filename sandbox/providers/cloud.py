"""Where created objects live: the one interface behind which a real API can be put.

A `Cloud` is asked by the servicer and raises `ProviderError` for what it refuses. What holds for
each:

- `create` and `update` answer with every property of the object, what the inputs give as the
  inputs give it, so that a preview of the same program predicts it.
- An object that was made, but not finished, is reported with `UnfinishedError`: the engine then
  keeps it in the state and the next run goes on with an update.
- A create after a killed run may find what that run made. `Wanted.held` tells an object the state
  knows (never to be taken for it) from one that it does not.
- `delete` of an object that is gone succeeds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from sandbox.providers.errors import ProviderError
from sandbox.providers.spec import TypeFacts
from sandbox.providers.values import Properties

__all__ = ["Cloud", "Found", "Made", "UnfinishedError", "Wanted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An object the program wants.

    Attributes:
        urn: Its URN.
        facts: Its type.
        inputs: Checked inputs.
        before: Inputs of the last operation, for an update.
        held: Ids under which the state knows objects of this URN, as far as this run has shown:
            while one is replaced, the old one lives beside the new one. An empty id stands for an
            object that was mentioned without its id.
    """

    urn: str
    facts: TypeFacts
    inputs: Properties
    before: Properties = field(default_factory=dict)
    held: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An object that was made.

    Attributes:
        id: Its physical id.
        outputs: All its properties.
    """

    id: str
    outputs: Properties


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An object as it is in the cloud now.

    Attributes:
        inputs: What the program would have to say to get it; equal to the recorded inputs unless
            somebody changed the object.
        outputs: All its properties.
        id: Its physical id where it is not the one that was asked for.
    """

    inputs: Properties
    outputs: Properties
    id: str = ""


class UnfinishedError(ProviderError):
    """An object exists, but not yet as wanted.

    Attributes:
        made: What there is.
        reasons: Why it is not finished, for people.
    """

    def __init__(self, made: Made, *reasons: str) -> None:
        """Take what there is and why it is not finished."""
        super().__init__("; ".join(reasons), code="UNKNOWN")
        self.made = made
        self.reasons = reasons


class Cloud(Protocol):
    """Makes, reads, changes and removes objects."""

    def plan(self, wanted: Wanted, *, object_id: str, old: Properties) -> Properties | None:
        """Outputs that a create (empty id) or update would give, asked at preview.

        None leaves the prediction to the type's facts; so must a cloud that cannot tell because
        something is unknown yet.

        Raises:
            ProviderError: The cloud would refuse the object.
        """

    def create(self, wanted: Wanted) -> Made:
        """Make the object.

        Raises:
            UnfinishedError: It exists, but is not as wanted.
        """

    def read(self, wanted: Wanted, *, object_id: str, known: Properties) -> Found | None:
        """The object as it is, None when it is gone.

        Args:
            wanted: Its type and recorded inputs; no inputs for an import or `.get()`.
            object_id: Its physical id.
            known: Outputs in the state.

        Raises:
            ProviderError: The cloud cannot tell.
        """

    def update(self, wanted: Wanted, *, object_id: str, old: Properties) -> Properties:
        """Change the object and return its outputs; ``old`` are those in the state.

        Raises:
            UnfinishedError: It is changed in part.
        """

    def delete(self, wanted: Wanted, *, object_id: str, known: Properties) -> None:
        """Remove the object; ``known`` are its outputs in the state."""
