"""Model registry: MLflow, on PostgreSQL if installed, else on SQLite."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mobile_ai.sandbox.errors import SandboxError
from mobile_ai.sandbox.services.places import ServicePaths
from mobile_ai.sandbox.services.service import Service

_ACCOUNTS: Final = ("postgres", "nobody")
_INIT_SECONDS: Final = 60.0
_USER: Final = "mlflow"


def postgres_programs(ambient: Mapping[str, str], folder: Path) -> tuple[Path, Path] | None:
    """Return `initdb` and `postgres` of this machine.

    None if they are not both on PATH, or if root uses a folder that only root may enter: PostgreSQL
    refuses to run as root, and no other account can access the folder.
    """
    path = ambient.get("PATH", os.defpath)
    initdb, postgres = (shutil.which(name, path=path) for name in ("initdb", "postgres"))
    if initdb is None or postgres is None:
        return None
    if os.geteuid() == 0 and (_account() is None or not _open_to_all(folder)):
        return None
    return Path(initdb), Path(postgres)


def postgres_service(places: ServicePaths, programs: tuple[Path, Path]) -> Service:
    """Return a PostgreSQL service for this sandbox, on loopback, with a password."""
    initdb, postgres = programs
    data, account = places.data("postgres"), _account()
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(places.port("postgres")),
        "unix_socket_directories": "",
        # Durability across a machine failure is not required in a sandbox.
        "fsync": "off",
    }
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    return Service(
        name="postgres",
        command=(str(postgres), "-D", str(data), *options),
        user=account,
        prepare=lambda: _initialise(initdb, data, password=places.secret, account=account),
    )


def mlflow_service(places: ServicePaths, *, on_postgres: bool) -> Service:
    """Return the MLflow tracking server and registry, which proxies artifacts to a folder."""
    data = places.data("mlflow")
    # Explicit driver, as SQLAlchemy's default may not be installed.
    postgres = places.database_url.replace("postgresql://", "postgresql+psycopg2://")
    store = postgres if on_postgres else f"sqlite:///{data / 'mlflow.db'}"
    command = [sys.executable, "-P", "-m", "mlflow", "server", "--host", "127.0.0.1"]
    command += ["--port", str(places.port("mlflow")), "--workers", "1"]
    command += ["--artifacts-destination", (data / "artifacts").as_uri()]
    return Service(
        name="mlflow",
        command=tuple(command),
        # In the environment, since every user can read command lines.
        env={
            "MLFLOW_BACKEND_STORE_URI": store,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        },
        after=("postgres",) if on_postgres else (),
        prepare=lambda: data.mkdir(parents=True, exist_ok=True),
        patience_seconds=180.0,
    )


def _open_to_all(folder: Path) -> bool:
    real = folder.resolve()
    return all(place.stat().st_mode & stat.S_IXOTH for place in (real, *real.parents))


def _account() -> str | None:
    """Return a system account for root, since PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in _ACCOUNTS if name in known), None)


def _initialise(initdb: Path, data: Path, *, password: str, account: str | None) -> None:
    if (data / "PG_VERSION").exists():
        return
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    secret = data.with_name("postgres.password")
    secret.touch(mode=0o600)
    secret.write_text(f"{password}\n")
    if account:
        shutil.chown(data, user=account)
        shutil.chown(secret, user=account)
    try:
        said = subprocess.run(
            [initdb, "-D", data, "-U", _USER, "--auth=scram-sha-256", f"--pwfile={secret}"],
            cwd="/",
            user=account,
            capture_output=True,
            text=True,
            check=False,
            timeout=_INIT_SECONDS,
        )
    finally:
        secret.unlink()
    if said.returncode:
        shutil.rmtree(data, ignore_errors=True)
        raise SandboxError(
            f"PostgreSQL could not make its files in {data}: got {said.stderr.strip()!r}, expected "
            "exit code 0. Next: use SQLite with --sqlite, or fix what it names."
        )
