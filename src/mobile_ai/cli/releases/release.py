"""`mobile-ai release`: plan, sign and control releases to devices."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from mobile_ai.cli.console import console
from mobile_ai.cli.deploy.check import show as show_check
from mobile_ai.cli.options import Json, Repository, StackFile
from mobile_ai.cli.uncommitted import note_uncommitted
from mobile_ai.contracts.trust import RENEW
from mobile_ai.delivery.repository import stack as stacks
from mobile_ai.delivery.repository.folder import ReleaseHistory, read_releases
from mobile_ai.delivery.repository.keys import create_keys, read_signers
from mobile_ai.delivery.repository.publish import publish as publish_roles
from mobile_ai.delivery.repository.publish import stage as stage_roles
from mobile_ai.delivery.repository.release import (
    PlannedRelease,
    RepositoryPaths,
    halt_is_signed,
    lift_halts,
    plan_release,
)
from mobile_ai.delivery.repository.root import check_no_root, first_root, rotate_root
from mobile_ai.delivery.repository.site import write_site
from mobile_ai.delivery.repository.timestamp import check_timestamp_key, refresh_timestamp
from mobile_ai.signing.keys import public_key
from mobile_ai.stack.editor import edit_deployment
from mobile_ai.stack.settings_deployment import Deployment

_ENDING = 1
_DENIED = 1
_NEEDS_A_RELEASE = "release-kept"
_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")  # long names, for people

app = typer.Typer(no_args_is_help=True, help=__doc__, rich_markup_mode=None)

Stack = Annotated[str, typer.Option("--stack", "-s", help="Stack, as in Pulumi.<stack>.yaml.")]
Keys = Annotated[Path, typer.Option("--signers", help="List of signers: role to URIs (YAML).")]
Online = Annotated[
    Path | None,
    typer.Option("--timestamp-key", help="Public key (PEM) of the online signer, such as KMS."),
]
Rekey = Annotated[
    bool,
    typer.Option(
        "--rekey", help="Set the keys of models, halt and rings to exactly those of the list."
    ),
]
OnlyHalts = Annotated[bool, typer.Option("--only-halts", help="Sign halts only.")]
Name = Annotated[str, typer.Argument(help="<app>-<model>, as in the stack file.")]


@app.command()
def init(
    stack: Stack,
    signers: Keys,
    timestamp_key: Online = None,
    root_dir: Repository = Path(),
    config_file: StackFile = None,
) -> None:
    """Initialize a stack's releases: create missing keys and the first root.

    Example: mobile-ai release init --stack dev --signers build/keys/dev/signers.yaml
    """
    places = RepositoryPaths(root=root_dir, stack=stack, config_file=config_file)
    check_no_root(places.releases)
    if not signers.exists():
        deployments = stacks.read_deployments(places.stack_file)
        rings = sorted({ring.name for item in deployments for ring in item.rollout.rings})
        create_keys(signers, rings)
        print(f"New keys in {signers.parent}: keep them apart, and none of them in Git.")
    online = public_key(timestamp_key) if timestamp_key else None
    first_root(places.releases, read_signers(signers), now=_now(), timestamp=online)
    print(f"{places.releases}/metadata/1.root.json: build it into the application.")


@app.command()
def plan(
    stack: Stack,
    root_dir: Repository = Path(),
    config_file: StackFile = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show the differences between Git and the signed release; requires no key.

    Example: mobile-ai release plan --stack dev
    """
    planned = plan_release(RepositoryPaths(root=root_dir, stack=stack, config_file=config_file))
    _show_halts(planned, stack)
    if as_json:
        print(json.dumps([asdict(item) for item in planned.changes]))
        return
    _show_plan(planned)


@app.command()
def publish(  # noqa: PLR0917  # typer passes options by name
    stack: Stack,
    signers: Keys,
    root_dir: Repository = Path(),
    config_file: StackFile = None,
    rekey: Rekey = False,  # noqa: FBT002
    only_halts: OnlyHalts = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Sign the planned changes and write them below releases/<stack>/.

    Changes that `mobile-ai check` denies are not signed; halts can always be signed.

    Example: mobile-ai release publish --stack dev --signers build/keys/dev/signers.yaml
    """
    places = RepositoryPaths(root=root_dir, stack=stack, config_file=config_file)
    planned = _plan_to_sign(places, only_halts=only_halts)
    done = publish_roles(
        places.releases,
        planned.wanted,
        releases=planned.releases,
        signers=read_signers(signers),
        now=_now(),
        rekey=rekey,
    )
    if as_json:
        print(json.dumps({"versions": dict(done.versions), "files": list(done.files)}))
        return
    if not done.versions:
        print("Nothing to sign: what is released is what Git asks for.")
    for role, version in done.versions.items():
        print(f"signed {role} {version}")
    print(f"{len(done.files)} new files below {places.releases}/targets")


@app.command()
def sign(
    stack: Stack,
    signers: Keys,
    root_dir: Repository = Path(),
    config_file: StackFile = None,
    rekey: Rekey = False,  # noqa: FBT002
) -> None:
    """Add your signatures to the planned changes, for roles with a threshold above one.

    Signatures are staged below releases/<stack>/staged: commit them, then the next signer signs
    or publishes. In the list of signers, name the keys of others as `public:PATH`.

    Example: mobile-ai release sign --stack prod --signers mine.yaml
    """
    places = RepositoryPaths(root=root_dir, stack=stack, config_file=config_file)
    planned = _plan_to_sign(places)
    staged = stage_roles(
        places.releases,
        planned.wanted,
        releases=planned.releases,
        signers=read_signers(signers),
        now=_now(),
        rekey=rekey,
    )
    if not staged:
        print("Nothing to sign: what is released is what Git asks for.")
    for item in staged:
        print(f"{item.role} {item.version}: {item.signatures} of {item.threshold} signatures")


@app.command()
def promote(
    deployment: Name, stack: Stack, root_dir: Repository = Path(), config_file: StackFile = None
) -> None:
    """Promote a deployment to its next ring in the stack file; then plan and publish.

    Example: mobile-ai release promote field-assistant-digits --stack prod
    """
    _edit(stacks.promote, deployment, root_dir, stack, config_file)


@app.command()
def halt(
    deployment: Name,
    stack: Stack,
    root_dir: Repository = Path(),
    config_file: StackFile = None,
) -> None:
    """Halt a version on every device, in the stack file; then plan and publish.

    A halt survives rollback, expiry and later releases; only `release lift` removes it.

    Example: mobile-ai release halt field-assistant-digits --stack prod
    """
    _edit(stacks.halt, deployment, root_dir, stack, config_file)


@app.command()
def lift(  # noqa: PLR0917  # typer passes options by name
    deployment: Name,
    stack: Stack,
    root_dir: Repository = Path(),
    config_file: StackFile = None,
    version: Annotated[
        str | None, typer.Option(help="Halted version; default: the pinned one.")
    ] = None,
    halt_id: Annotated[
        list[str] | None,
        typer.Option("--halt", help="ID of a halt, as reported by a device; repeatable."),
    ] = None,
) -> None:
    """Lift the halt of a version: request it in Git, for role `models` to sign.

    Keys of role halt cannot lift a halt. Devices refuse the version until two keys of role models
    have signed the release that lifts it.

    Example: mobile-ai release lift field-assistant-digits --stack prod
    """
    places = RepositoryPaths(root=root_dir, stack=stack, config_file=config_file)
    lifted = lift_halts(places, deployment, version=version, ids=halt_id or ())
    for item in lifted:
        print(f"{places.releases}/lifts.json: {item}")
    if not lifted:
        print(f"{places.stack_file}: {deployment}: halted: true -> false; it was never signed")
    print(f"Next: mobile-ai gate --stack {stack}, then commit; both keys of models sign the lift.")


@app.command()
def rollback(
    deployment: Name, stack: Stack, root_dir: Repository = Path(), config_file: StackFile = None
) -> None:
    """Release the previous version to every ring, in the stack file; then plan and publish.

    A version that was halted stays halted.

    Example: mobile-ai release rollback field-assistant-digits --stack prod
    """
    places = RepositoryPaths(root=root_dir, stack=stack, config_file=config_file)
    signed = halt_is_signed(places, deployment)
    change = partial(stacks.rollback, halt_signed=signed)
    _edit(change, deployment, root_dir, stack, config_file)


@app.command()
def status(
    stack: Stack,
    root_dir: Repository = Path(),
    config_file: StackFile = None,
    ends_within: Annotated[
        int, typer.Option(min=0, help="Exit with 1 if a signature expires within this many days.")
    ] = 0,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show version, signatures and expiry of each role, and the stage of each rollout.

    Exit code 1 if a signature has expired or expires within --ends-within days; publish renews it.

    Example: mobile-ai release status --stack dev --ends-within 30
    """
    places = RepositoryPaths(root=root_dir, stack=stack, config_file=config_file)
    roles = _roles(read_releases(places.releases))
    deployments = stacks.read_deployments(places.stack_file)
    limit = _now() + timedelta(days=ends_within)
    ending = [item["role"] for item in roles if datetime.fromisoformat(item["expires"]) <= limit]
    if as_json:
        rollouts = [
            {"name": item.name, **item.rollout.model_dump(include={"stage", "halted"})}
            for item in deployments
        ]
        print(json.dumps({"roles": roles, "deployments": rollouts, "ending": ending}))
    else:
        _show_status(roles, deployments, ending)
    if ending:
        raise typer.Exit(_ENDING)


@app.command()
def timestamp(  # noqa: PLR0917  # typer passes options by name
    stack: Stack,
    signers: Keys,
    out: Annotated[Path, typer.Option(help="Folder to serve; receives all files.")],
    root_dir: Repository = Path(),
    config_file: StackFile = None,
    minutes: Annotated[
        int, typer.Option(min=1, help="Validity of the timestamp in minutes.")
    ] = 1440,
) -> None:
    """Renew the timestamp for a sandbox, a mirror or a site without a cloud; run it on a schedule.

    Example: mobile-ai release timestamp --stack dev --signers build/keys/dev/signers.yaml
    --out build/cdn
    """
    places = RepositoryPaths(root=root_dir, stack=stack, config_file=config_file)
    releases = read_releases(places.releases)
    keys = read_signers(signers).get("timestamp", [])
    check_timestamp_key(releases, keys)
    copied = write_site(out, places.releases, releases, models=places.models)
    version = refresh_timestamp(
        out / "metadata" / "timestamp.json",
        releases,
        signers=keys,
        now=_now(),
        life=timedelta(minutes=minutes),
    )
    print(f"timestamp {version}; {copied} new files in {out}")


@app.command()
def rotate(
    stack: Stack,
    signers: Keys,
    timestamp_key: Online = None,
    root_dir: Repository = Path(),
    config_file: StackFile = None,
) -> None:
    """Write the next root with exactly the keys in the list; keys not listed are revoked.

    Removed root keys must sign it too: list them as `root-before`. Keys of models, halt and
    rings are changed by `publish --rekey`.

    Example: mobile-ai release rotate --stack prod --signers offline/signers.yaml
    """
    places = RepositoryPaths(root=root_dir, stack=stack, config_file=config_file)
    online = public_key(timestamp_key) if timestamp_key else None
    root = rotate_root(
        places.releases,
        read_releases(places.releases),
        signers=read_signers(signers),
        now=_now(),
        timestamp=online,
    )
    print(f"root {root.signed.version}; next: mobile-ai release publish --stack {stack}")


def _edit(
    change: Callable[[Any], str], deployment: str, root: Path, stack: str, config: Path | None
) -> None:
    places = RepositoryPaths(root=root, stack=stack, config_file=config)
    done = edit_deployment(places.stack_file, deployment, change)
    print(f"{places.stack_file}: {deployment}: {done}")
    print(
        f"Next: mobile-ai gate --stack {places.stack}, then commit; publish signs what was merged."
    )


def _plan_to_sign(places: RepositoryPaths, *, only_halts: bool = False) -> PlannedRelease:
    """Return the plan of a release; refuse one that rules deny, except for halts."""
    planned = plan_release(places)
    if only_halts:
        planned = planned.halts_alone()
    _show_halts(planned, places.stack)
    note_uncommitted(places.stack_file, places.models, places.releases)
    if not planned.only_halts:  # a halt must not be blocked by other problems
        _refuse_denied(places, first=planned.releases.snapshot is None)
    return planned


def _refuse_denied(places: RepositoryPaths, *, first: bool) -> None:
    """Refuse to sign denied changes; the first release is exempt from rules on kept releases."""
    from mobile_ai.gate.project import Project  # noqa: PLC0415  # heavy, and only signers need the judge
    from mobile_ai.gate.verdict.offline_check import check_stack  # noqa: PLC0415

    root = places.root.resolve()
    trust = stacks.read_trust(root / "policy-pack", places.stack)
    if trust.expired:  # what it signs now would count nowhere
        typer.echo(
            f"Nothing was signed: trust {trust.label} {trust.ended}. Next: {RENEW}; "
            "`mobile-ai release publish --only-halts` signs what is halted.",
            err=True,
        )
        raise typer.Exit(_DENIED)
    project = Project(root=root, stack=places.stack, named=places.config_file)
    found = check_stack(project, now=_now())
    if first:
        kept = tuple(item for item in found.verdicts if item.rule != _NEEDS_A_RELEASE)
        found = replace(found, verdicts=kept)
    if found.problems or found.denied:
        show_check(found)
        typer.echo(
            "Nothing was signed. Next: fix it, `mobile-ai check` says the same; "
            "`mobile-ai release publish --only-halts` signs what is halted.",
            err=True,
        )
        raise typer.Exit(_DENIED)


def _show_halts(planned: PlannedRelease, stack: str) -> None:
    for name in planned.still_halted:
        typer.echo(
            f"{name} stays halted: the stack file says that it is not, and no lift is signed. "
            f"Next: mobile-ai release lift {name} --stack {stack}",
            err=True,
        )


def _show_plan(planned: PlannedRelease) -> None:
    if not planned.changes:
        print("No change: what is released is what Git asks for.")
        return
    table = Table("role", "", "target")
    for item in planned.changes:
        table.add_row(item.role, item.sign, _DIGEST.sub(r"\1...", item.path))
    console().print(table)


def _show_status(
    roles: list[dict[str, Any]], deployments: Iterable[Deployment], ending: list[str]
) -> None:
    table = Table("role", "version", "signatures", "expires")
    for item in roles:
        table.add_row(*(str(value) for value in item.values()))
    console().print(table)
    for deployment in deployments:
        halted = ", halted" if deployment.rollout.halted else ""
        print(f"{deployment.name} {deployment.version}: ring {deployment.rollout.stage}{halted}")
    if ending:
        print(f"Ending: {', '.join(ending)}. Next: mobile-ai release publish; root: rotate.")


def _roles(releases: ReleaseHistory) -> list[dict[str, Any]]:
    found: dict[str, Any] = {"root": releases.root}
    found |= {"targets": releases.targets, **releases.delegated, "snapshot": releases.snapshot}
    return [
        {
            "role": name,
            "version": item.signed.version,
            "signatures": len(item.signatures),
            "expires": item.signed.expires.isoformat(),
        }
        for name, item in found.items()
        if item is not None
    ]


def _now() -> datetime:
    return datetime.now(UTC)
