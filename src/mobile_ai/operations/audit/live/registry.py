"""Check that the aliases of the model registry follow Git.

MLflow's REST API: https://mlflow.org/docs/latest/rest-api.html (registered-models/alias).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import urllib3

from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.errors import DocumentError, GovernanceError
from mobile_ai.contracts.reading import Finding
from mobile_ai.operations.audit.contract import Author, Check, DeployedStack, Found, moment


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedVersion:
    """Model version that an alias names.

    Attributes:
        sha256: Digest of its manifest, from a tag; empty without one.
        author: Known author; MLflow records none for an alias.
    """

    sha256: str = ""
    author: Author = field(default_factory=lambda: Author(source="MLflow", note=_NOBODY))


Alias = Callable[[str, str], NamedVersion]
"""Resolves an alias: from model and alias to `NamedVersion`."""

_NOBODY: Final = "aliases have no recorded author"
_DIGEST_TAG: Final = "mobile-ai.manifest-sha256"
_TIMEOUT: Final = urllib3.Timeout(connect=5, read=30)
_OK: Final = 200
_MISSING: Final = frozenset({"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"})


def aliases_follow_git(alias: Alias) -> Check:
    """Return the check; a model's alias is named after the stack.

    Args:
        alias: Resolves an alias in the registry.
    """

    def look(deployed: DeployedStack) -> Iterator[Found]:
        for name, pin in sorted(deployed.declared.items()):
            got = alias(pin.model, deployed.stack)
            if got.sha256 != pin.sha256:
                yield _found(name, pin.model, deployed.stack, got, pin.sha256)

    return Check(
        id="aliases-follow-git",
        title="The registry's alias of every deployed model names the version that Git pins.",
        severity="high",
        frameworks=("NIST AI RMF MANAGE 4.1", "NIST 800-53 CM-3"),
        look=look,
    )


def mlflow_alias(uri: str, *, headers: Mapping[str, str] | None = None) -> Alias:
    """Return a resolver of aliases on an MLflow server.

    Args:
        uri: Address of the server.
        headers: Headers for authentication.
    """
    pool = urllib3.PoolManager(timeout=_TIMEOUT, headers=headers)

    def ask(model: str, alias: str) -> NamedVersion:
        url = f"{uri.rstrip('/')}/api/2.0/mlflow/registered-models/alias"
        try:
            answer = pool.request("GET", url, fields={"name": model, "alias": alias})
            value = read_json(answer.data.decode(), name=url)
        except (urllib3.exceptions.HTTPError, UnicodeDecodeError, DocumentError) as error:
            raise _unanswered(uri, type(error).__name__) from error
        if answer.status == _OK:
            return _named(value["model_version"])
        if value.get("error_code") in _MISSING:
            return NamedVersion()
        raise _unanswered(uri, f"status {answer.status}")

    return ask


def _named(version: dict[str, Any]) -> NamedVersion:
    tags = {item["key"]: item["value"] for item in version.get("tags", [])}
    maker = version.get("user_id") or "an unrecorded user"
    made = version.get("creation_timestamp")
    when = f" on {moment(datetime.fromtimestamp(int(made) / 1000, UTC))}" if made else ""
    note = f"{_NOBODY}; version {version.get('version', '?')} was registered by {maker}{when}"
    return NamedVersion(sha256=tags.get(_DIGEST_TAG, ""), author=Author(source="MLflow", note=note))


def _unanswered(uri: str, got: str) -> GovernanceError:
    return GovernanceError(
        f"model registry {uri}",
        got=got,
        expected="an answer of MLflow",
        next_step="start the registry, or set MLFLOW_TRACKING_URI to the one that runs",
    )


def _found(name: str, model: str, alias: str, got: NamedVersion, wanted: str) -> Found:
    return Found(
        finding=Finding(
            what=f"alias {alias!r} of model {model} ({name})",
            got=f"manifest {got.sha256[:16]}..."
            if got.sha256
            else "no alias, or a version without a digest",
            expected=f"manifest {wanted[:16]}..., as the stack file in Git pins it",
            next_step="run `mobile-ai model register` on the pinned manifest; find who moved it",
        ),
        author=lambda: got.author,
    )
