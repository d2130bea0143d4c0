"""Draws the pictures of the README: a gate report and the dashboard.

    python -m tests.tools.pictures

Previews the dev stack, simulates a fleet, runs the commands that a reader would run, and writes
``docs/images/gate-report.svg`` and ``docs/images/dashboard.png``. Requires Chromium. The figures
in the pictures are those of the run; no test compares them.
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from playwright.sync_api import ViewportSize, sync_playwright
from rich.console import Console
from rich.text import Text

__all__ = ["main", "shorten", "to_svg"]

ROOT: Final = Path(__file__).parents[2]
IMAGES: Final = ROOT / "docs/images"
LARGEST: Final = 150_000  # bytes of a picture: a reader loads the README over a slow line
_COLUMNS: Final = 108
_WINDOW: Final = ViewportSize(width=1180, height=1445)
_CHARTS: Final = 2  # of the simulated fleet: versions in use, failures
# Rich's SVG loads its font from a content delivery network; a README's images must not.
_WEB_FONT: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_CLI: Final = (sys.executable, "-m", "mobile_ai.cli.main")


def main() -> int:
    """Write both pictures; return 1 if one is too large."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report = _in_a_terminal("gate", "--stack", "dev")
        gate = IMAGES / "gate-report.svg"
        gate.write_text(to_svg(shorten(report.splitlines())), encoding="utf-8")
        dashboard = IMAGES / "dashboard.png"
        _photograph(_dashboard(folder), dashboard)
    sizes = {path: path.stat().st_size for path in (gate, dashboard)}
    for path, size in sizes.items():
        print(f"{path.relative_to(ROOT)}: {size:,} of {LARGEST:,} bytes")
    return int(max(sizes.values()) > LARGEST)


def shorten(lines: list[str]) -> list[str]:
    """Return the lines of a report without its advice."""
    plain = [Text.from_ansi(line).plain.rstrip() for line in lines]
    begin = plain.index("Advice")
    end = plain.index("", begin)
    return [*lines[: begin + 1], f"... {end - begin - 1} lines of advice ...", *lines[end:]]


def to_svg(lines: list[str]) -> str:
    """Return lines of a terminal as a picture that loads nothing."""
    console = Console(record=True, width=_COLUMNS, file=Path(os.devnull).open("w"))  # noqa: SIM115
    console.print(Text("\n").join(Text.from_ansi(line.rstrip()) for line in lines))
    title = "mobile-ai gate --stack dev"
    return _WEB_FONT.sub("", console.export_svg(title=title, unique_id="gate"))


def _in_a_terminal(*arguments: str) -> str:
    """Return the standard output of a command of mobile-ai whose standard output is a terminal."""
    ours, its = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(_COLUMNS), "TERM": "xterm-256color"}
    with subprocess.Popen(
        [*_CLI, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=its,
        stderr=subprocess.DEVNULL,
    ):
        os.close(its)
        return _read_all(ours).decode().replace("\r\n", "\n")


def _read_all(descriptor: int) -> bytes:
    text = b""
    while True:
        try:
            part = os.read(descriptor, 65_536)
        except OSError:  # EIO: Linux's end of file of a terminal
            return text
        if not part:
            return text
        text += part


def _dashboard(folder: Path) -> Path:
    """Return a dashboard of a simulated fleet and an estimated bill."""
    fleet, store = folder / "fleet.jsonl.gz", folder / "telemetry"
    estimate, bill, measured = (folder / n for n in ("e.jsonl", "bill.csv", "measured.json"))
    month = f"{datetime.now(tz=UTC) - timedelta(days=1):%Y-%m}"
    _run("monitor", "simulate", fleet)
    _run("monitor", "ingest", fleet, "--store", store)
    _run("monitor", "drift", "--store", store, "--reference", "48", status=1)
    _run("cost", "estimate", "--stack", "dev", "--focus", estimate, "--month", month)
    console = [sys.executable, str(ROOT / "docs/tutorial/console.py")]
    subprocess.run([*console, "bill", estimate, bill], cwd=ROOT, check=True, capture_output=True)
    here = ("--stack", "dev", "--month", month)
    _run("monitor", "measured", *here, "--store", store, "--out", measured)
    paid = _run("cost", "showback", *here, "--bill", bill, "--measured", measured, "--json")
    (folder / "months").mkdir()
    (folder / "months" / f"{month}.json").write_text(paid, encoding="utf-8")
    (folder / "reports").mkdir()
    report = _run("gate", "--stack", "dev", "--format", "json")
    (folder / "reports" / "dev.json").write_text(report, encoding="utf-8")
    page = folder / "dashboard.html"
    inputs = ("--store", store, "--findings", store / "findings", "--reports", folder / "reports")
    months = ("--showback", folder / "months")
    _run("monitor", "dashboard", "--stack", "dev", *inputs, *months, "--out", page)
    return page


def _run(*arguments: str | Path, status: int = 0) -> str:
    """Return the standard output of a command of mobile-ai.

    Raises:
        SystemExit: It exits with another status.
    """
    command = [*_CLI, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode != status:
        raise SystemExit(f"{' '.join(command)}: got exit {done.returncode}\n{done.stderr}")
    return done.stdout


def _photograph(page: Path, picture: Path) -> None:
    """Write a picture of the top of a page, once its charts are drawn.

    Raises:
        SystemExit: There is no Chromium.
    """
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not browser:
        raise SystemExit("Chromium: got none on PATH. Next: install it, or set CHROMIUM to it.")
    with sync_playwright() as driver:
        # A container's root has no user namespace for the browser's own sandbox.
        running = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        shown = running.new_page(viewport=_WINDOW)
        shown.goto(page.as_uri())
        shown.locator("svg.marks").nth(_CHARTS - 1).wait_for()
        shown.screenshot(path=picture)
        running.close()


if __name__ == "__main__":
    sys.exit(main())
