"""Addresses and files of one sandbox's services."""

from collections.abc import Iterable
from pathlib import Path

from mobile_ai.sandbox.services.endpoints import DEFAULT_CLUSTER, Cluster, Endpoints
from mobile_ai.sandbox.services.names import cluster_of, cluster_service
from mobile_ai.sandbox.services.ports import is_free, next_port
from mobile_ai.sandbox.services.state import SandboxFolder, SandboxState


class ServicePaths:
    """Paths and addresses, derived from the sandbox's folder and its assigned ports."""

    def __init__(self, folder: SandboxFolder, state: SandboxState) -> None:
        """Store the sandbox; ports are assigned, and remembered, on first use."""
        self.folder = folder
        self._state = state

    @property
    def account(self) -> str:
        """AWS account of the sandbox."""
        return self._state.account

    @property
    def secret(self) -> str:
        """Password and token of the servers of this sandbox."""
        return self._state.secret

    def port(self, name: str) -> int:
        """Return the port of a service."""
        ports = self._state.ports
        if name not in ports:
            ports[name] = next_port(set(ports.values()))
        return ports[name]

    def leave_busy_ports(self, names: Iterable[str]) -> None:
        """Release the ports of these services that other processes have taken."""
        for name in [*names]:
            if name in self._state.ports and not is_free(self._state.ports[name]):
                del self._state.ports[name]

    def url(self, name: str) -> str:
        """Return the base URL of an HTTP service."""
        return f"http://127.0.0.1:{self.port(name)}"

    def data(self, name: str) -> Path:
        """Return the data folder of a service."""
        return self.folder.data / name

    @property
    def database_url(self) -> str:
        """URL of the registry's PostgreSQL, with its password."""
        return f"postgresql://mlflow:{self.secret}@127.0.0.1:{self.port('postgres')}/postgres"

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig with one context per cluster."""
        return self.folder.path / "kubeconfig"

    def cluster(self, context: str) -> Cluster:
        """Return the API server of a context."""
        service = cluster_service(context)
        return Cluster(
            server=f"https://127.0.0.1:{self.port(service)}",
            # Self-signed at the server's first start, so the certificate is its own CA.
            ca=str(self.data(service) / "apiserver.crt"),
            token=self.secret,
        )

    def endpoints(self, running: Iterable[str]) -> Endpoints:
        """Return the endpoints of running services."""
        names = set(running)
        contexts = sorted(one for name in names if (one := cluster_of(name)) is not None)
        clusters = {context: self.cluster(context) for context in contexts}
        if self._state.adopted:
            clusters[DEFAULT_CLUSTER] = Cluster(**self._state.adopted)
        web = {name: self.url(name) for name in ("aws", "mlflow", "cdn") if name in names}
        return Endpoints(
            name=self.folder.name,
            account=self.account,
            kubernetes=clusters,
            kubeconfig=str(self.kubeconfig) if clusters else "",
            **web,
        )
