"""Builds the service definitions for a list of names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mobile_ai.gobuild.progress import Progress
from mobile_ai.sandbox.kubernetes import ControlPlane, locate_control_plane
from mobile_ai.sandbox.kubernetes_provider import locate_provider
from mobile_ai.sandbox.services.cluster import cluster_part, etcd_service
from mobile_ai.sandbox.services.names import part_of
from mobile_ai.sandbox.services.places import ServicePaths
from mobile_ai.sandbox.services.registry import mlflow_service, postgres_programs, postgres_service
from mobile_ai.sandbox.services.service import Service
from mobile_ai.sandbox.services.web import aws_service, cdn_service


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Selected programs of this machine.

    Attributes:
        control_plane: Programs of a cluster; None without a cluster.
        postgres: `initdb` and `postgres`; None for SQLite.
    """

    control_plane: ControlPlane | None
    postgres: tuple[Path, Path] | None

    @classmethod
    def of(
        cls,
        *,
        with_cluster: bool,
        data: Path,
        sqlite: bool,
        ambient: Mapping[str, str],
        progress: Progress,
    ) -> "Choice":
        """Find or build the programs that the selected services require.

        Raises:
            GoBuildError: The cluster's programs cannot be built.
        """
        if with_cluster:
            # Built in advance, as a stack's `up` requires the provider later.
            locate_provider(ambient=ambient, progress=progress)
        return cls(
            control_plane=locate_control_plane(ambient=ambient, progress=progress)
            if with_cluster
            else None,
            postgres=None if sqlite else postgres_programs(ambient, data),
        )


def build_services(names: Sequence[str], choice: Choice, places: ServicePaths) -> list[Service]:
    """Return the services with these names, in this order."""
    return [_service(name, choice, places) for name in names]


def _service(name: str, choice: Choice, places: ServicePaths) -> Service:
    if name == "postgres" and choice.postgres:
        return postgres_service(places, choice.postgres)
    if name == "mlflow":
        return mlflow_service(places, on_postgres=choice.postgres is not None)
    part, control_plane = part_of(name), choice.control_plane
    if part and control_plane:
        return cluster_part(*part, places, control_plane)
    if name == "etcd" and control_plane:
        return etcd_service(places, control_plane)
    web: Mapping[str, Callable[[ServicePaths], Service]] = {"aws": aws_service, "cdn": cdn_service}
    return web[name](places)
