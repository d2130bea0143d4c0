"""Live checks of `mobile-ai audit --live`: clients of AWS, the registry and the clusters."""

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mobile_ai.cli.errors import UserError
from mobile_ai.gate.deploy.local import endpoints_path
from mobile_ai.gate.project import Project, find_project
from mobile_ai.operations.audit.contract import Check
from mobile_ai.operations.audit.live.budgets import budgets_there
from mobile_ai.operations.audit.live.devices import versions_heard
from mobile_ai.operations.audit.live.objects import objects_released, objects_unchanged
from mobile_ai.operations.audit.live.registry import aliases_follow_git, mlflow_alias
from mobile_ai.operations.audit.live.releases import released_objects
from mobile_ai.operations.audit.live.trail import Last, Trail, no_trail
from mobile_ai.operations.audit.live.workloads import workloads_as_declared
from mobile_ai.sandbox.services.endpoints import Endpoints, EndpointsError
from mobile_ai.stack.settings import Settings
from mobile_ai.stack.settings_platform import ExternalRegistry

_ATTEMPTS: Final = 6
_DAYS_HEARD: Final = 7
_GLOBAL: Final = "us-east-1"  # region of global services, and of their CloudTrail events
_TRACKING: Final = "MLFLOW_TRACKING_URI"

_Workload = Callable[[str, str, str], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clients:
    """API clients; ``last`` and ``last_global`` find the last author of a change in CloudTrail."""

    s3: Any
    budgets: Any
    account: str
    registry: str
    workload: _Workload
    login: Mapping[str, str] | None = None
    last: Last = no_trail
    last_global: Last = no_trail


def live_checks(stack: str, *, cloud: str, store: Path | None) -> list[Check]:
    """Return the checks of running resources.

    Args:
        stack: The stack.
        cloud: ``sandbox``: a running sandbox; ``aws``: the caller's credentials, kubeconfig and
            ``MLFLOW_TRACKING_URI``.
        store: Telemetry store; without it, versions in use are not checked.

    Raises:
        UserError: A required endpoint is not known.
    """
    project = find_project(Path.cwd(), stack)
    settings = project.read().settings
    clients = _sandbox(project) if cloud == "sandbox" else _aws(settings)
    checks = [
        objects_unchanged(clients.s3, clients.last),
        objects_released(clients.s3, lambda: released_objects(project.root, stack), clients.last),
        budgets_there(clients.budgets, clients.account, clients.last_global),
        aliases_follow_git(mlflow_alias(clients.registry, headers=clients.login)),
        workloads_as_declared(clients.workload),
    ]
    return checks if store is None else [*checks, versions_heard(lambda: _heard(store))]


def _login(ambient: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a registry with a login, from the variables of MLflow's own client."""
    import urllib3  # noqa: PLC0415

    user, password = (ambient.get(f"MLFLOW_TRACKING_{name}") for name in ("USERNAME", "PASSWORD"))
    return urllib3.make_headers(basic_auth=f"{user}:{password}") if user and password else {}


def _sandbox(project: Project) -> _Clients:
    import boto3  # noqa: PLC0415  a third of a second

    path = endpoints_path(project.root, project.stack, os.environ)
    try:
        endpoints = Endpoints.read(path)
    except EndpointsError as error:
        raise UserError(f"{error}\nNext: mobile-ai sandbox up") from error
    # Dummy credentials: the API requires some and verifies none.
    session = boto3.session.Session("sandbox", "sandbox", region_name="us-east-1")
    return _Clients(
        s3=session.client("s3", endpoint_url=endpoints.aws),
        budgets=session.client("budgets", endpoint_url=endpoints.aws),
        account=endpoints.account,
        registry=endpoints.mlflow,
        workload=lambda site, namespace, name: _in_sandbox(endpoints, site, namespace, name),
    )


def _in_sandbox(
    endpoints: Endpoints, site: str, namespace: str, name: str
) -> Mapping[str, Any] | None:
    from mobile_ai.sandbox.kubernetes.api import KubernetesApi  # noqa: PLC0415

    cluster = endpoints.cluster(site)
    if cluster is None:
        raise UserError(f"site {site}: got no API server. Next: mobile-ai sandbox up")
    api = KubernetesApi.of(cluster)
    metadata = {"namespace": namespace, "name": name}
    return api.read({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata})


def _aws(settings: Settings) -> _Clients:
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    own = settings.registry
    registry = own.tracking_uri if isinstance(own, ExternalRegistry) else os.environ.get(_TRACKING)
    if not registry:
        raise UserError(
            f"--live: got no address of the registry; expected one. Next: set {_TRACKING} to the "
            "stack's output `registryUri`."
        )
    contexts = {site.name: site.context or site.name for site in settings.sites}
    session = boto3.session.Session(region_name=settings.region)
    patient = Config(retries={"mode": "standard", "max_attempts": _ATTEMPTS})
    return _Clients(
        s3=session.client("s3"),
        budgets=session.client("budgets", region_name=_GLOBAL),
        account=settings.aws.account_id,
        registry=registry,
        login=_login(os.environ),
        workload=lambda site, namespace, name: _in_cluster(
            contexts.get(site, site), namespace, name
        ),
        last=Trail(session.client("cloudtrail", config=patient)).last,
        last_global=Trail(session.client("cloudtrail", region_name=_GLOBAL, config=patient)).last,
    )


def _in_cluster(context: str, namespace: str, name: str) -> Mapping[str, Any] | None:
    """Read a Deployment through a kubeconfig context, which is the site's name in pull mode."""
    from kubernetes import client, config  # noqa: PLC0415

    api = client.AppsV1Api(config.new_client_from_config(context=context))
    try:  # raw JSON: the client's own types convert times and names
        found = api.read_namespaced_deployment(name, namespace, _preload_content=False)
    except client.ApiException as error:
        if error.status == 404:  # noqa: PLR2004  HTTP
            return None
        raise
    value: Mapping[str, Any] = json.loads(found.data)
    return value


def _heard(store: Path) -> Iterable[tuple[str, str, str, int]]:
    """Yield the versions that devices and sites reported in the last week."""
    from mobile_ai.operations.telemetry.status import store_status  # noqa: PLC0415
    from mobile_ai.operations.telemetry.store import EventStore  # noqa: PLC0415  loads DuckDB

    since = time.strftime("%Y-%m-%dT%H", time.gmtime(time.time() - _DAYS_HEARD * 86400))
    for row in store_status(EventStore(store))["subjects"]:
        if str(row["last_hour"]) >= since:
            yield row["app"], row["model"], row["version"], row["events"]
