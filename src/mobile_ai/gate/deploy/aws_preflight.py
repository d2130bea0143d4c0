"""Preconditions of changes to a stack on AWS.

The account is not checked here: the providers of the plan and of the state reject any account other
than `aws.accountId`, by `allowedAccountIds`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mobile_ai.gate.changes.source import read_source, uncommitted
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project
from mobile_ai.gate.state.baseline import exported_rows

_KEY_SERVICE: Final = "awskms://"
_SHOWN: Final = 5


def require_clean(project: Project) -> None:
    """Check that the files are exactly those of a commit, which identifies the deployment.

    Raises:
        GateError: Something is not committed, or there is no commit.
    """
    source = read_source(project)
    if source.clean and source.commit:
        return
    names = uncommitted(project)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    raise GateError(
        f"{project.root}: got {', '.join(names[:_SHOWN]) or 'no commit'}{more} uncommitted; "
        "expected exactly the files of a commit, since it names what is deployed. Next: commit, "
        "or run in a fresh clone; keep written files in build/."
    )


def require_key_service(project: Project, export: Mapping[str, Any]) -> None:
    """Check that an AWS KMS key encrypts the stack's secrets, in its file and in its state.

    Raises:
        GateError: Another secrets provider is in use, or none is known.
    """
    found = list(_secrets_providers(project, export))
    if found and all(name.startswith(_KEY_SERVICE) for name in found):
        return
    raise GateError(
        f"stack {project.stack}: got secrets provider {' and '.join(found) or 'none'}; expected "
        f"{_KEY_SERVICE}..., so that no passphrase opens the state. Next: `pulumi stack "
        f"change-secrets-provider --stack {project.stack} "
        '"awskms:///<key>?region=<region>"`, then commit the stack file.'
    )


def _secrets_providers(project: Project, export: Mapping[str, Any]) -> Iterator[str]:
    """Yield the secrets providers of the stack file and of the last state."""
    secrets = project.read().secrets
    if "encryptionsalt" in secrets:
        yield "passphrase (encryptionsalt in the stack file)"
    if secrets.get("secretsprovider"):
        yield str(secrets["secretsprovider"])
    made = (export.get("deployment") or {}).get("secrets_providers") or {}
    if made.get("type"):
        url = (made.get("state") or {}).get("url")
        yield str(url or made["type"])


def require_settled(project: Project, export: Mapping[str, Any]) -> None:
    """Check that the state has no pending operations of earlier runs.

    A sandbox clears them automatically. In an account an operator must decide first, since a
    resource that exists but is dropped from the state is billed and unmanaged.

    Raises:
        GateError: An earlier run was killed during an operation.
    """
    pending = (export.get("deployment") or {}).get("pending_operations") or []
    if not pending:
        return
    names = [f"{item.get('type')} {item.get('resource', {}).get('urn')}" for item in pending]
    raise GateError(
        f"state of stack {project.stack}: got {len(names)} operations that an earlier run left "
        f"unfinished ({', '.join(names[:_SHOWN])}); expected none. Next: `pulumi refresh --stack "
        f"{project.stack}` in a terminal asks for each whether it was created; answer with the "
        "id of what exists, then run the same command again."
    )


def protected(export: Mapping[str, Any]) -> list[str]:
    """Return the URNs of protected resources."""
    return [str(item["urn"]) for item in exported_rows(export) if item.get("protect")]


def require_unprotected(project: Project, export: Mapping[str, Any]) -> None:
    """Check that no resource is protected, before any other is deleted.

    The engine would delete every unprotected resource and then fail on the protected ones.

    Raises:
        GateError: A resource is protected.
    """
    found = protected(export)
    if not found:
        return
    names = ", ".join(_name(urn) for urn in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    raise GateError(
        f"stack {project.stack}: got {len(found)} protected resources ({names}{more}); expected "
        f"none, so nothing was deleted. Next: set `mobile-ai:protect: false` in "
        f"{project.stack_file.name} through a pull request (rule stores-protected takes a "
        "waiver), `mobile-ai up`, then run the same command again."
    )


def _name(urn: str) -> str:
    """Return type and name of a URN, such as ``aws:s3/bucket:Bucket telemetry``."""
    kinds, _, name = urn.rpartition("::")
    return f"{kinds.rpartition('::')[2].rpartition('$')[2]} {name}"
