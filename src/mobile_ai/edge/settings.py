"""The configuration of a server: one YAML or JSON file; an unknown field is refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mobile_ai.contracts.documents import read_yaml
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.schema_errors import schema_problems
from mobile_ai.edge.admission import Quota
from mobile_ai.edge.limits import BatchLimits, FrontLimits, HttpLimits
from mobile_ai.edge.models.settings import IMAGE, ModelSettings
from mobile_ai.edge.sketches import Sketching

THROTTLE: Final = Path("/etc/mobile-ai/throttle/throttle.json")
"""Throttle file, mounted from the ConfigMap `<app>-<model>-throttle` of the endpoint."""
_MAX_BYTES: Final = 1_000_000
_MIB: Final = 2**20
_Port = Annotated[int, Field(ge=0, le=65535)]


class ServerSettingsError(ValueError):
    """A configuration cannot be used; the message says what, got, expected."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Listen(_Section):
    """Address and ports of the server."""

    host: str = Field(default="127.0.0.1", description="Address; `0.0.0.0` in a container.")
    port: _Port = Field(default=8080, description="Port of REST; 0 takes any free one.")
    grpc_port: _Port | None = Field(default=None, description="Port of gRPC; none serves no gRPC.")
    connections: int = Field(
        default=1024,
        ge=1,
        description="Most connections at a time, each port; fewer where the process may not open "
        "as many files.",
    )
    idle_seconds: float = Field(
        default=75.0,
        gt=0,
        description="Longest time a connection is open without a request: longer than a gateway "
        "keeps one that it means to use.",
    )


class Tls(_Section):
    """Encryption, and clients known by certificate."""

    certificate: Path = Field(description="PEM file of the server's certificate chain.")
    key: Path = Field(description="PEM file of its private key.")
    client_ca: Path | None = Field(
        default=None, description="Accept only clients with a certificate of this authority (mTLS)."
    )


class Batching(_Section):
    """Batching of requests."""

    max_rows: int = Field(default=32, ge=1, le=4096, description="Largest batch.")
    max_wait_ms: float = Field(default=2.0, ge=0, le=1000, description="Longest collection.")
    queue: int = Field(
        default=256, ge=1, le=100_000, description="Requests that may wait, each model."
    )


class Requests(_Section):
    """Limits of one request."""

    max_body_mib: float = Field(default=16.0, gt=0, le=1024, description="Largest body, MiB.")
    timeout_ms: float = Field(
        default=10_000.0, gt=0, description="Longest wait; a client may ask for less."
    )
    call_seconds: float = Field(
        default=30.0,
        gt=0,
        description="Longest call of a model; the process exits when one hangs, and "
        "whoever supervises it starts it again.",
    )
    arrival_seconds: float = Field(
        default=20.0, gt=0, description="Longest time to receive it, or to send its answer."
    )


class Access(_Section):
    """Clients and their quotas. Each file is JSON and is read again when it changes."""

    keys: Path | None = Field(
        default=None, description='API keys: `{"keys": [{"client", "sha256", "operator"}]}`.'
    )
    quota: Quota | None = Field(default=None, description="Of each client.")
    throttle: Path | None = Field(
        default=None, description='The budget\'s throttle: `{"requestsPerSecond", "burst"}`.'
    )
    throttle_may_come_later: bool = Field(
        default=False, description="Start without the throttle's file; it counts once it is there."
    )


class Drain(_Section):
    """Shutdown of the server after SIGTERM."""

    announce_seconds: float = Field(
        default=5.0, ge=0, description="Not ready, still serving: until the gateway has noticed."
    )
    finish_seconds: float = Field(default=15.0, gt=0, description="For requests under way.")


class ServerSettings(_Section):
    """Everything a server is told."""

    models: ModelSettings = Field(description="Models that are served, and their sources.")
    listen: Listen = Listen()
    tls: Tls | None = None
    batching: Batching = Batching()
    requests: Requests = Requests()
    access: Access = Access()
    drain: Drain = Drain()
    traces: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="OTLP address, as `http://collector:4318/v1/traces`.",
    )
    sketches: Sketching | None = None
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least important log that is written."
    )

    def front_limits(self) -> FrontLimits:
        """Return what a request may take."""
        batching = self.batching
        return FrontLimits(
            batch=BatchLimits(
                rows=batching.max_rows, wait=batching.max_wait_ms / 1000, queue=batching.queue
            ),
            timeout=self.requests.timeout_ms / 1000,
            call=self.requests.call_seconds,
        )

    def http_limits(self) -> HttpLimits:
        """Return what a connection may take."""
        return HttpLimits(
            body_bytes=int(self.requests.max_body_mib * _MIB),
            connections=self.listen.connections,
            arrival=self.requests.arrival_seconds,
            idle=self.listen.idle_seconds,
        )


def from_environment(
    environment: Mapping[str, str], *, image: Path = IMAGE, throttle: Path = THROTTLE
) -> ServerSettings:
    """Return the settings of a workload that the components declare.

    Args:
        environment: Its variables.
        image: Folder of the image's files beside the code.
        throttle: The budget's throttle, used once it is there.

    Raises:
        SettingsError: If a variable is missing or wrong.
    """
    try:
        models = ModelSettings.from_environment(environment, image=image)
    except ValueError as error:
        raise ServerSettingsError(str(error)) from error
    return ServerSettings(
        models=models,
        listen=Listen(host="0.0.0.0"),  # noqa: S104  # of the pod; its policy lets in the gateway
        access=Access(throttle=throttle, throttle_may_come_later=True),
    )


def require_local_files(settings: ServerSettings) -> None:
    """Refuse a server whose only source of models is a folder that is not there.

    Raises:
        ServerSettingsError: The folder of models or the trust file is missing.
    """
    local = settings.models.local
    if local is None or settings.models.releases is not None:
        return
    for name, path, there in (
        ("folder", local.folder, local.folder.is_dir()),
        ("trust", local.trust, local.trust.is_file()),
    ):
        if not there:
            kind = "a file" if name == "trust" else "a folder"
            raise ServerSettingsError(
                f"models.local.{name}: got {path}, which is not in {Path.cwd()}; expected {kind}, "
                "by a path from the current folder or an absolute one"
            )


def load_settings(path: Path) -> ServerSettings:
    """Return the settings in a file.

    Raises:
        SettingsError: If it cannot be read, or has an unknown field.
    """
    try:
        with path.open("rb") as file:
            content = read_yaml(file.read(_MAX_BYTES + 1).decode(), name=str(path))
    except OSError as error:
        raise ServerSettingsError(
            f"{path}: got {error.strerror}; expected a configuration file"
        ) from error
    except DocumentError as error:
        raise ServerSettingsError(str(error)) from error
    except UnicodeDecodeError as error:
        raise ServerSettingsError(f"{path}: got {error}; expected UTF-8") from error
    try:
        return ServerSettings.model_validate(content)
    except ValidationError as error:
        # Values may be keys of clients: they are not shown.
        lines = [
            f"  {item.place or 'file'}: expected {item.expected}" for item in schema_problems(error)
        ]
        raise ServerSettingsError(f"{path}: expected other values\n" + "\n".join(lines)) from error
