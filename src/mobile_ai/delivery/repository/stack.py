"""The deployments of a stack file, and the edits that move a release."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.roots_folder import ROOTS_FILE, load_roots, pack_text
from mobile_ai.contracts.trust import Trust, load_trust
from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.stack.reader import read_stack_file
from mobile_ai.stack.settings_deployment import Deployment

_refused = ReleaseError.advising("look at mobile-ai release status")


def read_deployments(path: Path) -> tuple[Deployment, ...]:
    """Return the deployments of ``Pulumi.<stack>.yaml``.

    Raises:
        StackFileError: If the file cannot be used.
    """
    return read_stack_file(path).settings.deployments


def find_deployment(path: Path, name: str) -> Deployment:
    """Return a deployment of ``Pulumi.<stack>.yaml`` by its name ``<app>-<model>``.

    Raises:
        ReleaseError: If there is none of that name.
        StackFileError: If the file cannot be used.
    """
    known = {item.name: item for item in read_deployments(path)}
    if name not in known:
        raise _refused(name, "no such deployment", f"one of {sorted(known)}")
    return known[name]


def read_trust(pack: Path, stack: str) -> Trust:
    """Return the trust that the policy pack gives a stack.

    Raises:
        ReleaseError: If the stack is not listed, or its trust does not hold.
    """
    try:
        entry = load_roots(pack).stack(stack)
        text = pack_text(pack, entry.trust)
        return load_trust(text, environment=entry.environment, now=datetime.now(UTC))
    except GovernanceError as error:
        raise ReleaseError(
            f"trust of {stack}",
            got=f"{type(error).__name__}: {error}",
            expected=f"a stack listed in {pack / ROOTS_FILE} with a valid trust file",
            next_step="list the stack in policy-pack/stacks.yaml; an unlisted one releases nothing",
        ) from error


def promote(deployment: Any) -> str:
    """Move a deployment to its next ring.

    Raises:
        ReleaseError: If it is halted or frozen, or in the last ring.
    """
    rollout = deployment["rollout"]
    names = [ring["name"] for ring in rollout["rings"]]
    at = names.index(rollout["stage"])
    for state in ("halted", "frozen"):
        if rollout.get(state):
            raise _refused(deployment["app"], f"a {state} rollout", "one that runs")
    if at + 1 == len(names):
        raise _refused(deployment["app"], f"the last ring {names[at]!r}", "a ring after it")
    rollout["stage"] = names[at + 1]
    return f"stage: {names[at]} -> {names[at + 1]}"


def freeze(deployment: Any) -> str:
    """Let no further ring have a version; devices keep what they have.

    Raises:
        ReleaseError: If it is frozen already, or every ring has it.
    """
    rollout = deployment["rollout"]
    if rollout.get("frozen"):
        raise _refused(deployment["app"], "a frozen rollout", "one that goes on")
    if rollout["stage"] == rollout["rings"][-1]["name"]:
        raise _refused(deployment["app"], "a rollout that every ring has", "one under way")
    rollout["frozen"] = True
    return f"frozen: false -> true, at ring {rollout['stage']}"


def halt(deployment: Any) -> str:
    """Stop a version on every device.

    Raises:
        ReleaseError: If it is halted already.
    """
    return _set_halted(deployment, halted=True)


def resume(deployment: Any) -> str:
    """Say no more in a stack file that a version is halted; devices go by the lift alone.

    Raises:
        ReleaseError: If it is not halted.
    """
    return _set_halted(deployment, halted=False)


def rollback(deployment: Any, *, halt_signed: bool = False) -> str:
    """Release the previous version to every ring; a signed halt of the one before it stays.

    Args:
        deployment: The mapping in the stack file.
        halt_signed: Whether the halt of the version that is left, if there is one, was released.
            The stack file forgets that version, so a halt that stands only there would be lost.

    Raises:
        ReleaseError: If the stack file names none, or a halt would be lost.
    """
    previous = deployment.get("previous")
    if previous is None:
        raise _refused(deployment["app"], "no previous version", "one to go back to")
    if deployment["rollout"].get("halted") and not halt_signed:
        raise ReleaseError(
            deployment["app"],
            got="a halt that no release has signed",
            expected="a signed one, which outlives the rollback",
            next_step="mobile-ai release publish first, then roll back",
        )
    left = deployment["version"]
    for field in ("version", "manifest", "sha256"):
        deployment[field] = previous[field]
    del deployment["previous"]
    rollout = deployment["rollout"]
    rollout["stage"] = rollout["rings"][-1]["name"]
    for state in ("halted", "frozen"):
        rollout.pop(state, None)
    return f"version: {left} -> {deployment['version']}, all rings"


def _set_halted(deployment: Any, *, halted: bool) -> str:
    rollout = deployment["rollout"]
    if bool(rollout.get("halted")) == halted:
        raise _refused(deployment["app"], f"halted: {halted}".lower(), "the opposite")
    rollout["halted"] = halted
    return f"halted: {str(not halted).lower()} -> {str(halted).lower()}"
