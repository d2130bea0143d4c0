"""A model card says what is signed, the same every time, and nothing in it is more than text."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.contracts.evidence import VerifiedModel
from mobile_ai.contracts.trust import Trust, load_trust
from mobile_ai.model_build.model_card import model_card
from mobile_ai.model_build.model_card_text import card_html, card_markdown
from mobile_ai.model_build.verify import verify_version
from tests.model_build.versions import NOW

pytestmark = pytest.mark.build

ROOT = Path(__file__).parents[2]
GOLDENS = Path(__file__).parent / "goldens"
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "div", "table"),
    *("tr", "th", "td"),
}


@pytest.fixture(scope="module")
def trust() -> Trust:
    path = ROOT / "policy-pack" / "trust" / "dev.yaml"
    return load_trust(path.read_text(), environment="dev", now=NOW)


@pytest.fixture(scope="module")
def model(trust) -> VerifiedModel:
    found = verify_version(ROOT / "models" / "digits" / "1.1.0" / "manifest.yaml", trust=trust)
    assert found.model is not None
    return found.model


def test_the_card_of_a_version_is_the_same_text_every_time(model, golden):
    golden(GOLDENS / "card.md", card_markdown(model))
    golden(GOLDENS / "card.html", card_html(model))


def test_it_states_the_figures_of_the_manifest_and_what_is_not_known(model):
    _, sections = model_card(model)
    quality = next(item for item in sections if item.title == "How good it is")
    for artifact, row in zip(model.manifest.artifacts, quality.rows, strict=True):
        stated = "unknown" if artifact.quality is None else f"{artifact.quality.value:.4g}"
        assert row[2].startswith(stated)
    text = card_markdown(model)
    assert "licence of the model" in text
    assert model.sha256 in text


class Tags(HTMLParser):
    """Collects the elements and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        self.attributes |= {name for name, _ in attrs}


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</table></td><iframe src=//evil.example>",
    "![x](https://evil.example/x.png)",
    "| a | b |\n|---|---|",
    "\u202eFAIL\u202c",
    "::add-mask::x",
    "javascript:alert(1)",
    "&lt;b&gt;",
)


def with_text(model: VerifiedModel, text: str) -> VerifiedModel:
    """Return a version that says a text wherever somebody may say something."""
    manifest = model.manifest
    metadata = manifest.metadata.model_copy(
        update={"description": text, "task": text, "owners": (text,)}
    )
    data = tuple(
        item.model_copy(update={"licence": text, "source": text, "sensitive_attributes": (text,)})
        for item in manifest.lineage.datasets
    )
    lineage = manifest.lineage.model_copy(update={"datasets": data})
    assessment = model.statements["assessment"]
    predicate: dict[str, Any] = {
        **assessment.predicate,
        "questionnaire": {text: text},
        "scope": {"apps": [text]},
        "humanOversight": text,
    }
    evaluation = model.statements["evaluation"]
    measured = {**evaluation.predicate, "notes": [text], "robustness": [{"variant": text}, text]}
    return dataclasses.replace(
        model,
        manifest=manifest.model_copy(
            update={"metadata": metadata, "lineage": lineage, "licence": text}
        ),
        statements={
            **model.statements,
            "assessment": dataclasses.replace(assessment, predicate=predicate),
            "evaluation": dataclasses.replace(evaluation, predicate=measured),
        },
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_stranger_says_is_text_in_both_forms(model, text):
    page = card_html(with_text(model, text))
    tags = Tags()
    tags.feed(page)
    assert tags.found == TAGS
    assert tags.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class"}
    card = card_markdown(with_text(model, text))
    assert "\u202e" not in page + card
    assert not re.search(r"(?<!\\)!\[|<(?!br>|!-- -->|/?span>)", card)
    widths = [len(re.findall(r"(?<!\\)\|", line)) for line in card.splitlines() if line[:1] == "|"]
    assert set(widths) <= {3, 4, 7, 8, 9, 10}
    assert "::add-mask" not in card


@given(text=st.text(min_size=1, max_size=60))
def test_no_text_adds_an_element(model, text):
    tags = Tags()
    tags.feed(card_html(with_text(model, text)))
    assert tags.found == TAGS
