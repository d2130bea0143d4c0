"""Names, paths and links of the pages exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tools.doc_names import (
    classes_in,
    known_classes,
    names_in,
    paths_in,
    resolves,
    unknown_paths,
)

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
OF_AWS = {"GetBucketPolicy", "GetDistribution", "GetFunction"}
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


@pytest.fixture(params=PAGES, ids=lambda page: page.name)
def page(request):
    return request.param


def test_names_of_our_code_exist(page):
    assert {name for name in names_in(page.read_text("utf-8")) if not resolves(name)} == set()


def test_paths_exist(page):
    assert unknown_paths(page.read_text("utf-8")) == set()


def test_links_lead_to_files(page):
    links = LINK.findall(page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_classes_of_the_map_exist():
    named = classes_in((ROOT / "docs/architecture.md").read_text("utf-8"))
    assert named - OF_AWS - {"None"} <= known_classes()
    assert {"BatchQueue", "UnfinishedError", "Check"} <= named


def test_the_map_names_code():
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    assert {"contracts.trust", "gate.deploy.seal", "edge.models.settings.ENVIRONMENT"} <= names_in(
        text
    )
    assert "policy-pack/mobile_ai/contracts/" in paths_in(text)


@pytest.mark.parametrize(
    "name", ["gate.seal", "gate.report.nothing", "StackInputs.nothing", "delivery.client.Gadget"]
)
def test_a_name_of_nothing_is_refused(name):
    assert names_in(f"see `{name}`") == {name}
    assert not resolves(name)


@pytest.mark.parametrize("path", ["gate/", "src/mobile_ai/none.py", "tests/none/<room>/"])
def test_a_path_to_nothing_is_refused(path):
    assert unknown_paths(f"see `{path}`") == {path}


@pytest.mark.parametrize("text", ["`delivery.domain`", "`edge.goodput_overload`", "`os.environ`"])
def test_other_names_are_left_alone(text):
    assert names_in(text) == set()
