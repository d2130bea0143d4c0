"""`mobile-ai monitor`: ingest telemetry, detect drift and regressions, list findings."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from mobile_ai.cli.console import console
from mobile_ai.cli.errors import UserError
from mobile_ai.cli.money.usage import measured_command
from mobile_ai.cli.operations.dashboard import dashboard_command
from mobile_ai.cli.operations.monitor_ingest import group_apps, serve, take_in
from mobile_ai.cli.operations.monitor_thresholds import thresholds_command
from mobile_ai.cli.options import STORE, Findings, Json

app = typer.Typer(no_args_is_help=True, help=__doc__, rich_markup_mode=None)
app.command(name="dashboard")(dashboard_command)
app.command(name="measured")(measured_command)
app.command(name="thresholds")(thresholds_command)

_OPEN: Final = 1
StoreOption = Annotated[Path, typer.Option(help="Folder of the telemetry store.")]


@app.command()
def ingest(  # noqa: PLR0917  typer passes options by name
    files: Annotated[
        list[Path] | None, typer.Argument(help="JSONL or concatenated objects, plain or gzip.")
    ] = None,
    store: StoreOption = STORE,
    channel: Annotated[
        str, typer.Option(help="Ingestion channel: device, or site (our own servers).")
    ] = "device",
    stack: Annotated[
        str, typer.Option(help="Stack whose deployments determine which apps may send a group.")
    ] = "",
    listen: Annotated[
        str, typer.Option(help="HOST:PORT: serve POST /v1/events instead, until interrupted.")
    ] = "",
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Ingest events with deduplication; quarantine invalid ones with their reason.

    Safe to interrupt and to repeat: committed events are skipped. Invalid events are in
    <store>/quarantine. On an address other than loopback, --listen requires a token in
    MOBILE_AI_INGEST_TOKEN.

    Example: mobile-ai monitor ingest events-*.jsonl.gz

    Example: mobile-ai monitor ingest --listen 127.0.0.1:8088 --channel site
    """
    from mobile_ai.operations.telemetry.ingest import Channel  # noqa: PLC0415  loads DuckDB and Arrow

    if channel not in list(Channel):
        raise UserError(
            f"--channel: got {channel!r}; expected device or site. Next: add --channel device."
        )
    if bool(files) == bool(listen):
        raise UserError(
            "ingest: expected files or --listen, one of them. Next: name files, or --listen "
            "HOST:PORT."
        )
    apps, opened = group_apps(stack) if stack else [], _opened(store)
    if listen:
        serve(opened, listen, channel=Channel(channel), apps=apps)
    else:
        take_in(opened, files or [], channel=Channel(channel), apps=apps, as_json=as_json)


@app.command()
def drift(  # noqa: PLR0917  typer passes options by name
    store: StoreOption = STORE,
    width: Annotated[int, typer.Option(help="Window size in hours; a divisor of 24.")] = 1,
    reference: Annotated[
        int, typer.Option(help="Number of initial windows used as reference.")
    ] = 168,
    costs: Annotated[
        Path | None, typer.Option(help="CSV with hour,app,amount: hourly costs to monitor as well.")
    ] = None,
    findings_folder: Findings = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Evaluate every window and write findings; exit code 1 while one is open.

    Compares with earlier windows of the same hour of the week and, for a canary, with the version
    that most devices run. Deterministic: the same data give the same findings.

    Example: mobile-ai monitor drift --width 24 --reference 14
    """
    from mobile_ai.operations.monitor.compare_windows import ComparisonSettings  # noqa: PLC0415  SciPy
    from mobile_ai.operations.monitor.finding import write_findings  # noqa: PLC0415
    from mobile_ai.operations.monitor.judge import judge_history  # noqa: PLC0415
    from mobile_ai.operations.monitor.load import load_history  # noqa: PLC0415

    if width < 1 or 24 % width or reference < 2:  # noqa: PLR2004
        raise UserError(
            f"--width {width} --reference {reference}: expected a divisor of 24, and 2 or more. "
            "Next: --width 1, 2, 3, 4, 6, 8, 12 or 24."
        )
    folder = findings_folder or store / "findings"
    with _working("Judging ...", quiet=as_json):
        _existing(store)
        found = judge_history(
            load_history(_opened(store), width=width),
            ComparisonSettings(width=width, reference=reference),
            costs=_costs(costs, width) if costs else {},
        )
        write_findings(folder, found)
    _show(found, as_json=as_json)
    if any(finding.is_open for finding in found):
        raise typer.Exit(_OPEN)


@app.command()
def findings(
    store: StoreOption = STORE,
    findings_folder: Findings = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only open findings.")] = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """List the findings that `monitor drift` wrote, newest first.

    Example: mobile-ai monitor findings --open --json
    """
    from mobile_ai.operations.monitor.finding import read_findings  # noqa: PLC0415

    if findings_folder is None:
        _existing(store)
    elif not findings_folder.is_dir():
        raise UserError(
            f"--findings: got no folder {findings_folder}; expected one. "
            "Next: `mobile-ai monitor drift` writes it."
        )
    found = read_findings(findings_folder or store / "findings")
    _show([item for item in found if item.is_open or not only_open], as_json=as_json)


@app.command()
def status(store: StoreOption = STORE, as_json: Json = False) -> None:  # noqa: FBT002
    """Summarize the store: days, events, refused events, and the last report of each version.

    Example: mobile-ai monitor status
    """
    from mobile_ai.operations.telemetry.status import store_status  # noqa: PLC0415

    _existing(store)
    found = store_status(_opened(store))
    if as_json:
        print(json.dumps(found, indent=1))
        return
    for name in ("days", "events", "first_day", "last_day", "waiting_batches", "refused"):
        print(f"{name.replace('_', ' '):16} {found[name]}")
    for reason, n in found["reasons"].items():
        print(f"{'':16} {n} x {reason}")
    for row in found["subjects"]:
        who = " ".join(row[name] for name in ("app", "model", "version", "ring") if row[name])
        print(f"{who} ({row['channel']}): {row['events']:,} events, last {row['last_hour']}")


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(help="File to write, .jsonl or .jsonl.gz.")],
    days: Annotated[int, typer.Option(min=3, max=29, help="Days of events, until now.")] = 4,
    bad_hours: Annotated[
        int, typer.Option(min=0, help="Final hours in which the canary crashes.")
    ] = 12,
    seed: Annotated[int, typer.Option(help="The same seed and hour give the same file.")] = 1,
) -> None:
    """Write events of a small simulated fleet with a failing canary, to try the monitor.

    Example: mobile-ai monitor simulate fleet.jsonl.gz &&
    mobile-ai monitor ingest fleet.jsonl.gz && mobile-ai monitor drift --reference 48
    """
    from mobile_ai.operations.telemetry.simulate import simulate_file  # noqa: PLC0415

    with _working(f"Writing {out} ..."):
        n = simulate_file(out, now=datetime.now(UTC), days=days, bad_hours=bad_hours, seed=seed)
    print(f"{out}: {n:,} events of {days} days; made up, measured nowhere")


def _opened(store: Path) -> Any:
    from mobile_ai.operations.telemetry.store import EventStore as Opened  # noqa: PLC0415

    opened = Opened(store)
    opened.prepare()
    return opened


def _existing(store: Path) -> None:
    if not (store / "mobile-ai-telemetry.json").is_file():
        raise UserError(
            f"--store: got no telemetry store at {store}; expected one. "
            "Next: `mobile-ai monitor ingest FILES` makes it."
        )


def _costs(path: Path, width: int) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                moment = datetime.fromisoformat(row["hour"]).replace(tzinfo=UTC)
                series = found.setdefault(row["app"], {})
                window = int(moment.timestamp()) // 3600 // width
                series[window] = series.get(window, 0.0) + float(row["amount"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: got {error}; expected columns hour (UTC, ISO 8601), app and amount. "
            "Next: write them with these names."
        ) from error
    return found


def _show(found: list[Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([item.model_dump(by_alias=True, mode="json") for item in found], indent=1))
        return
    for item in found:
        state = "open" if item.is_open else "over"
        asked = f"; with approval: {', '.join(item.needs_approval)}" if item.needs_approval else ""
        print(f"{item.id}  {item.severity}  {state}, since {item.windows.first}")
        print(f"  {item.summary}")
        print(f"  may: {', '.join(item.allowed_actions)}{asked}")
    print(f"{len(found)} findings, {sum(item.is_open for item in found)} open")


@contextmanager
def _working(what: str, *, quiet: bool = False) -> Iterator[None]:
    if quiet:
        yield
        return
    with console(stderr=True).status(what):
        yield
