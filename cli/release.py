"""`mobile-ai release`: plan, sign and steer what devices get; Git decides, keys confirm."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.errors import answering
from delivery.repository import stack as stacks
from delivery.repository.folder import Releases, read_releases
from delivery.repository.keys import create_keys, public_key, read_signers
from delivery.repository.release import (
    Places,
    Planned,
    plan_release,
    publish_release,
    stage_release,
)
from delivery.repository.root import first_root, rotate_root
from delivery.repository.site import write_site
from delivery.repository.timestamp import refresh_timestamp

__all__ = ["app"]

_ENDING = 1
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
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Sign what the plan shows and write it below releases/<stack>/.

    Example: mobile-ai release publish --stack dev --signers build/keys/dev/signers.yaml
    """
    with answering():
        places = Places(root=root_dir, stack=stack, config_file=config_file)
        done = publish_release(places, signers=read_signers(signers), now=_now(), rekey=rekey)
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
        staged = stage_release(places, signers=read_signers(signers), now=_now(), rekey=rekey)
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
    _edit(stacks.promote, deployment, Places(root=root_dir, stack=stack, config_file=config_file))


@app.command()
def halt(
    deployment: Name,
    stack: Stack,
    root_dir: Folder = Path(),
    config_file: Config = None,
    resume: Annotated[bool, typer.Option("--resume", help="Let it run again.")] = False,  # noqa: FBT002
) -> None:
    """Stop a version on every device, in the stack file; then plan and publish.

    Example: mobile-ai release halt field-assistant-digits --stack prod
    """
    _edit(
        stacks.resume if resume else stacks.halt,
        deployment,
        Places(root=root_dir, stack=stack, config_file=config_file),
    )


@app.command()
def rollback(
    deployment: Name, stack: Stack, root_dir: Folder = Path(), config_file: Config = None
) -> None:
    """Release the previous version to every ring, in the stack file; then plan and publish.

    Example: mobile-ai release rollback field-assistant-digits --stack prod
    """
    _edit(stacks.rollback, deployment, Places(root=root_dir, stack=stack, config_file=config_file))


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
        copied = write_site(out, places.releases, releases, models=places.models)
        version = refresh_timestamp(
            out / "metadata" / "timestamp.json",
            releases,
            signers=read_signers(signers).get("timestamp", []),
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


def _edit(change: Callable[[Any], str], deployment: str, places: Places) -> None:
    with answering():
        done = stacks.edit_deployment(places.stack_file, deployment, change)
    print(f"{places.stack_file}: {deployment}: {done}")
    print(
        f"Next: mobile-ai gate --stack {places.stack}, then commit; publish signs what was merged."
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
