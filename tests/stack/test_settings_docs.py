"""Every key of a stack file is documented."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mobile_ai.stack.settings import settings_schema
from tests.components.support import ROOT, stack_values


def keys(schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every key and its description; pydantic leaves out one that its section repeats."""
    for name, definition in {"Settings": schema, **schema["$defs"]}.items():
        for key, node in definition.get("properties", {}).items():
            section = schema["$defs"].get(node.get("$ref", "").rsplit("/", 1)[-1], {})
            yield f"{name}.{key}", node.get("description") or section.get("description", "")


def test_every_key_is_described_in_a_sentence() -> None:
    undescribed = [key for key, text in keys(settings_schema()) if not text.endswith((".", ")"))]

    assert undescribed == []


def test_the_schema_knows_all_sections() -> None:
    assert len(list(keys(settings_schema()))) > 100


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_schema_accepts_the_sample_stacks(stack: str) -> None:
    jsonschema.validate(stack_values(ROOT, stack), settings_schema())


def test_the_schema_refuses_an_unknown_key() -> None:
    with pytest.raises(jsonschema.ValidationError, match="surprise"):
        jsonschema.validate({**stack_values(ROOT), "surprise": 1}, settings_schema())


def test_the_schema_is_plain_json() -> None:
    assert json.loads(json.dumps(settings_schema())) == settings_schema()


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_stack_files_hold_no_secret_and_no_kubeconfig(stack: str) -> None:
    text = Path(ROOT / f"Pulumi.{stack}.yaml").read_text().lower()

    assert not [word for word in ("secure:", "kubeconfig", "password", "token:") if word in text]
