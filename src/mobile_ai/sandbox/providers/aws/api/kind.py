"""Table entry of a resource type: the API calls that make, read, change and remove it.

An entry says only what cannot be told from names. Every other property goes to the argument of
the same name, converted as botocore's model of the operation wants it, and comes back the same
way. In a text, ``{name}`` stands for a property, an output in the state or a fact (``id``,
``account``, ``region``, ``partition``, ``mark``), and ``<path>`` for a place in the API's answer
(JMESPath).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject

# A text with fields, a plain value, or a function of the object.
Given: TypeAlias = "str | int | bool | list[Any] | dict[str, Any] | Callable[[ApiSubject], Any]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One API operation.

    Attributes:
        operation: As boto3 names it.
        give: Argument to its value, where the argument's name does not say it.
        only: The properties it is about; empty for all that have an argument. A call that is
            about some properties is left out when none of them is set, or none changed.
        without: Properties it does not take although an argument has their name.
        fill: Whether properties go to the arguments of their name.
        service: boto3's name of the service, where it is not the kind's.
    """

    operation: str
    give: Mapping[str, Given] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    fill: bool = True
    service: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Step that takes several API calls, as a function.

    Attributes:
        run: The function.
        uses: The operations it calls, as ``service:operation``.
        only: As of a call.
    """

    run: Callable[[Caller, ApiSubject], Any]
    uses: tuple[str, ...]
    only: tuple[str, ...] = ()


Step: TypeAlias = "Call | Action"


class Caller(Protocol):
    """The API as an action is given it; ``calls.Api`` is one."""

    def call(self, subject: ApiSubject, operation: str, service: str = "", /, **given: Any) -> Any:
        """Call an operation with these arguments."""

    def run(self, step: Step, subject: ApiSubject, *, more: dict[str, Any] | None = None) -> Any:
        """Carry a step out and return the API's answer."""


def action(*uses: str, only: tuple[str, ...] = ()) -> Callable[[Callable[..., Any]], Action]:
    """Make an action of a function of the API and the object."""

    def make(run: Callable[[Caller, ApiSubject], Any]) -> Action:
        return Action(run=run, uses=uses, only=only)

    return make


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """Reading and writing of an object's tags.

    The arguments are found in botocore's model: the one that takes tags, the one that takes keys,
    and a required one that takes the object.

    Attributes:
        of: Name of the object.
        add: Operation that adds tags; empty when only a create can set them.
        remove: Operation that removes tags by key.
        read: Operation that lists them; empty when the read call does.
        at: Path of the tags in its answer.
        at_create: Whether the create call takes them (and the API keeps them).
        extra: Further arguments of all three.
        put: Step that writes all tags at once, where the API has one tag set per object.
    """

    of: Given = "{arn}"
    add: str = "tag_resource"
    remove: str = "untag_resource"
    read: str = ""
    at: str = "Tags"
    at_create: bool = True
    extra: Mapping[str, Given] = field(default_factory=dict)
    put: Step | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCall:
    """Lists the objects there are, to find one that a killed run made.

    Attributes:
        call: The operation that lists.
        at: Path of the objects in its answer.
        id: Identifier of an object of the list.
        mark: Path of the mark in an object of the list; empty when it is in its tags. ``alike``
            when an object has no place for a mark: then the first one that is as wanted is taken.
    """

    call: Call
    at: str
    id: Given
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A resource type as the API knows it.

    Attributes:
        service: boto3's name of the service.
        create: Makes it.
        then: Steps after the create for what it does not take, and on a change of what they are
            about.
        changes: Steps on a change of what they are about, which the create takes too.
        read: Looks it up.
        at: Path of the object in the answer to ``read``; nothing there means gone.
        id: Its physical id.
        update: Changes it; None when every change is one of ``then`` and ``changes``.
        delete: Removes it.
        before_delete: Calls that make room for ``delete``.
        tags: Calls that read and write tags; None for a type without.
        names: Property or output to its place in the answer, where the name does not say it.
        outputs: Output to a text, where the answer does not hold it.
        unkept: Properties that the API does not give back.
        roster: Finds what a killed run made, where no name does.
        wait: Paths in the answer that have to leave these values before the object is ready.
        tag_type: EC2's word for the type in tag specifications.
        content: Output with the digest of content that no property holds, and the property that
            notes in the state that somebody changed it.
    """

    service: str
    create: Step
    read: Step
    id: Given
    at: str = "@"
    then: tuple[Step, ...] = ()
    changes: tuple[Step, ...] = ()
    update: Step | None = None
    delete: Step | None = None
    before_delete: tuple[Step, ...] = ()
    tags: Tags | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, Given] = field(default_factory=dict)
    unkept: tuple[str, ...] = ()
    roster: ListCall | None = None
    wait: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tag_type: str = ""
    content: tuple[str, str] | None = None

    def steps(self) -> tuple[Step, ...]:
        """Every step of the entry, for a check against what an API implements."""
        made = (self.create, *self.then, *self.changes, self.update)
        found = (*made, self.read, *self.before_delete, self.delete)
        rest = (self.roster.call if self.roster else None, self.tags.put if self.tags else None)
        return tuple(step for step in (*found, *rest) if step is not None)
