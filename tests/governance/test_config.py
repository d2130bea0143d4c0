"""A pack config sets existing rules and parameters only, and weakenings are reported."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.governance.config import config_schema, load_config
from mobile_ai.governance.rules import catalogue

PACK = Path(__file__).parents[2] / "policy-pack"


def load(rules: Any) -> Any:
    return load_config(json.dumps({"rules": rules}), catalogue(), name="test")


def one(rule: str, **parameters: Any) -> Any:
    return load({rule: {"parameters": parameters}})


def test_nothing_set_is_the_default_of_every_rule() -> None:
    config = load({})

    assert config.levels == {rule.id: rule.enforcement for rule in catalogue()}
    assert config.weakenings == ()


@pytest.mark.parametrize(
    "rules",
    [
        {"unheard-of": {}},
        {"probes-set": {"level": "advisory"}},
        {"probes-set": {"enforcement": "maybe"}},
        {"probes-set": {"parameters": {"unheard-of": 1}}},
        {"first-ring-small": {"parameters": {"maximumPercent": "5"}}},
        {"first-ring-small": {"parameters": {"maximumPercent": True}}},
        {"model-version-allowed": {"parameters": {"denied": "digits"}}},
        [],
        {"probes-set": []},
    ],
    ids=str,
)
def test_what_no_rule_has_is_refused(rules: Any) -> None:
    with pytest.raises(DocumentError):
        load(rules)


def test_an_unknown_key_beside_the_rules_is_refused() -> None:
    with pytest.raises(DocumentError):
        load_config('{"rules": {}, "extra": 1}', catalogue(), name="test")


@pytest.mark.parametrize(
    ("rule", "parameters"),
    [
        ("first-ring-small", {"maximumPercent": 11}),
        ("quality-sufficient", {"minimum": 0.7}),
        ("data-residency", {"personalRegions": ["us-east-1"]}),
        ("cost-tags-required", {"required": ["team"]}),
        ("cdn-hardened", {"ownDomain": False}),
        ("owner-named", {"costCenterPattern": ".*"}),
        ("cloud-capacity-affordable", {"busyShare": 0.1}),
    ],
)
def test_a_weaker_parameter_is_listed(rule: str, parameters: dict[str, Any]) -> None:
    (weakening,) = one(rule, **parameters).weakenings

    assert weakening.startswith(f"{rule}.{next(iter(parameters))}")


@pytest.mark.parametrize(
    ("rule", "parameters"),
    [
        ("first-ring-small", {"maximumPercent": 5}),
        ("quality-sufficient", {"minimum": 0.9}),
        ("data-residency", {"personalRegions": ["eu-west-1"]}),
        ("model-version-allowed", {"denied": ["digits@1.0.0"], "allowed": ["digits"]}),
        ("data-placement-allowed", {"onDeviceOnly": ["camera-image"]}),
    ],
)
def test_a_stricter_parameter_is_not(rule: str, parameters: dict[str, Any]) -> None:
    assert one(rule, **parameters).weakenings == ()


@pytest.mark.parametrize("level", ["advisory", "disabled"])
def test_a_lower_level_is_listed(level: str) -> None:
    (weakening,) = load({"probes-set": {"enforcement": level}}).weakenings

    assert level in weakening


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_the_configs_of_the_repository_follow_the_schema(name: str) -> None:
    text = (PACK / "config" / f"{name}.json").read_text()

    jsonschema.validate(json.loads(text), config_schema(catalogue()))
    assert load_config(text, catalogue(), name=name).levels


def test_the_schema_in_the_repository_is_the_rules_own() -> None:
    written = json.loads((PACK / "config" / "schema.json").read_text())

    assert written == config_schema(catalogue()), "run `make docs`"
