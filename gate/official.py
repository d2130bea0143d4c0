"""What a real stack must fulfil before anything is changed in it.

The account is not asked here: the providers of the plan and of the state refuse any but
`aws.accountId`, by `allowedAccountIds`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gate.errors import GateError
from gate.project import Project
from gate.source import read_source, uncommitted

__all__ = [
    "protected",
    "require_clean",
    "require_key_service",
    "require_settled",
    "require_unprotected",
]

_KEY_SERVICE: Final = "awskms://"
_SHOWN: Final = 5


def require_clean(project: Project) -> None:
    """Check that the files are exactly those of a commit, which then names what is deployed.

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
    """Check that a key in AWS KMS encrypts the stack's secrets, in its file and in its state.

    Raises:
        GateError: Something else does, or nothing is known to.
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
    """Yield who encrypts: what the engine would use for the next state, and what made the last."""
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
    """Check that the end of every operation of earlier runs is known.

    In a sandbox they are settled at once; in an account somebody may have to look first, since
    what is dropped from the state and does exist is paid for and managed by nobody.

    Raises:
        GateError: An earlier run was killed in the middle of some.
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
    """Return the URNs that the engine refuses to delete."""
    resources = (export.get("deployment") or {}).get("resources") or []
    return [str(item["urn"]) for item in resources if item.get("protect")]


def require_unprotected(project: Project, export: Mapping[str, Any]) -> None:
    """Check that nothing is protected, before anything beside it is deleted.

    The engine would delete all that it may, and stop at the rest.

    Raises:
        GateError: Something is.
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
    """``aws:s3/bucket:Bucket telemetry`` of a URN."""
    kinds, _, name = urn.rpartition("::")
    return f"{kinds.rpartition('::')[2].rpartition('$')[2]} {name}"
