"""Dangerous resources are denied, each alone in a good stack, by the rule or by the list."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.contracts.documents import read_yaml
from mobile_ai.governance.config import load_config
from mobile_ai.governance.judge import JudgeSession
from mobile_ai.governance.rules import catalogue
from mobile_ai.testing import Scene

_FILE = Path(__file__).parent / "dangerous.yaml"
RESOURCES = read_yaml(_FILE.read_text(encoding="utf-8"), name=_FILE.name)["resources"]
SCENE = Scene()
_CONFIG = load_config('{"rules": {}}', catalogue(), name="defaults")
_SETTING = replace(SCENE.setting("dev"), config=_CONFIG)
_SESSION = JudgeSession(lambda _: _SETTING, now=SCENE.now, preview=True)
for _item in SCENE.resources():
    _SESSION.see(_item)


def _denials(resource: dict[str, Any]) -> set[str]:
    made = SCENE.resource(resource["type"], resource["props"], name="dangerous")
    return {item.rule for item in _SESSION.see(made) if item.denies}


def test_there_are_many_of_listed_types_and_of_others() -> None:
    titles = {item["title"] for item in RESOURCES}

    assert len(titles) == len(RESOURCES) >= 100
    assert sum(item["rule"] != "resource-types-expected" for item in RESOURCES) >= 40


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda item: item["title"].replace(" ", "-"))
def test_a_dangerous_resource_is_denied(resource: dict[str, Any]) -> None:
    assert resource["rule"] in _denials(resource)
