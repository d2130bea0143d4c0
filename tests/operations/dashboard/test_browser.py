"""The page in a real browser: rendering, filters, accessibility, and no network requests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
MARKS = ("area", "bar", "line", "point")


@pytest.fixture
def page(browser: Any, page_file: Path) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    shown = context.new_page()
    shown.asked = []
    shown.errors = []
    shown.on("request", lambda request: shown.asked.append(request.url))
    shown.on("pageerror", lambda error: shown.errors.append(str(error)))
    shown.on("console", lambda said: said.type == "error" and shown.errors.append(said.text))
    shown.goto(page_file.as_uri())
    yield shown
    context.close()


def drawn(page: Any) -> None:
    for mark in MARKS:
        page.locator(f"#plot-{mark}").scroll_into_view_if_needed()
        page.wait_for_selector(f"#plot-{mark} svg")


def test_every_chart_is_drawn_without_a_network_and_without_an_error(
    page: Any, page_file: Path
) -> None:
    drawn(page)

    assert [url for url in page.asked if not url.startswith("data:")] == [page_file.as_uri()]
    assert page.errors == []
    assert page.locator("#plot-line svg path").count() > 2
    assert "No data for this selection" in page.locator("#plot-nothing").inner_text()


def test_no_text_runs(page: Any) -> None:
    drawn(page)

    assert page.evaluate("window.harmed") is None
    assert "<script>" in page.locator("#table-list").inner_text()


def test_a_filter_narrows_charts_and_tables_and_says_so(page: Any) -> None:
    drawn(page)
    assert page.locator("#table-list tbody tr").count() == 2

    page.get_by_label("version").select_option("1.1.0")

    assert page.locator("#table-list tbody tr").count() == 1
    assert page.get_by_role("status").inner_text() == "Showing version 1.1.0"
    page.wait_for_function("!document.querySelector('#plot-line').textContent.includes('1.0.0')")


def test_a_chart_has_its_table(page: Any) -> None:
    page.get_by_text("Table of as line").click()
    page.wait_for_selector("#table-line tbody tr")

    assert page.locator("#table-line tbody tr").count() == 76
    assert page.locator("#table-line tbody tr").first.inner_text().split("\t")[:2] == [
        "2026-11-01",
        "1.0.0",
    ]


def test_data_is_a_file_that_no_spreadsheet_runs(page: Any) -> None:
    with page.expect_download() as download:
        page.get_by_role("button", name="Download A list as CSV").click()

    text = Path(download.value.path()).read_text()
    assert download.value.suggested_filename == "list.csv"
    assert text.splitlines()[0] == "severity,what,n,version"
    assert "low,'=cmd(),4,1.1.0" in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_it_can_be_read_by_everybody(page: Any, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    drawn(page)
    page.get_by_text("Table of as line").click()

    found = Axe().run(page)

    serious = [v for v in found.response["violations"] if v["impact"] in {"serious", "critical"}]
    assert [(v["id"], v["nodes"][0]["html"]) for v in serious] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_keyboard_reaches_everything(page: Any) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("document.activeElement.tagName + document.activeElement.textContent")
        )

    assert {"ACharts", "ATables", "BUTTONCSV"} <= reached
    assert any(item.startswith("SELECT") for item in reached)
    assert any(item.startswith("SUMMARY") for item in reached)
