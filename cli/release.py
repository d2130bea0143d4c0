"""`mobile-ai release`: plan, sign and steer what devices get; Git decides, keys confirm."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.check import show as show_check
from cli.errors import answering
from delivery.repository import stack as stacks
from delivery.repository.folder import Releases, read_releases
from delivery.repository.keys import create_keys, public_key, read_signers
from delivery.repository.release import (
    Places,
    Planned,
    halt_is_signed,
    lift_halts,
    plan_release,
    publish_release,
    stage_release,
)
from delivery.repository.root import check_no_root, first_root, rotate_root
from delivery.repository.site import write_site
from delivery.repository.timestamp import check_timestamp_key, refresh_timestamp

__all__ = ["app"]

_ENDING = 1
_DENIED = 1
_NEEDS_A_RELEASE = "release-kept"
_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")  # long names, for people

app = typer.Typer(no_args_is_help=True, help=__doc__, rich_markup_mode=None)

Stack = Annotated[str, typer.Option("--stack", "-s", help="Which stack: dev or prod.")]
Folder = Annotated[Path, typer.Option("--root-dir", help="The repository.")]
Config = Annotated[
    Path | None,
    typer.Option("--config-file", help="Another stack file than the repository's, such as a copy."),
]
Keys = Annotated[Path, typer.Option("--signers", help="List of signers: role to URIs (YAML).")]
Online = Annotated[
    Path | None,
    typer.Option("--timestamp-key", help="Public key (PEM) of the online signer, such as KMS."),
]
Rekey = Annotated[
    bool,
    typer.Option("--rekey", help="Give models, halt and rings exactly the keys of the list."),
]
OnlyHalts = Annotated[
    bool, typer.Option("--only-halts", help="Sign what is halted, and leave the rest for later.")
]
Name = Annotated[str, typer.Argument(help="<app>-<model>, as in the stack file.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value for machines.")]


@app.command()
def init(
    stack: Stack,
    signers: Keys,
    timestamp_key: Online = None,
    root_dir: Folder = Path(),
    config_file: Config = None,
) -> None:
    """Begin a stack's releases: keys where there are none yet, and the first root.

    Example: mobile-ai release init --stack dev --signers build/keys/dev/signers.yaml
    """
    with answering():
        places = Places(root=root_dir, stack=stack, config_file=config_file)
        check_no_root(places.releases)
        if not signers.exists():
            deployments = stacks.read_deployments(places.stack_file)
            rings = sorted({ring.name for item in deployments for ring in item.rings})
            create_keys(signers, rings)
            print(f"New keys in {signers.parent}: keep them apart, and none of them in Git.")
        online = public_key(timestamp_key) if timestamp_key else None
        first_root(places.releases, read_signers(signers), now=_now(), timestamp=online)
        print(f"{places.releases}/metadata/1.root.json: build it into the application.")


@app.command()
def plan(
    stack: Stack,
    root_dir: Folder = Path(),
    config_file: Config = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show what Git asks for against what is signed; needs no key.

    Example: mobile-ai release plan --stack dev
    """
    with answering():
        planned = plan_release(Places(root=root_dir, stack=stack, config_file=config_file))
    _show_halts(planned, stack)
    if as_json:
        print(json.dumps([asdict(item) for item in planned.changes]))
        return
    _show_plan(planned)


@app.command()
def publish(  # noqa: PLR0917  # typer passes options by name
    stack: Stack,
    signers: Keys,
    root_dir: Folder = Path(),
    config_file: Config = None,
    rekey: Rekey = False,  # noqa: FBT002
    only_halts: OnlyHalts = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Sign what the plan shows and write it below releases/<stack>/.

    What `mobile-ai check` denies is not signed; halts can be, whatever else is in the plan.

    Example: mobile-ai release publish --stack dev --signers build/keys/dev/signers.yaml
    """
    with answering():
        places = Places(root=root_dir, stack=stack, config_file=config_file)
        planned = _plan_to_sign(places, only_halts=only_halts)
        done = publish_release(
            places, planned, signers=read_signers(signers), now=_now(), rekey=rekey
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
    root_dir: Folder = Path(),
    config_file: Config = None,
    rekey: Rekey = False,  # noqa: FBT002
) -> None:
    """Add your signatures to what the plan shows, for roles that need several people's.

    They are staged below releases/<stack>/staged: commit them, and let the next person sign, or
    publish. In the list of signers, name the keys of others as `public:PATH`.

    Example: mobile-ai release sign --stack prod --signers mine.yaml
    """
    with answering():
        places = Places(root=root_dir, stack=stack, config_file=config_file)
        planned = _plan_to_sign(places)
        staged = stage_release(
            places, planned, signers=read_signers(signers), now=_now(), rekey=rekey
        )
    if not staged:
        print("Nothing to sign: what is released is what Git asks for.")
    for item in staged:
        print(f"{item.role} {item.version}: {item.signatures} of {item.threshold} signatures")


@app.command()
def promote(
    deployment: Name, stack: Stack, root_dir: Folder = Path(), config_file: Config = None
) -> None:
    """Move a deployment to its next ring, in the stack file; then plan and publish.

    Example: mobile-ai release promote field-assistant-digits --stack prod
    """
    _edit(stacks.promote, deployment, root_dir, stack, config_file)


@app.command()
def halt(
    deployment: Name,
    stack: Stack,
    root_dir: Folder = Path(),
    config_file: Config = None,
) -> None:
    """Stop a version on every device, in the stack file; then plan and publish.

    Rollback, expiry and a later release keep the halt; only `release lift` ends it.

    Example: mobile-ai release halt field-assistant-digits --stack prod
    """
    _edit(stacks.halt, deployment, root_dir, stack, config_file)


@app.command()
def lift(  # noqa: PLR0917  # typer passes options by name
    deployment: Name,
    stack: Stack,
    root_dir: Folder = Path(),
    config_file: Config = None,
    version: Annotated[
        str | None, typer.Option(help="The halted version; else the one that is pinned.")
    ] = None,
    halt_id: Annotated[
        list[str] | None, typer.Option("--halt", help="Id of a halt that a device names.")
    ] = None,
) -> None:
    """Let a halted version run again: ask for it in Git, for role `models` to sign.

    The keys of role halt cannot do this. Devices go on refusing the version until two keys of
    models have signed the release that lifts it.

    Example: mobile-ai release lift field-assistant-digits --stack prod
    """
    with answering():
        places = Places(root=root_dir, stack=stack, config_file=config_file)
        lifted = lift_halts(places, deployment, version=version, ids=halt_id or ())
    for item in lifted:
        print(f"{places.releases}/lifts.json: {item}")
    if not lifted:
        print(f"{places.stack_file}: {deployment}: halted: true -> false; it was never signed")
    print(f"Next: mobile-ai gate --stack {stack}, then commit; both keys of models sign the lift.")


@app.command()
def rollback(
    deployment: Name, stack: Stack, root_dir: Folder = Path(), config_file: Config = None
) -> None:
    """Release the previous version to every ring, in the stack file; then plan and publish.

    A version that was halted stays halted.

    Example: mobile-ai release rollback field-assistant-digits --stack prod
    """
    with answering():
        places = Places(root=root_dir, stack=stack, config_file=config_file)
        signed = halt_is_signed(places, deployment)
    change = partial(stacks.rollback, halt_signed=signed)
    _edit(change, deployment, root_dir, stack, config_file)


@app.command()
def status(
    stack: Stack,
    root_dir: Folder = Path(),
    config_file: Config = None,
    ends_within: Annotated[
        int, typer.Option(min=0, help="Exit with 1 if a signature ends within so many days.")
    ] = 0,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show which roles are signed, by whom, until when, and how far each rollout is.

    Exit code 1 when a signature has ended or ends within --ends-within days: publish renews it.

    Example: mobile-ai release status --stack dev --ends-within 30
    """
    with answering():
        places = Places(root=root_dir, stack=stack, config_file=config_file)
        roles = _roles(read_releases(places.releases))
        deployments = stacks.read_deployments(places.stack_file)
    limit = _now() + timedelta(days=ends_within)
    ending = [item["role"] for item in roles if datetime.fromisoformat(item["expires"]) <= limit]
    if as_json:
        rollouts = [{"name": i.name, "stage": i.stage, "halted": i.halted} for i in deployments]
        print(json.dumps({"roles": roles, "deployments": rollouts, "ending": ending}))
    else:
        _show_status(roles, deployments, ending)
    if ending:
        raise typer.Exit(_ENDING)


@app.command()
def timestamp(  # noqa: PLR0917  # typer passes options by name
    stack: Stack,
    signers: Keys,
    out: Annotated[Path, typer.Option(help="Folder that is served; also gets all files.")],
    root_dir: Folder = Path(),
    config_file: Config = None,
    minutes: Annotated[int, typer.Option(min=1, help="How long the timestamp counts.")] = 1440,
) -> None:
    """Sign freshness anew, for a sandbox, a mirror or a site without a cloud; run it on a schedule.

    Example: mobile-ai release timestamp --stack dev --signers build/keys/dev/signers.yaml
    --out build/cdn
    """
    with answering():
        places = Places(root=root_dir, stack=stack, config_file=config_file)
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
    root_dir: Folder = Path(),
    config_file: Config = None,
) -> None:
    """Write the next root, with exactly the keys in the list; keys not listed are revoked.

    Root keys that leave sign it once more: name them in the list as `root-before`. Keys of
    models, halt and rings change with `publish --rekey`.

    Example: mobile-ai release rotate --stack prod --signers offline/signers.yaml
    """
    with answering():
        places = Places(root=root_dir, stack=stack, config_file=config_file)
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
    with answering():
        places = Places(root=root, stack=stack, config_file=config)
        done = stacks.edit_deployment(places.stack_file, deployment, change)
    print(f"{places.stack_file}: {deployment}: {done}")
    print(
        f"Next: mobile-ai gate --stack {places.stack}, then commit; publish signs what was merged."
    )


def _plan_to_sign(places: Places, *, only_halts: bool = False) -> Planned:
    """Return the plan of a release, unless it gives devices something that the rules deny."""
    planned = plan_release(places)
    if only_halts:
        planned = planned.halts_alone()
    _show_halts(planned, places.stack)
    if not planned.only_halts:  # a halt waits for nothing else to be right
        _refuse_denied(places, first=planned.releases.snapshot is None)
    return planned


def _refuse_denied(places: Places, *, first: bool) -> None:
    """Refuse to sign what the rules deny; before the first release none can be in Git."""
    from gate.errors import GateError  # noqa: PLC0415  # heavy, and only signers need the judge
    from gate.project import Project  # noqa: PLC0415
    from gate.quick import check_stack  # noqa: PLC0415

    root = places.root.resolve()
    project = Project(root=root, stack=places.stack, named=places.config_file)
    with answering(GateError):
        found = check_stack(project, now=_now())
    if first:
        kept = tuple(item for item in found.verdicts if item.rule != _NEEDS_A_RELEASE)
        found = replace(found, verdicts=kept)
    if found.problems or found.denied:
        show_check(found)
        typer.echo(
            "Nothing was signed. Next: mend it, mobile-ai check says the same; "
            "mobile-ai release publish --only-halts signs what is halted.",
            err=True,
        )
        raise typer.Exit(_DENIED)


def _show_halts(planned: Planned, stack: str) -> None:
    for name in planned.still_halted:
        typer.echo(
            f"{name} stays halted: the stack file says that it is not, and no lift is signed. "
            f"Next: mobile-ai release lift {name} --stack {stack}",
            err=True,
        )


def _show_plan(planned: Planned) -> None:
    if not planned.changes:
        print("No change: what is released is what Git asks for.")
        return
    table = Table("role", "", "target")
    for item in planned.changes:
        table.add_row(item.role, item.sign, _DIGEST.sub(r"\1...", item.path))
    Console().print(table)


def _show_status(
    roles: list[dict[str, Any]], deployments: list[stacks.Deployment], ending: list[str]
) -> None:
    table = Table("role", "version", "signatures", "expires")
    for item in roles:
        table.add_row(*(str(value) for value in item.values()))
    Console().print(table)
    for deployment in deployments:
        halted = ", halted" if deployment.halted else ""
        print(f"{deployment.name} {deployment.pin.version}: ring {deployment.stage}{halted}")
    if ending:
        print(f"Ending: {', '.join(ending)}. Next: mobile-ai release publish; root: rotate.")


def _roles(releases: Releases) -> list[dict[str, Any]]:
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
