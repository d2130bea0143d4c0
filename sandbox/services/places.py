"""Addresses and files of the services of one sandbox."""

from collections.abc import Iterable
from pathlib import Path

from sandbox.services.endpoints import DEFAULT_CLUSTER, Cluster, Endpoints
from sandbox.services.names import cluster_of, cluster_service
from sandbox.services.ports import is_free, next_port
from sandbox.services.state import Folder, State

__all__ = ["Places"]


class Places:
    """Where things are, derived from the folder and the remembered ports."""

    def __init__(self, folder: Folder, state: State) -> None:
        """Take the sandbox; ports are given out, and remembered, as they are asked for."""
        self.folder = folder
        self._state = state

    @property
    def account(self) -> str:
        """The AWS account that the sandbox stands for."""
        return self._state.account

    @property
    def secret(self) -> str:
        """Password and token of the servers of this sandbox."""
        return self._state.secret

    def port(self, name: str) -> int:
        """The port of a service."""
        ports = self._state.ports
        if name not in ports:
            ports[name] = next_port(set(ports.values()))
        return ports[name]

    def leave_busy_ports(self, names: Iterable[str]) -> None:
        """Forget the ports of these services that somebody else has taken since."""
        for name in [*names]:
            if name in self._state.ports and not is_free(self._state.ports[name]):
                del self._state.ports[name]

    def url(self, name: str) -> str:
        """Base URL of a service that speaks HTTP."""
        return f"http://127.0.0.1:{self.port(name)}"

    def data(self, name: str) -> Path:
        """Folder for what a service stores."""
        return self.folder.data / name

    @property
    def database_url(self) -> str:
        """Where the registry's PostgreSQL is, with its password."""
        return f"postgresql://mlflow:{self.secret}@127.0.0.1:{self.port('postgres')}/postgres"

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig with one context per cluster."""
        return self.folder.path / "kubeconfig"

    def cluster(self, context: str) -> Cluster:
        """How to reach the API server of a context."""
        service = cluster_service(context)
        return Cluster(
            server=f"https://127.0.0.1:{self.port(service)}",
            # Self-signed when the server first starts: the certificate is its own authority.
            ca=str(self.data(service) / "apiserver.crt"),
            token=self.secret,
        )

    def endpoints(self, running: Iterable[str]) -> Endpoints:
        """Return what the users of the sandbox are told."""
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
