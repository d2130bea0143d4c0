"""Interface for provider-specific behaviour, and the planned outputs of a resource."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mobile_ai.sandbox.providers.errors import Failure
from mobile_ai.sandbox.providers.naming import NamingRequest
from mobile_ai.sandbox.providers.paths import get_path, has_path, set_path
from mobile_ai.sandbox.providers.spec import Spec, TypeFacts
from mobile_ai.sandbox.providers.values import UNKNOWN, Properties, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Invented:
    """Patterns by which a stand-in invents IDs and outputs for one resource.

    Attributes:
        patterns: Output path (and ``id``) to pattern.
        known: Provider facts that patterns may use.
    """

    patterns: Mapping[str, str]
    known: Mapping[str, str]


class Dialect(ABC):
    """Provider behaviour: configuration, defaults, names, computed outputs, replacements.

    Attributes:
        name: Provider name, such as ``aws``.
        replaces_by_path: Whether the official provider reports a replacing property by its whole
            path instead of its first part.
        spec: Its type facts.
    """

    name: str
    replaces_by_path: bool = False

    def __init__(self, spec: Spec) -> None:
        """Store the type facts."""
        self.spec = spec

    @abstractmethod
    def find(self, token: str) -> TypeFacts:
        """Return the facts of a type.

        Raises:
            ProviderError: The type is unknown; names the table to extend.
        """

    @abstractmethod
    def check_config(self, config: Properties) -> list[Failure]:
        """Check the provider's own configuration (JSON text already parsed)."""

    @abstractmethod
    def configure(self, config: Properties) -> None:
        """Apply the provider's configuration.

        Raises:
            ProviderError: It is not valid.
        """

    @abstractmethod
    def check_more(self, facts: TypeFacts, inputs: Properties) -> list[Failure]:
        """Check inputs beyond the SDK's types."""

    @abstractmethod
    def complete(
        self, facts: TypeFacts, inputs: Properties, *, old: Properties, naming: NamingRequest
    ) -> Properties:
        """Return inputs with the official provider's additions at check: defaults, names, tags."""

    def refusals(
        self,
        urn: str,  # noqa: ARG002
        facts: TypeFacts,  # noqa: ARG002
        inputs: Properties,  # noqa: ARG002
        given: Properties,  # noqa: ARG002
    ) -> list[Failure]:
        """Check values by the cloud's own schemas.

        Args:
            urn: The resource.
            facts: Its type.
            inputs: Inputs as ``complete`` returned them.
            given: The inputs that the program set.
        """
        return []

    @abstractmethod
    def computed(self, facts: TypeFacts) -> tuple[str, ...]:
        """Return paths that only the cloud knows, unless the inputs give them."""

    @abstractmethod
    def replacements(self, facts: TypeFacts, inputs: Properties) -> tuple[str, ...]:
        """Return paths whose change forces a replacement."""

    @abstractmethod
    def volatile(self, facts: TypeFacts) -> tuple[str, ...]:
        """Return computed paths that change with every update."""

    @abstractmethod
    def name_is_taken(self, facts: TypeFacts, old: Properties, new: Properties) -> bool:
        """Return whether both objects would have the same name, so the old one is deleted first."""

    @abstractmethod
    def invented(self, facts: TypeFacts, inputs: Properties) -> Invented:
        """Return the patterns for values that a stand-in invents on ``up``."""

    @abstractmethod
    def invoke(self, token: str) -> Properties:
        """Answer a function that requires no cloud.

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
    """Return the outputs as far as they are known before the operation.

    Args:
        inputs: Checked inputs.
        computed: Paths that only the cloud knows; those given by inputs are kept.
        old: Outputs of the last operation, for an update.
        volatile: Computed paths that an update changes.
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
