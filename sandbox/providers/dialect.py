"""What differs between clouds, as one interface, and what a plan of a resource looks like."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sandbox.providers.errors import Failure
from sandbox.providers.naming import NamingRequest
from sandbox.providers.paths import get_path, has_path, set_path
from sandbox.providers.spec import Spec, TypeFacts
from sandbox.providers.values import UNKNOWN, Properties, Value

__all__ = ["Dialect", "Invented", "planned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invented:
    """How a stand-in makes up ids and outputs for one resource.

    Attributes:
        patterns: Output path (and ``id``) to pattern.
        known: Provider facts patterns may name.
    """

    patterns: Mapping[str, str]
    known: Mapping[str, str]


class Dialect(ABC):
    """One cloud's ways: configuration, defaults, names, computed outputs, replacements.

    Attributes:
        name: Provider name, such as ``aws``.
        replaces_by_path: Whether the official provider names what replaces an object by its whole
            path, and not by its first part.
        spec: Its type facts.
    """

    name: str
    replaces_by_path: bool = False

    def __init__(self, spec: Spec) -> None:
        """Take the type facts."""
        self.spec = spec

    @abstractmethod
    def find(self, token: str) -> TypeFacts:
        """Facts of a type.

        Raises:
            ProviderError: The type is unknown; names the table to add an entry to.
        """

    @abstractmethod
    def check_config(self, config: Properties) -> list[Failure]:
        """What is wrong with the provider's own configuration (JSON text already parsed)."""

    @abstractmethod
    def configure(self, config: Properties) -> None:
        """Take the provider's configuration.

        Raises:
            ProviderError: It cannot be used.
        """

    @abstractmethod
    def check_more(self, facts: TypeFacts, inputs: Properties) -> list[Failure]:
        """Complaints beyond the SDK's types."""

    @abstractmethod
    def complete(
        self, facts: TypeFacts, inputs: Properties, *, old: Properties, naming: NamingRequest
    ) -> Properties:
        """Inputs with what the official provider adds at check: defaults, names, tags."""

    def refusals(
        self,
        urn: str,  # noqa: ARG002
        facts: TypeFacts,  # noqa: ARG002
        inputs: Properties,  # noqa: ARG002
        given: Properties,  # noqa: ARG002
    ) -> list[Failure]:
        """Values that the cloud would refuse, by its own schemas.

        Args:
            urn: The resource.
            facts: Its type.
            inputs: Inputs as ``complete`` returned them.
            given: The inputs that the program set.
        """
        return []

    @abstractmethod
    def computed(self, facts: TypeFacts) -> tuple[str, ...]:
        """Paths only the cloud knows, unless the inputs give them."""

    @abstractmethod
    def replacements(self, facts: TypeFacts, inputs: Properties) -> tuple[str, ...]:
        """Paths whose change forces a replacement."""

    @abstractmethod
    def volatile(self, facts: TypeFacts) -> tuple[str, ...]:
        """Computed paths that change with every update."""

    @abstractmethod
    def name_is_taken(self, facts: TypeFacts, old: Properties, new: Properties) -> bool:
        """Whether old and new object would have the same name, so the old must go first."""

    @abstractmethod
    def invented(self, facts: TypeFacts, inputs: Properties) -> Invented:
        """Patterns for what a stand-in makes up on ``up``."""

    @abstractmethod
    def invoke(self, token: str) -> Properties:
        """Answer a function that needs no cloud.

        Raises:
            ProviderError: Any other function.
        """


def planned(
    inputs: Properties,
    computed: Iterable[str],
    *,
    old: Properties | None = None,
    volatile: Iterable[str] = (),
) -> Properties:
    """Outputs as far as they are known before the operation.

    Args:
        inputs: Checked inputs.
        computed: Paths only the cloud knows; those the inputs give are left alone.
        old: Outputs of the last operation, for an update.
        volatile: Computed paths an update changes.
    """
    result: Properties = {key: value for key, value in inputs.items() if not key.startswith("__")}
    changing = frozenset(volatile)
    for path in computed:
        if has_path(result, path):
            continue
        value: Value = UNKNOWN if old is None or path in changing else get_path(old, path)
        if value is not None:
            result = set_path(result, path, value)
    return result
