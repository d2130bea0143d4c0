"""Time from a regression to a passing gate, and the dashboard with a million events."""

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks._row import Row
from mobile_ai.operations.dashboard.collect import Sources, collect_board
from mobile_ai.operations.dashboard.page import render_page
from mobile_ai.operations.telemetry.simulate import simulate

__all__ = ["IDS", "rows"]

IDS = ("remediate.loop_s", "dashboard.bytes", "dashboard.first_paint_s")
_ROOT = Path(__file__).parents[1]
_ROOMS = ("src", "components", "policy-pack", "model-build")
_EVENTS = 1_000_000
_PAINTS = 5
_LOOPS = 3
_FINDING = {
    "schema": "mobile-ai/finding/v1",
    "rule": "canary-crash-rate",
    "severity": "high",
    "summary": "crashes of the canary, measured by an edge site too",
    "subject": {"app": "field-assistant", "model": "digits", "version": "1.1.0", "ring": "canary"},
    "series": "crash",
    "source": "device+site",
    "against": "control",
    "windows": {
        "width_hours": 1,
        "first": "2026-11-24T10:00:00Z",
        "alarm": "2026-11-24T12:00:00Z",
        "last": "2026-11-24T13:00:00Z",
        "breached": 3,
    },
    "evidence": {"effect": 0.02, "n": 1013.0},
    "is_open": True,
    "playbook": "freeze",
    "allowed_actions": ["notify", "freeze", "rollback"],
    "needs_approval": [],
}


def rows() -> Iterator[Row]:
    """Measure with the real engine, a real Git history and a real browser."""
    loops = [_loop(number) for number in range(_LOOPS)]
    yield Row(
        id=IDS[0],
        value=min(loops),
        unit="s",
        peer="bar: 60",
        n=_LOOPS,
        note=f"finding -> branch -> gate passes on it; median {median(loops):.1f}",
    )
    with tempfile.TemporaryDirectory() as folder:
        page, events = _page(Path(folder))
        size = page.stat().st_size
        yield Row(
            id=IDS[1],
            value=size,
            unit="bytes",
            peer="bar: 2,000,000",
            n=1,
            note=f"{events:,} events behind it",
        )
        paints = _paints(page)
    if paints:
        yield Row(
            id=IDS[2],
            value=min(paints),
            unit="s",
            peer="bar: 1",
            n=len(paints),
            note=f"first contentful paint, headless Chromium; median {median(paints):.2f}",
        )


def _loop(number: int) -> float:
    """Return the seconds from a finding to a passing gate on the resulting commit."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        _run(_ROOT, "git", "clone", "--quiet", str(_ROOT), str(clone))
        (clone / ".venv").symlink_to(sys.prefix)
        finding = clone / "finding.json"
        finding.write_text(json.dumps({**_FINDING, "id": f"{number:016x}"}))
        began = time.perf_counter()
        answer = _mobile_ai(
            *(clone, "remediate", finding.name, "--stack", "prod", "--base", "HEAD", "--json")
        )
        (done,) = json.loads(answer)
        _run(clone, "git", "switch", "--quiet", done["branch"])
        _mobile_ai(clone, "gate", "--stack", "prod", "--format", "json")
        return time.perf_counter() - began


def _mobile_ai(folder: Path, *arguments: str) -> str:
    rooms = os.pathsep.join(str(folder / name) for name in _ROOMS)
    command = [sys.executable, "-m", "mobile_ai.cli.main", *arguments]
    return _run(folder, *command, variables={"PYTHONPATH": rooms})


def _run(folder: Path, *command: str, variables: dict[str, str] | None = None) -> str:
    environment = {**os.environ, **(variables or {})}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[-6:])}: exit {done.returncode}: {done.stderr}")
    return done.stdout


def _page(folder: Path) -> tuple[Path, int]:
    store, page, count, seed = folder / "store", folder / "dashboard.html", 0, 0
    now = datetime.now(UTC)
    while count < _EVENTS:
        file = folder / f"{seed}.jsonl.gz"
        with gzip.open(file, "wt", compresslevel=1) as lines:
            for event in simulate(now=now, days=29, bad_hours=12, seed=seed):
                lines.write(json.dumps(event) + "\n")
                count += 1
        seed += 1
    files = sorted(map(str, folder.glob("*.jsonl.gz")))
    _mobile_ai(_ROOT, "monitor", "ingest", *files, "--store", str(store))
    board = collect_board("dev", Sources(pack=_ROOT / "policy-pack", store=store), now=now)
    page.write_text(render_page(board), encoding="utf-8")
    return page, count


def _paints(page: Path) -> list[float]:
    chromium = shutil.which("chromium")
    if chromium is None:
        print("No chromium: first paint is not measured.", file=sys.stderr)
        return []
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    found = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for _ in range(_PAINTS):
            context = browser.new_context()
            shown = context.new_page()
            shown.goto(page.as_uri())
            shown.wait_for_function(
                "performance.getEntriesByName('first-contentful-paint').length > 0"
            )
            milliseconds = shown.evaluate(
                "performance.getEntriesByName('first-contentful-paint')[0].startTime"
            )
            found.append(milliseconds / 1000)
            context.close()
        browser.close()
    return found
