"""Implements `up`, `down` and `status` of a sandbox."""

import shutil
import signal
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from mobile_ai.gobuild.progress import Progress
from mobile_ai.sandbox.errors import SandboxError
from mobile_ai.sandbox.services.adopted import adopt
from mobile_ai.sandbox.services.catalogue import Choice, build_services
from mobile_ai.sandbox.services.cluster import write_kubeconfig
from mobile_ai.sandbox.services.endpoints import DEFAULT_ACCOUNT, Endpoints
from mobile_ai.sandbox.services.launch import Launch
from mobile_ai.sandbox.services.names import chosen, cluster_of, part_of
from mobile_ai.sandbox.services.places import ServicePaths
from mobile_ai.sandbox.services.probe import is_ready
from mobile_ai.sandbox.services.process import is_alive, memory_bytes, stop
from mobile_ai.sandbox.services.service import Service
from mobile_ai.sandbox.services.state import SandboxFolder, SandboxState, fingerprint

_PATIENCE_SECONDS: Final = 8.0
# Databases stop after their clients.
_STORES: Final = frozenset({"etcd", "postgres"})
# PostgreSQL's "fast shutdown": it disconnects open sessions instead of waiting for them.
_FIRST_SIGNALS: Final = {"postgres": signal.SIGINT}


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """Options of `up`.

    Attributes:
        only: Services to start; empty for all.
        account: Account ID of the AWS API.
        sites: Edge sites with their own API server.
        sqlite: Store the registry in SQLite even if PostgreSQL is installed.
        kubeconfig: Kubeconfig of a cluster on this machine to use instead of starting one.
    """

    only: tuple[str, ...] = ()
    account: str = DEFAULT_ACCOUNT
    sites: tuple[str, ...] = ()
    sqlite: bool = False
    kubeconfig: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    """Status of a service.

    Attributes:
        name: Its name.
        state: `ready`, `silent` (running but not responding) or `ended`.
        pid: Its process ID.
        memory_bytes: Resident memory of its processes; 0 if it has exited.
        log: Path of its log.
    """

    name: str
    state: str
    pid: int
    memory_bytes: int
    log: str


def up(
    folder: SandboxFolder, wish: SandboxOptions, *, ambient: Mapping[str, str], progress: Progress
) -> Endpoints:
    """Start the selected services and return their endpoints.

    Responding services are kept. Services that have exited, hang or have a changed command are
    restarted, on the previous port if it is free. If the run fails or is interrupted, the services
    it started are stopped.

    Raises:
        SandboxError: A service did not start, or the options conflict with running services.
    """
    with folder.locked(waiting=lambda: progress.note("Another command changes it; waiting.")):
        folder.make()
        state = _agreed(folder.read(), wish)
        if wish.kubeconfig:
            state.adopted = asdict(adopt(wish.kubeconfig, data=folder.data / "adopted"))
        with_cluster = not state.adopted and (not wish.only or "kubernetes" in wish.only)
        choice = Choice.of(
            with_cluster=with_cluster,
            data=folder.data,
            sqlite=wish.sqlite,
            ambient=ambient,
            progress=progress,
        )
        names = chosen(wish.only, sites=state.sites, with_postgres=choice.postgres is not None)
        if not with_cluster:
            names = [name for name in names if name != "etcd" and part_of(name) is None]
        wanted = _wanted(names, choice, folder, state)
        launch = Launch(folder, state, ambient=ambient, progress=progress)
        try:
            launch.run(wanted)
        except BaseException:
            _stop(launch.started, state)
            folder.write(state)
            raise
        return _publish(folder, state)


def down(folder: SandboxFolder, *, progress: Progress) -> list[str]:
    """Stop every service, delete their data, and return the stopped services.

    Raises:
        SandboxError: The state is damaged, so its services are not known.
    """
    with folder.locked(waiting=lambda: progress.note("Another command changes it; waiting.")):
        state = folder.read()
        stopped = _stop(state.running, state) if state else []
        shutil.rmtree(folder.path, ignore_errors=True)
        return stopped


def status(folder: SandboxFolder) -> list[ServiceStatus]:
    """Return the status of every service that was started and not stopped.

    Raises:
        SandboxError: The state is damaged.
    """
    state = folder.read()
    if state is None:
        return []
    places = ServicePaths(folder, state)

    def standing(name: str) -> ServiceStatus:
        record = state.running[name]
        alive = is_alive(record)
        answers = alive and is_ready(name, places)
        return ServiceStatus(
            name=name,
            state="ready" if answers else "silent" if alive else "ended",
            pid=record.pid,
            memory_bytes=memory_bytes(record),
            log=str(folder.logs / f"{name}.log"),
        )

    with ThreadPoolExecutor() as pool:
        return list(pool.map(standing, state.running))


def _agreed(state: SandboxState | None, wish: SandboxOptions) -> SandboxState:
    """Return the state of this sandbox, extended by the options."""
    state = state or SandboxState(account=wish.account)
    if state.account != wish.account:
        raise SandboxError(
            f"The sandbox runs for another AWS account: got {wish.account}, expected "
            f"{state.account}. Use another --name, or run `mobile-ai sandbox down` first."
        )
    state.sites = sorted({*state.sites, *wish.sites})
    own = any(cluster_of(name) for name in state.running)
    if (wish.kubeconfig or state.adopted) and (own or state.sites):
        raise SandboxError(
            "A sandbox has clusters of its own or an adopted one: got --kubeconfig beside "
            f"{'an API server that runs' if own else '--site'}, expected one of both. Use another "
            "--name, or leave one of the options out."
        )
    return state


def _wanted(
    names: Sequence[str], choice: Choice, folder: SandboxFolder, state: SandboxState
) -> list[Service]:
    """Return the services to start, after stopping remains of their last run."""
    places = ServicePaths(folder, state)
    with ThreadPoolExecutor() as pool:
        well = pool.map(lambda name: _is_well(name, places, state), names)
    kept = {name for name, is_well in zip(names, well, strict=True) if is_well}
    _stop([name for name in state.running if name in names and name not in kept], state)
    places.leave_busy_ports(
        name for name in state.ports if name.removesuffix("-peer") not in state.running
    )
    services = build_services(names, choice, places)
    changed = [
        one.name
        for one in services
        if one.name in kept and state.commands.get(one.name) != fingerprint(one)
    ]
    _stop(changed, state)
    return [one for one in services if one.name not in kept or one.name in changed]


def _is_well(name: str, places: ServicePaths, state: SandboxState) -> bool:
    record = state.running.get(name)
    return record is not None and is_alive(record) and is_ready(name, places)


def _stop(names: Sequence[str] | Mapping[str, object], state: SandboxState) -> list[str]:
    """Stop services, databases last, and forget them; return those that were running."""

    def end(name: str) -> bool:
        first = _FIRST_SIGNALS.get(name, signal.SIGTERM)
        return stop(state.running[name], patience_seconds=_PATIENCE_SECONDS, first=first)

    ran: list[str] = []
    known = [name for name in names if name in state.running]
    for stores in (False, True):
        wave = [name for name in known if (name in _STORES) is stores]
        with ThreadPoolExecutor(max_workers=len(wave) or 1) as pool:
            ended = list(zip(wave, pool.map(end, wave), strict=True))
        ran += [name for name, anything in ended if anything]
        for name in wave:
            del state.running[name]
    return ran


def _publish(folder: SandboxFolder, state: SandboxState) -> Endpoints:
    folder.write(state)
    endpoints = ServicePaths(folder, state).endpoints(state.running)
    if endpoints.kubernetes:
        write_kubeconfig(ServicePaths(folder, state).kubeconfig, dict(endpoints.kubernetes))
    endpoints.write(folder.endpoints)
    return endpoints
