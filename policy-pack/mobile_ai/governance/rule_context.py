"""Arguments of rule functions: one resource with the stack's facts, or the whole stack."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mobile_ai.contracts.reading import FindingCollector, Property
from mobile_ai.contracts.resource import Resource

if TYPE_CHECKING:
    from mobile_ai.governance.facts import Facts


class Case:
    """One resource before one rule.

    Attributes:
        resource: The resource.
        facts: Facts of the stack so far.
        parameters: The rule's effective parameters.
        notes: Collector of its findings.
    """

    __slots__ = ("_top", "facts", "notes", "parameters", "resource")

    def __init__(
        self, resource: Resource, facts: Facts, *, parameters: Mapping[str, Any], advice: str
    ) -> None:
        """Start with no findings; ``advice`` is the rule's remediation."""
        self.resource = resource
        self.facts = facts
        self.parameters = parameters
        self.notes = FindingCollector(advice, secrets=facts.secrets)
        self._top = Property(resource.props, self.notes)

    def at(self, *keys: str) -> Property:
        """Return the property at a path of keys."""
        return self._top.at(*keys)

    def provider(self, *keys: str) -> Property:
        """Return the provider's property at a path of keys; nothing without a provider."""
        props = self.resource.provider.props if self.resource.provider else {}
        return Property(props, self.notes, path="provider").at(*keys)

    def deny(self, what: str, *, got: str, expected: str, next_step: str | None = None) -> None:
        """Note that something about the resource is wrong."""
        self.notes.deny(what, got=got, expected=expected, next_step=next_step)

    def warn(self, what: str, *, got: str, expected: str, next_step: str | None = None) -> None:
        """Note that something will be wrong, or should be known."""
        self.notes.warn(what, got=got, expected=expected, next_step=next_step)

    @property
    def now(self) -> datetime:
        """The time of the judgement."""
        return self.facts.now


class StackIndex:
    """The resources of a stack, found by type, URN and parent; built once."""

    __slots__ = ("by_type", "by_urn", "children", "resources")

    def __init__(self, resources: Sequence[Resource]) -> None:
        """Index some resources."""
        self.resources = resources
        self.by_urn = {item.urn: item for item in resources}
        self.by_type: dict[str, list[Resource]] = defaultdict(list)
        self.children: dict[str, list[Resource]] = defaultdict(list)
        for item in resources:
            self.by_type[item.type].append(item)
            if item.parent:
                self.children[item.parent].append(item)

    def below(self, urn: str) -> Iterator[Resource]:
        """Yield every descendant of a resource."""
        waiting = [urn]
        while waiting:
            for child in self.children.get(waiting.pop(), ()):
                yield child
                waiting.append(child.urn)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackContext:
    """The whole stack before one rule.

    Attributes:
        index: All resources, with their outputs.
        facts: Facts from the resources' inputs.
        parameters: The rule's effective parameters.
        advice: The rule's remediation.
        cases: The cases opened so far, by URN (empty for the stack as a whole).
    """

    index: StackIndex
    facts: Facts
    parameters: Mapping[str, Any]
    advice: str
    cases: dict[str, Case]

    def of(self, *types: str) -> list[Case]:
        """Return a case for every resource of these types."""
        return [self.case(item) for token in types for item in self.index.by_type.get(token, ())]

    def below(self, urn: str, *, types: Iterable[str]) -> list[Case]:
        """Return a case for every descendant of these types."""
        wanted = frozenset(types)
        return [self.case(item) for item in self.index.below(urn) if item.type in wanted]

    def case(self, resource: Resource) -> Case:
        """Return the case of a resource; its findings are reported at its URN."""
        if resource.urn not in self.cases:
            self.cases[resource.urn] = Case(
                resource, self.facts, parameters=self.parameters, advice=self.advice
            )
        return self.cases[resource.urn]

    def deny(self, what: str, *, got: str, expected: str, next_step: str | None = None) -> None:
        """Note that something about the stack as a whole is wrong."""
        stack = Resource(type="", name="", urn="", props={})
        self.case(stack).deny(what, got=got, expected=expected, next_step=next_step)
