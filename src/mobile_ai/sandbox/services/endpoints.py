"""Endpoints of a running sandbox, written by `sandbox up` for its clients.

The file is `build/sandbox/<name>/endpoints.json`; a program finds it by the variable
`MOBILE_AI_SANDBOX_ENDPOINTS`. It contains tokens of throw-away servers, so only its owner may read
it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from mobile_ai.sandbox.errors import SandboxError
from mobile_ai.sandbox.files import write_atomically
from mobile_ai.sandbox.providers.permission import endpoint_failure

ENDPOINTS_VARIABLE: Final = "MOBILE_AI_SANDBOX_ENDPOINTS"
DEFAULT_ACCOUNT: Final = "111122223333"
DEFAULT_CLUSTER: Final = "default"
_FORMAT: Final = 1


class EndpointsError(SandboxError):
    """The endpoints file is not usable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One Kubernetes API server.

    Attributes:
        server: Its URL.
        ca: Path of the CA certificate, PEM.
        token: Bearer token of an administrator; empty with a client certificate.
        certificate: Path of a client certificate, PEM; only for an adopted cluster.
        key: Path of its private key, PEM.
    """

    server: str
    ca: str
    token: str
    certificate: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Endpoints of running services; empty for a service that was not started.

    Attributes:
        name: Name of the sandbox.
        account: Account ID of the AWS API.
        aws: URL of the AWS API (one for all services).
        kubernetes: Context name to cluster; an unlisted context uses `default`.
        kubeconfig: Path of a kubeconfig with one context per cluster.
        mlflow: URL of the model registry.
        cdn: Base URL of the CDN; a distribution is at `<cdn>/<distribution id>/`.
    """

    name: str
    account: str = ""
    aws: str = ""
    kubernetes: Mapping[str, Cluster] = field(default_factory=dict)
    kubeconfig: str = ""
    mlflow: str = ""
    cdn: str = ""

    def __post_init__(self) -> None:
        """Refuse a URL that is not on this machine."""
        urls = {"aws": self.aws, "mlflow": self.mlflow, "cdn": self.cdn}
        urls |= {f"kubernetes.{name}.server": one.server for name, one in self.kubernetes.items()}
        for key, url in urls.items():
            if url and (failure := endpoint_failure(key, url)):
                raise EndpointsError(failure.reason)

    def cluster(self, context: str = "") -> Cluster | None:
        """Return the cluster of a kubeconfig context; None if no API server was started."""
        return self.kubernetes.get(context) or self.kubernetes.get(DEFAULT_CLUSTER)

    def write(self, path: Path) -> None:
        """Write the file atomically, readable by its owner only."""
        text = json.dumps({"format": _FORMAT, **asdict(self)}, indent=2) + "\n"
        write_atomically(path, text, mode=0o600)

    @classmethod
    def read(cls, path: Path) -> "Endpoints":
        """Read the file.

        Raises:
            EndpointsError: It is missing, has another format, or names another machine.
        """
        try:
            document = json.loads(path.read_bytes())
            return cls._from(document)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise EndpointsError(
                f"The endpoints of the sandbox cannot be read from {path}: got "
                f"{type(error).__name__} ({error}), expected a file of format {_FORMAT}. Run "
                "`mobile-ai sandbox up` to start the sandbox and write it."
            ) from error

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Endpoints | None":
        """Return the endpoints of `MOBILE_AI_SANDBOX_ENDPOINTS`; None if it is not set.

        Raises:
            EndpointsError: It is set, and the file is not usable.
        """
        path = environment.get(ENDPOINTS_VARIABLE, "")
        return cls.read(Path(path)) if path else None

    @classmethod
    def _from(cls, document: Mapping[str, Any]) -> "Endpoints":
        fields = dict(document)
        if (got := fields.pop("format")) != _FORMAT:
            raise ValueError(f"format {got!r}")
        clusters = {name: Cluster(**one) for name, one in fields.pop("kubernetes").items()}
        return cls(kubernetes=clusters, **fields)
