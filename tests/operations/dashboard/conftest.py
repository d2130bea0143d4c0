"""A sample dashboard with every part, and a real browser where available."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.operations.dashboard.board import Board, BoardSection, Chart, Table
from mobile_ai.operations.dashboard.page import render_page

ATTACK = "</script><script>window.harmed = true</script><img src=x onerror='window.harmed = true'>"


@pytest.fixture(scope="session")
def board() -> Board:
    rows = [
        {
            "at": f"2026-11-{day:02d}",
            "series": version,
            "value": day * share,
            "low": day * share - 1,
            "high": day * share + 1,
            "app": "field-assistant",
            "version": version,
            "ring": ring,
        }
        for day in range(1, 20)
        for version, share in (("1.0.0", 2), ("1.1.0", 3))
        for ring in ("canary", "general")
    ]
    charts = [
        Chart(
            id=mark,
            title=f"As {mark}",
            note="A note.",
            mark=mark,
            unit="devices",
            rows=rows,
            limit=30 if mark == "line" else None,
            share=mark == "area",
        )
        for mark in ("area", "bar", "line", "point")
    ]
    nothing = Chart(id="nothing", title="Nothing", note="", mark="line", unit="x", rows=[])
    table = Table(
        id="list",
        title="A list",
        columns={"severity": "severity", "what": "what", "n": "count"},
        rows=[
            {"severity": "high", "what": ATTACK, "n": 3, "version": "1.0.0"},
            {"severity": "low", "what": "=cmd()", "n": 4, "version": "1.1.0"},
        ],
        empty="None.",
    )
    return Board(
        stack="dev",
        made="24 November 2026",
        facts={"open findings": "1", ATTACK: ATTACK},
        sections=[
            BoardSection(id="charts", title="Charts", parts=[*charts, nothing]),
            BoardSection(id="tables", title="Tables", parts=[table]),
        ],
    )


@pytest.fixture(scope="session")
def page_file(board: Board, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "dashboard.html"
    path.write_text(render_page(board), encoding="utf-8")
    return path


# Module scope: the driver holds an event loop, which other tests of the worker must not share.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no Chromium on this machine: install the package `chromium`")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as driver:
        # A container's root has no user namespace for the browser's own sandbox.
        running = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield running
        running.close()
