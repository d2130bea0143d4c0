"""Do the aliases of the model registry follow Git?

MLflow's REST API: https://mlflow.org/docs/latest/rest-api.html (registered-models/alias).
"""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import urllib3
from governance.errors import GovernanceError
from governance.reading import Finding

from operations.audit.contract import Check, Deployed, Found

__all__ = ["Alias", "aliases_follow_git", "mlflow_alias"]

Alias = Callable[[str, str], str | None]
"""Manifest digest of the version that an alias of a model names; ``None`` where there is none."""

_DIGEST_TAG: Final = "mobile-ai.manifest-sha256"
_TIMEOUT: Final = urllib3.Timeout(connect=5, read=30)
_OK: Final = 200
_MISSING: Final = frozenset({"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"})


def aliases_follow_git(alias: Alias) -> Check:
    """Return the check; a model's alias is named after the stack.

    Args:
        alias: Asks the registry.
    """

    def look(deployed: Deployed) -> Iterator[Found]:
        for name, pin in sorted(deployed.declared.items()):
            got = alias(pin.model, deployed.stack)
            if got != pin.sha256:
                yield _found(name, pin.model, deployed.stack, got, pin.sha256)

    return Check(
        id="aliases-follow-git",
        title="The registry's alias of every deployed model names the version that Git pins.",
        severity="high",
        frameworks=("NIST AI RMF MANAGE 4.1", "NIST 800-53 CM-3"),
        look=look,
    )


def mlflow_alias(uri: str, *, headers: dict[str, str] | None = None) -> Alias:
    """Return what asks an MLflow server.

    Args:
        uri: Of the server.
        headers: For its authentication.
    """
    pool = urllib3.PoolManager(timeout=_TIMEOUT, headers=headers)

    def ask(model: str, alias: str) -> str | None:
        url = f"{uri.rstrip('/')}/api/2.0/mlflow/registered-models/alias"
        try:
            answer = pool.request("GET", url, fields={"name": model, "alias": alias})
            value = json.loads(answer.data)
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise _unanswered(uri, type(error).__name__) from error
        if answer.status == _OK:
            return _tag(value["model_version"])
        if value.get("error_code") in _MISSING:
            return None
        raise _unanswered(uri, f"status {answer.status}")

    return ask


def _tag(version: dict[str, Any]) -> str | None:
    tags = {item["key"]: item["value"] for item in version.get("tags", [])}
    return tags.get(_DIGEST_TAG)


def _unanswered(uri: str, got: str) -> GovernanceError:
    return GovernanceError(
        f"model registry {uri}",
        got=got,
        expected="an answer of MLflow",
        next_step="start the registry, or give the credentials that it asks for",
    )


def _found(name: str, model: str, alias: str, got: str | None, wanted: str) -> Found:
    return Found(
        finding=Finding(
            what=f"alias {alias!r} of model {model} ({name})",
            got=f"manifest {got[:16]}..." if got else "no alias, or a version without a digest",
            expected=f"manifest {wanted[:16]}..., as the stack file in Git pins it",
            next_step="run `mobile-ai model register` on the pinned manifest; find who moved it",
        )
    )
