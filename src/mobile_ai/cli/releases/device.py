"""`mobile-ai device`: reference update client for releases."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import typer
from rich.table import Table
from tuf.api.exceptions import DownloadError, RepositoryError

from mobile_ai.cli.console import console
from mobile_ai.cli.errors import UserError
from mobile_ai.cli.options import App, Embedded, Json, Model, Repository, StackFile
from mobile_ai.cli.releases.device_check import check_command
from mobile_ai.delivery.bundle import Bundle, verify_bundle
from mobile_ai.delivery.client import Device, active_model, explain
from mobile_ai.delivery.client import update as check
from mobile_ai.delivery.client.cache_encryption import read_key
from mobile_ai.delivery.client.conformance import download, init_trusted_root, refresh_metadata
from mobile_ai.delivery.errors import UpdateError
from mobile_ai.delivery.repository.release import RepositoryPaths

app = typer.Typer(no_args_is_help=True, help=__doc__, rich_markup_mode=None)
app.command(name="check")(check_command)

_REFUSED = 1  # the update was refused, or the CDN is unreachable; the active model stays
_FAILED = frozenset({"halt-stale", "refused", "unreachable"})

DeviceFolder = Annotated[Path, typer.Option("--dir", help="Folder of the client's files.")]
Root = Annotated[
    Path,
    typer.Option("--root", help="Initial trusted root: 1.root.json of the stack."),
]
AppVersion = Annotated[str, typer.Option("--app-version", help="Version of the application.")]
Class = Annotated[
    Literal["entry", "mid-range", "high-end"],
    typer.Option("--device-class", help="Performance class."),
]
SiteOption = Annotated[str | None, typer.Option("--site", help="Site name, for an edge pod.")]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key-file", help="Key that encrypts the cache: 32 bytes, or 64 hexadecimal digits."
    ),
]
Given = TypeVar("Given")


@app.command()
def update(  # noqa: PLR0917  # typer passes options by name
    url: Annotated[str, typer.Option("--url", help="Base URL of the CDN.")],
    root: Root,
    app_name: App,
    model: Model,
    folder: DeviceFolder = Path("build/device"),
    app_version: AppVersion = "1.0.0",
    device_class: Class = "mid-range",
    site: SiteOption = None,
    ring: Annotated[
        str | None, typer.Option("--ring", help="Ring assigned by the environment.")
    ] = None,
    ram_mb: Annotated[int | None, typer.Option("--ram-mb", min=1, help="Memory in MB.")] = None,
    embedded: Embedded = None,
    key_file: KeyFile = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Check for an update, verify and install it; exit code 1 if it was refused or unreachable.

    Exit code 1 also if the current halts could not be read. Of two concurrent checks of one
    folder, one proceeds and the other reports busy.

    Example: mobile-ai device update --url http://127.0.0.1:8080 --app field-assistant
    --model digits --root releases/dev/metadata/1.root.json --app-version 4.2.0
    """
    device = Device(
        folder=folder,
        root=_read(root),
        url=url,
        app=app_name,
        model=model,
        app_version=app_version,
        target="edge" if site else "on-device",
        place={"site": site} if site else {"deviceClass": device_class},
        embedded=embedded,
        ring=ring,
        ram_mb=ram_mb,
        key=_key(key_file),
    )
    outcome = check(device)
    if as_json:
        print(json.dumps(asdict(outcome)))
    else:
        print(f"{outcome.word}: {outcome.reason}")
        print(f"{outcome.requests} requests, {outcome.downloaded:,} bytes of model files")
    if outcome.word in _FAILED:
        raise typer.Exit(_REFUSED)


@app.command()
def why(  # noqa: PLR0917  # typer passes options by name
    app_name: App,
    model: Model,
    folder: DeviceFolder = Path("build/device"),
    embedded: Embedded = None,
    key_file: KeyFile = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Explain which model the device runs and why; works offline.

    Example: mobile-ai device why --app field-assistant --model digits
    """
    device = Device(
        folder=folder,
        root=b"",
        url="",
        app=app_name,
        model=model,
        app_version="",
        embedded=embedded,
        key=_key(key_file),
    )
    lines = explain(device)
    if as_json:
        path = active_model(device).path
        print(json.dumps({"path": str(path) if path else None, "lines": lines}))
        return
    table = Table.grid(padding=(0, 2))
    for what, reason in lines:
        table.add_row(what, reason)
    console().print(table)


@app.command("verify-bundle")
def verify(  # noqa: PLR0917  # typer passes options by name
    stack: Annotated[
        str, typer.Option("--stack", "-s", help="Stack that releases to the application.")
    ],
    root: Root,
    app_name: App,
    model: Model,
    app_version: AppVersion,
    embedded: Embedded = None,
    folder: Annotated[
        Path | None,
        typer.Option("--dir", help="Folder that is packaged; it must not contain a private key."),
    ] = None,
    root_dir: Repository = Path(),
    config_file: StackFile = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Check an application's package before its release; exit code 1 if a check fails.

    Example: mobile-ai device verify-bundle --stack dev --app field-assistant --model digits
    --app-version 4.2.0 --root releases/dev/metadata/1.root.json
    --embedded models/digits/1.0.0/artifacts/digits-int8.tflite
    """
    bundle = Bundle(
        app=app_name,
        model=model,
        app_version=app_version,
        root=root,
        embedded=embedded,
        folder=folder,
    )
    places = RepositoryPaths(root=root_dir, stack=stack, config_file=config_file)
    findings = verify_bundle(bundle, places, now=datetime.now(UTC))
    if as_json:
        print(json.dumps([asdict(item) for item in findings]))
    else:
        table = Table.grid(padding=(0, 2))
        for name in ("good", "check", "found"):
            table.add_column(name, overflow="fold")  # a digest is shown whole
        for item in findings:
            table.add_row("ok" if item.good else "NO", item.check, item.found)
        console().print(table)
    if not all(item.good for item in findings):
        raise typer.Exit(_REFUSED)


@app.command()
def tuf(  # noqa: PLR0917  # typer passes options by name
    action: Annotated[
        Literal["init", "refresh", "download"], typer.Argument(help="Client action.")
    ],
    trusted_root: Annotated[
        Path | None, typer.Argument(help="Root file to trust, for init.")
    ] = None,
    metadata_dir: Annotated[Path, typer.Option(help="Folder of the metadata.")] = Path("metadata"),
    metadata_url: Annotated[str | None, typer.Option(help="Base URL of the metadata.")] = None,
    target_name: Annotated[list[str] | None, typer.Option(help="Target name; repeatable.")] = None,
    target_base_url: Annotated[str | None, typer.Option(help="Base URL of the targets.")] = None,
    target_dir: Annotated[Path | None, typer.Option(help="Folder for downloaded targets.")] = None,
) -> None:
    """Run the plain TUF client for the TUF conformance suite; exit code 1 on refusal.

    Example: mobile-ai device tuf --metadata-dir D --metadata-url http://127.0.0.1:8080 refresh
    """
    try:
        if action == "init":
            init_trusted_root(metadata_dir, _given(trusted_root, "the root to trust, after init"))
        elif action == "refresh":
            refresh_metadata(metadata_dir, _given(metadata_url, "--metadata-url"))
        else:
            download(
                metadata_dir,
                _given(metadata_url, "--metadata-url"),
                _given(target_name, "--target-name"),
                base=_given(target_base_url, "--target-base-url"),
                folder=_given(target_dir, "--target-dir"),
            )
    except (RepositoryError, DownloadError, UpdateError, OSError) as error:
        typer.echo(f"refused: {type(error).__name__}: {error}", err=True)
        raise typer.Exit(_REFUSED) from error


def _given(value: Given | None, name: str) -> Given:
    if value is None:
        raise UserError(f"{name}: got nothing; expected a value. Next: mobile-ai device tuf --help")
    return value


def _key(path: Path | None) -> bytes | None:
    return None if path is None else read_key(path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path}: got {error.strerror}; expected a root file. "
            "Next: name the first root of the stack, releases/<stack>/metadata/1.root.json"
        ) from error
