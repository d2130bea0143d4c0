"""How the Kubernetes provider behaves: names, namespaces, server-side fields, immutable fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sandbox.providers.config import check_config_types
from sandbox.providers.dialect import Dialect, Invented
from sandbox.providers.errors import Failure, ProviderError
from sandbox.providers.kubernetes.kinds import api_version, custom_facts, group_of, kind_of
from sandbox.providers.kubernetes.kubeconfig import check_kubeconfig
from sandbox.providers.kubernetes.quantities import with_canonical_quantities
from sandbox.providers.naming import NamingRequest, unique_name
from sandbox.providers.paths import get_path
from sandbox.providers.spec import NamingRule, Spec, TypeFacts
from sandbox.providers.values import Properties, Value, plain

__all__ = ["KubernetesDialect"]

TABLE: Final = "sandbox/providers/kubernetes/types.yaml"
# Where the official provider notes that it chose the name.
_AUTONAMED: Final = "pulumi.com/autonamed"
_NAMING: Final = NamingRule(prop="metadata.name", max_length=253, lower=True)
_NAME_DIGITS: Final = 8
_CHANGING: Final = ("metadata.generation", "metadata.resourceVersion")
_SERVER_FIELDS: Final = (*_CHANGING, "metadata.uid", "metadata.creationTimestamp")
_DATA_FIELDS: Final = {
    "kubernetes:core/v1:ConfigMap": ("enableConfigMapMutable", ("data", "binaryData")),
    "kubernetes:core/v1:Secret": ("enableSecretMutable", ("type", "data", "stringData")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings:
    namespace: Value = "default"
    mutable: frozenset[str] = frozenset()


class KubernetesDialect(Dialect):
    """The Kubernetes provider's ways."""

    name = "kubernetes"
    replaces_by_path = True

    def __init__(self, spec: Spec) -> None:
        """Take the type facts."""
        super().__init__(spec)
        self._settings = _Settings()

    def find(self, token: str) -> TypeFacts:
        """A kind of the table, or a custom resource of a group Kubernetes does not serve."""
        facts = self.spec.find(token)
        if facts is not None:
            return facts
        if "." in group_of(token) and group_of(token) not in self.spec.extra["groups"]:
            return custom_facts(token, self.spec)
        raise ProviderError(
            f"the stand-in Kubernetes provider does not know the kind `{token}`: add one entry to "
            f"{TABLE} to teach it",
            code="UNIMPLEMENTED",
        )

    def check_config(self, config: Properties) -> list[Failure]:
        """Types, and a cluster on this machine only."""
        return [*check_config_types(config, self.spec), *check_kubeconfig(config.get("kubeconfig"))]

    def configure(self, config: Properties) -> None:
        """See ``Dialect.configure``."""
        failures = self.check_config(config)
        if failures:
            raise ProviderError("; ".join(failure.reason for failure in failures))
        self._settings = _Settings(
            namespace=config.get("namespace") or "default",
            mutable=frozenset(key for key, value in config.items() if plain(value) is True),
        )

    def check_more(self, facts: TypeFacts, inputs: Properties) -> list[Failure]:
        """The object has to say the type it was registered as."""
        wanted = {"apiVersion": api_version(facts.token), "kind": kind_of(facts.token)}
        return [
            Failure(prop, f"`{prop}` does not fit the type: got {got!r}, expected {expected!r}")
            for prop, expected in wanted.items()
            if isinstance(got := plain(inputs.get(prop)), str) and got != expected
        ]

    def complete(
        self, facts: TypeFacts, inputs: Properties, *, old: Properties, naming: NamingRequest
    ) -> Properties:
        """Add apiVersion, kind, a name and a namespace; write quantities as the server does."""
        kind: Properties = {"apiVersion": api_version(facts.token), "kind": kind_of(facts.token)}
        given = inputs.get("metadata", {})
        if not isinstance(given, dict):
            return {**inputs, **kind}
        metadata = dict(given)
        if metadata.get("name") is None and metadata.get("generateName") is None:
            metadata["name"] = _kept_name(old) or unique_name(
                naming, _NAMING, inputs, digits=_NAME_DIGITS
            )
            metadata["annotations"] = _with_mark(metadata.get("annotations"))
        if not facts.cluster_scoped and metadata.get("namespace") is None:
            metadata["namespace"] = self._settings.namespace
        completed: Properties = {**inputs, **kind, "metadata": metadata}
        # Of custom resources only their definition knows what a quantity is.
        return completed if facts.open else with_canonical_quantities(completed)

    def computed(self, facts: TypeFacts) -> tuple[str, ...]:
        """Fields the API server sets."""
        status = ("status",) if facts.open or "status" in facts.outputs else ()
        return (*_SERVER_FIELDS, *facts.computed, *status)

    def replacements(self, facts: TypeFacts, inputs: Properties) -> tuple[str, ...]:
        """Name, namespace, the table's list, and data of immutable maps.

        Data of a ConfigMap or Secret is replaced unless the provider was told that it may change,
        so that the pods that use it roll over.
        """
        paths = ("metadata.name", "metadata.namespace", *facts.replace)
        switch, data = _DATA_FIELDS.get(facts.token, ("", ()))
        frozen = switch not in self._settings.mutable or plain(inputs.get("immutable")) is True
        return (*paths, *data) if frozen else paths

    def volatile(self, facts: TypeFacts) -> tuple[str, ...]:  # noqa: ARG002
        """See ``Dialect.volatile``."""
        return _CHANGING

    def name_is_taken(self, facts: TypeFacts, old: Properties, new: Properties) -> bool:  # noqa: ARG002
        """A chosen name in the same namespace cannot exist twice."""
        if _is_autonamed(new):
            return False
        places = ("metadata.name", "metadata.namespace")
        return all(plain(get_path(old, at)) == plain(get_path(new, at)) for at in places)

    def invented(self, facts: TypeFacts, inputs: Properties) -> Invented:
        """The id is ``namespace/name``, as the official provider writes it."""
        name, namespace = (
            plain(get_path(inputs, f"metadata.{at}")) for at in ("name", "namespace")
        )
        patterns = {
            "id": f"{namespace}/{name}" if namespace else str(name),
            "metadata.uid": "{uuid}",
            "metadata.resourceVersion": "1",
            "metadata.creationTimestamp": "1970-01-01T00:00:00Z",
            **facts.patterns,
        }
        return Invented(patterns=patterns, known={})

    def invoke(self, token: str) -> Properties:
        """Nothing can be answered without a cluster or a chart engine."""
        raise ProviderError(
            f"the stand-in Kubernetes provider cannot answer `{token}`: it has no cluster to ask",
            code="UNIMPLEMENTED",
        )


def _is_autonamed(inputs: Properties) -> bool:
    annotations = plain(get_path(inputs, "metadata.annotations"))
    return isinstance(annotations, dict) and plain(annotations.get(_AUTONAMED)) == "true"


def _kept_name(old: Properties) -> str | None:
    name = plain(get_path(old, "metadata.name"))
    return name if _is_autonamed(old) and isinstance(name, str) else None


def _with_mark(annotations: Value) -> Value:
    if annotations is None or isinstance(annotations, dict):
        return {**(annotations or {}), _AUTONAMED: "true"}
    return annotations
