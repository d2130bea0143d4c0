"""Implementation of `mobile-ai monitor ingest`, from files or over HTTP."""

import json
import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from mobile_ai.cli.console import console
from mobile_ai.cli.errors import UserError
from mobile_ai.contracts.telemetry import GROUP_TIER

_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_TOKEN: Final = "MOBILE_AI_INGEST_TOKEN"  # noqa: S105  the name of a variable


def take_in(store: Any, files: list[Path], *, channel: Any, apps: list[str], as_json: bool) -> None:
    """Ingest files, compact the store, delete expired data, and print a summary."""
    from mobile_ai.operations.telemetry.compact import compact  # noqa: PLC0415
    from mobile_ai.operations.telemetry.ingest import ingest_file  # noqa: PLC0415
    from mobile_ai.operations.telemetry.retention import Retention, expire  # noqa: PLC0415

    rows = []
    now = datetime.now(UTC)
    with _progress(quiet=as_json) as bar:
        for path in files:
            task = bar.add_task(f"reading {path.name}", total=None)
            done = ingest_file(
                store,
                path,
                now=now,
                channel=channel,
                group_apps=apps,
                progress=partial(bar.advance, task),
            )
            rows.append({"file": str(path), **_numbers(done)})
        task = bar.add_task("compacting", total=None)
        compacted = compact(store, progress=lambda day: bar.update(task, description=day))
        expired = expire(store, now=now, keep=Retention())
    if as_json:
        totals = {**_numbers(compacted), "expired_files": expired}
        print(json.dumps({"files": rows, "compacted": totals}, indent=1))
        return
    for row in rows:
        print(
            f"{row['file']}: {row['accepted']:,} accepted, {row['refused']:,} refused, "
            f"{row['skipped']:,} already ingested"
        )
    print(f"{compacted.days} days compacted, {compacted.repeated:,} repeated events left out")


def serve(store: Any, listen: str, *, channel: Any, apps: list[str]) -> None:
    """Serve the local ingestion endpoint until interrupted."""
    import uvicorn  # noqa: PLC0415  only to listen

    from mobile_ai.operations.telemetry.endpoint import Endpoint  # noqa: PLC0415
    from mobile_ai.operations.telemetry.spool import IngestSpool  # noqa: PLC0415

    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit():
        raise UserError(
            f"--listen: got {listen!r}; expected HOST:PORT. Next: --listen 127.0.0.1:8088."
        )
    token = os.environ.get(_TOKEN, "")
    if host not in _LOOPBACK and not token:
        raise UserError(
            f"--listen {listen}: got no token; expected one in {_TOKEN}, since others can reach "
            "it. Next: set it, or --listen 127.0.0.1:8088."
        )
    endpoint = Endpoint(IngestSpool(store, channel), token=token, group_apps=apps)
    print(f"POST http://{listen}/v1/events; Ctrl-C ends and keeps everything", flush=True)
    uvicorn.run(endpoint, host=host, port=int(port), log_level="warning", limit_concurrency=256)


def _numbers(done: Any) -> dict[str, int]:
    return {name: getattr(done, name) for name in done.__dataclass_fields__}


def group_apps(stack: str) -> list[str]:
    """Return the applications of a stack that may send a group."""
    from mobile_ai.stack.reader import read_settings  # noqa: PLC0415

    settings = read_settings(stack)
    return sorted(
        {
            item.app
            for item in settings.deployments
            if item.data_processing.privacy_tier == GROUP_TIER
        }
    )


def _progress(*, quiet: bool) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description} {task.completed:,.0f}"),
        TimeElapsedColumn(),
        console=console(stderr=True),
        transient=True,
        disable=quiet,
    )
