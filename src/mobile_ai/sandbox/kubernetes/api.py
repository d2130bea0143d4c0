"""Minimal Kubernetes API client: server-side apply, read and delete.

Server-side apply: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from kubernetes import client
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import DynamicApiError
from urllib3.exceptions import HTTPError

from mobile_ai.sandbox.errors import SandboxError

if TYPE_CHECKING:
    from mobile_ai.sandbox.services.endpoints import Cluster

Object: TypeAlias = dict[str, Any]
_SECONDS: Final = 30.0
_MISSING, _BUSY = 404, 429
_PAUSES: Final = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)  # seconds


class KubernetesApiError(SandboxError):
    """The API server refused a request, or is not reachable.

    Attributes:
        status: HTTP status; 0 without a response.
        reason: Machine-readable reason, such as `Conflict`.
    """

    def __init__(self, message: str, *, status: int = 0, reason: str = "") -> None:
        """Store the server's message, status and reason."""
        super().__init__(message)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind that the server serves.

    Attributes:
        path: Path of its group and version, as `/apis/apps/v1`.
        plural: Its name in paths.
        namespaced: Whether its objects are namespaced.
        verbs: Verbs that the server supports for it.
    """

    path: str
    plural: str
    namespaced: bool
    verbs: frozenset[str]

    def collection(self, namespace: str) -> str:
        """Return the path of all its objects, within a namespace if it is namespaced."""
        inside = f"/namespaces/{namespace}" if self.namespaced else ""
        return f"{self.path}{inside}/{self.plural}"


class KubernetesApi:
    """Client of one API server; thread-safe."""

    def __init__(
        self, *, server: str, ca: str, token: str, certificate: str = "", key: str = ""
    ) -> None:
        """Configure the client; no request is sent yet.

        Args:
            server: URL of the server.
            ca: Path of the CA certificate, PEM.
            token: Bearer token; empty with a client certificate.
            certificate: Path of a client certificate, PEM.
            key: Path of its private key.
        """
        settings = client.Configuration()
        settings.host, settings.ssl_ca_cert = server, ca
        settings.cert_file, settings.key_file = certificate or None, key or None
        settings.api_key = {"authorization": f"Bearer {token}"} if token else {}
        settings.proxy = None  # loopback must not use a proxy from the environment
        settings.retries = False
        # The client's discovery caches in the system's temporary folder, where the cache would
        # outlive the server; the few discovery requests here need none.
        self._client = DynamicClient(client.ApiClient(settings), discoverer=lambda *_: None)
        self._kinds: dict[str, dict[str, Kind]] = {}
        self._asking = threading.Lock()

    @classmethod
    def of(cls, cluster: "Cluster") -> "KubernetesApi":
        """Return the client of a sandbox cluster."""
        return cls(
            server=cluster.server,
            ca=cluster.ca,
            token=cluster.token,
            certificate=cluster.certificate,
            key=cluster.key,
        )

    def kind(self, api_version: str, kind: str) -> Kind:
        """Return the server's description of a kind.

        Raises:
            KubernetesApiError: The kind is not served (`UnknownKind`), or the request failed.
        """
        with self._asking:
            known = self._kinds.get(api_version, {})
            if kind not in known:
                known = self._kinds[api_version] = self._kinds_of(api_version)
        if kind not in known:
            raise KubernetesApiError(
                f"the API server knows no kind `{kind}` of `{api_version}`: install its custom "
                "resource definition first",
                status=_MISSING,
                reason="UnknownKind",
            )
        return known[kind]

    def apply(self, wanted: Object, *, manager: str, dry_run: bool, force: bool) -> Object:
        """Apply an object server-side and return the result.

        Args:
            wanted: The fields that `manager` owns, including apiVersion, kind and name.
            manager: The field manager.
            dry_run: Validate, including admission, without storing.
            force: Take over fields that other managers own.

        Raises:
            KubernetesApiError: The server refuses it, such as for an unknown field.
        """
        parameters = [("fieldManager", manager), ("force", json.dumps(force))]
        parameters += [("fieldValidation", "Strict"), *([("dryRun", "All")] if dry_run else [])]
        return self._ask(
            "patch",
            self._path(wanted),
            body=wanted,
            query_params=parameters,
            content_type="application/apply-patch+yaml",
        )

    def read(self, named: Object) -> Object | None:
        """Return the object with this apiVersion, kind, name and namespace; None if missing.

        Raises:
            KubernetesApiError: The request failed.
        """
        try:
            return self._ask("get", self._path(named))
        except KubernetesApiError as error:
            if error.status == _MISSING:
                return None
            raise

    def delete(self, named: Object, *, propagation: str) -> Object | None:
        """Delete an object; return None if it is missing.

        Args:
            named: Its apiVersion, kind, name and namespace.
            propagation: `Foreground`, `Background` or `Orphan`: deletion of dependents.

        Raises:
            KubernetesApiError: The server refuses it.
        """
        options = [("propagationPolicy", propagation)]
        try:
            return self._ask("delete", self._path(named), query_params=options)
        except KubernetesApiError as error:
            if error.status == _MISSING:
                return None
            raise

    def request(self, method: str, path: str, body: Object | None = None) -> Object:
        """Send another request by its path.

        Raises:
            KubernetesApiError: The server refuses it.
        """
        return self._ask(method, path, body=body)

    def groups(self) -> list[str]:
        """Return every served group and version, as `v1` and `apps/v1`."""
        groups = self._ask("get", "/apis")["groups"]
        return ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups)]

    def kinds(self, api_version: str) -> Mapping[str, Kind]:
        """Return the kinds of a group and version, by name."""
        with self._asking:
            return self._kinds_of(api_version)

    def _path(self, named: Object) -> str:
        metadata = named["metadata"]
        kind = self.kind(named["apiVersion"], named["kind"])
        return f"{kind.collection(metadata.get('namespace') or 'default')}/{metadata['name']}"

    def _kinds_of(self, api_version: str) -> dict[str, Kind]:
        path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            listed = self._ask("get", path)["resources"]
        except KubernetesApiError as error:
            if error.status == _MISSING:
                return {}
            raise
        return {
            one["kind"]: Kind(
                path=path,
                plural=one["name"],
                namespaced=one["namespaced"],
                verbs=frozenset(one["verbs"]),
            )
            for one in listed
            if "/" not in one["name"]  # excludes subresources, such as `status`
        }

    def _ask(self, method: str, path: str, **more: Any) -> Object:
        """Send a request; retry while the server reports 429, which leaves no side effect."""
        for pause in _PAUSES:
            try:
                return self._ask_once(method, path, **more)
            except KubernetesApiError as error:
                if error.status != _BUSY:
                    raise
                time.sleep(pause)
        return self._ask_once(method, path, **more)

    def _ask_once(self, method: str, path: str, **more: Any) -> Object:
        try:
            answer = self._client.request(
                method, path, serialize=False, _request_timeout=_SECONDS, **more
            )
        except DynamicApiError as error:
            raise _refusal(error) from error
        except HTTPError as error:
            raise KubernetesApiError(
                f"the API server {self._client.configuration.host} does not answer: "
                f"{type(error).__name__}; `mobile-ai sandbox status` shows what runs"
            ) from error
        document: Object = json.loads(answer.data)
        return document


def _refusal(error: DynamicApiError) -> KubernetesApiError:
    try:
        status = json.loads(error.body)
        message, reason = str(status["message"]), str(status.get("reason", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        message, reason = str(error.reason), ""
    return KubernetesApiError(message, status=error.status, reason=reason)
