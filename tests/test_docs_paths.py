"""Paths in README, map and contributors' guide exist; tests mirror rooms; pictures are small."""

import re
from pathlib import Path

import pytest

from tests.tools.rooms_table import rooms

ROOT = Path(__file__).resolve().parents[1]
# A code span with a slash is a path there; files below build/ are made by commands.
TABLES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "docs/architecture.md"]
# Of a model's folder, of a Kubernetes object, and folders that the first waiver or change makes.
ELSEWHERE = {
    "evidence/bom.cdx.json",
    "mobile-ai.dev/manifest-sha256",
    "policy-pack/staged/stacks.yaml",
    "policy-pack/trust/staged/",
    "policy-pack/waivers/",
}
# Folders of tests that are about no single room.
ACROSS = {"e2e", "examples", "images", "tools", "workflows"}
CODE = re.compile(r"`([\w.-]+(?:/[\w.-]+)+/?)`")
PAGES = [*TABLES, *sorted((ROOT / "docs").rglob("*.md"))]
SPAN = re.compile(r"`([\w.<>*{}-]+(?:/[\w.<>*{},-]+)+/?)`")
FOLDERS = tuple(
    f"{name}/" for name in ("components", "docs", "examples", "model-build", "operations")
) + tuple(f"{name}/" for name in ("policy-pack", "src", "tests", "benchmarks", ".github"))
# The sample has no waivers, and no change that waits for signatures.
USERS = ("policy-pack/staged", "policy-pack/trust/staged", "policy-pack/waivers")
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)


def paths(page: Path) -> list[str]:
    return sorted(
        found
        for found in set(CODE.findall(FENCE.sub("", page.read_text("utf-8"))))
        if not found.startswith("build/") and found not in ELSEWHERE
    )


@pytest.mark.parametrize(
    ("page", "path"),
    [pytest.param(page, path, id=f"{page.stem}-{path}") for page in TABLES for path in paths(page)],
)
def test_a_path_in_a_table_exists(page: Path, path: str) -> None:
    inside = [ROOT, ROOT / "policy-pack"]  # the map names rooms of the pack below its folder
    assert any((folder / path).exists() for folder in inside), page.name


def test_tests_mirror_the_rooms() -> None:
    """The kit for tests is used by all of them and has none of its own."""
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/*") if path.suffix == ".py"}
    folders |= {path.parents[1].name for path in (ROOT / "tests").glob("*/*/*.py")}
    assert folders - ACROSS - {"tests"} == set(rooms()) - {"testing"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_path_below_our_folders_that_a_page_names_exists(page: Path) -> None:
    named = {span for span in SPAN.findall(page.read_text("utf-8")) if span.startswith(FOLDERS)}
    patterns = {span: re.sub(r"<[^>]*>|\{[^}]*\}", "*", span).rstrip("/") for span in named}
    gone = [span for span, pattern in patterns.items() if not any(ROOT.glob(pattern))]
    assert [span for span in gone if not span.startswith(USERS)] == []


def test_pictures_are_small_enough_for_a_readme() -> None:
    pictures = list((ROOT / "docs/images").iterdir())
    assert pictures
    assert max(picture.stat().st_size for picture in pictures) < 150_000


def test_the_guide_names_enough_places() -> None:
    rows = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## Where do I change X")[2]
    assert rows.count("\n| ") - 1 >= 20
