"""Where the objects of one provider go: files of a site, a cluster of the sandbox, or the state."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sandbox.providers.cloud import Cloud, Found, Made, Wanted
from sandbox.providers.errors import ProviderError
from sandbox.providers.kubernetes.dialect import KubernetesDialect
from sandbox.providers.state_only import StateOnly
from sandbox.providers.values import Properties
from sandbox.services.endpoints import Cluster, Endpoints, EndpointsError

if TYPE_CHECKING:
    from sandbox.kubernetes.api import Api

__all__ = ["WAIT", "ChosenCloud"]

WAIT: Final = "MOBILE_AI_SANDBOX_WAIT_SECONDS"
"""How long to wait for controllers; not set means that there are none."""


class ChosenCloud:
    """Chooses when it is first used: the engine configures a provider after it has started."""

    def __init__(self, dialect: KubernetesDialect, environment: Mapping[str, str]) -> None:
        """Take the provider's configuration to come, and the process environment."""
        self._dialect = dialect
        self._environment = environment

    def plan(self, wanted: Wanted, *, object_id: str, old: Properties) -> Properties | None:
        """See ``Cloud.plan``."""
        return self._cloud.plan(wanted, object_id=object_id, old=old)

    def create(self, wanted: Wanted) -> Made:
        """See ``Cloud.create``."""
        return self._cloud.create(wanted)

    def read(self, wanted: Wanted, *, object_id: str, known: Properties) -> Found | None:
        """See ``Cloud.read``."""
        return self._cloud.read(wanted, object_id=object_id, known=known)

    def update(self, wanted: Wanted, *, object_id: str, old: Properties) -> Properties:
        """See ``Cloud.update``."""
        return self._cloud.update(wanted, object_id=object_id, old=old)

    def delete(self, wanted: Wanted, *, object_id: str, known: Properties) -> None:
        """See ``Cloud.delete``."""
        self._cloud.delete(wanted, object_id=object_id, known=known)

    @cached_property
    def _cloud(self) -> Cloud:
        try:
            endpoints = Endpoints.from_environment(self._environment)
        except EndpointsError as error:
            raise ProviderError(str(error), code="FAILED_PRECONDITION") from error
        if endpoints is not None and self._dialect.render_folder:
            from sandbox.providers.kubernetes.rendered import RenderedObjects  # noqa: PLC0415

            return RenderedObjects(Path(self._dialect.render_folder))
        cluster = endpoints.cluster(self._dialect.context) if endpoints else None
        if cluster is None:
            return StateOnly(self._dialect)
        return self._on(cluster)

    def _on(self, cluster: Cluster) -> Cloud:
        # A client of the API takes half a second to load, so that only those pay who use it.
        from sandbox.providers.kubernetes.cluster import ClusterObjects  # noqa: PLC0415

        return ClusterObjects(self._dialect, _api(cluster), wait_seconds=self._wait_seconds())

    def _wait_seconds(self) -> float:
        text = self._environment.get(WAIT, "0")
        try:
            return float(text)
        except ValueError as error:
            raise ProviderError(
                f"`{WAIT}` is not a number of seconds: got {text!r}; correct or unset it"
            ) from error


def _api(cluster: Cluster) -> Api:
    from sandbox.kubernetes.api import Api  # noqa: PLC0415

    return Api.of(cluster)
