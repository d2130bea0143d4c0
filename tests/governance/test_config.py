"""A pack config sets existing rules and parameters only, and weakenings are reported."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.regions import shipped_regions
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
        {"model-version-allowed": {"parameters": {"denied": [{}]}}},
        {"data-residency": {"parameters": {"personalRegions": ["Europe"]}}},
        {"data-placement-allowed": {"parameters": {"notInCloud": []}}},
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
        ("data-residency", {"sensitiveRegions": ["home", "UK"]}),
        ("cdn-geography-allowed", {"priceClasses": ["PriceClass_200"]}),
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
        ("data-residency", {"sensitiveRegions": ["DE", "eu-west-1"]}),
        ("cdn-geography-allowed", {"priceClasses": ["home"]}),
        ("model-version-allowed", {"denied": ["digits@1.0.0"], "allowed": ["digits"]}),
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


def whole(**keys: Any) -> Any:
    return load_config(json.dumps(keys), catalogue(), name="config/staging.json")


@pytest.mark.parametrize("home", ["EU", "US", "AU", "JP", "UK", "DE", "BR", "CN"])
def test_any_home_jurisdiction_is_a_choice(home: str) -> None:
    config = whole(jurisdictions=[home])

    assert config.weakenings == ()
    allowed = config.parameters["data-residency"]["personalRegions"]
    assert allowed == sorted(shipped_regions().within([home], name="test"))
    assert allowed


def test_the_eu_is_the_home_where_none_is_named() -> None:
    assert whole().parameters == whole(jurisdictions=["EU"]).parameters
    assert "eu-north-1" in whole().parameters["data-residency"]["sensitiveRegions"]


def test_a_jurisdiction_beyond_the_home_is_listed() -> None:
    (weakening,) = whole(jurisdictions=["EU", "UK"]).weakenings

    assert weakening == "jurisdictions is ['EU', 'UK'] (beyond the home: ['eu-west-2'])"


def test_a_jurisdiction_that_adds_no_region_is_not_listed() -> None:
    assert whole(jurisdictions=["EU", "EEA", "DE"]).weakenings == ()


@pytest.mark.parametrize("home", ["US", "AU"])
def test_locations_of_the_home_weaken_nothing(home: str) -> None:
    classes = {"US": ["PriceClass_100"], "AU": ["PriceClass_All"]}[home]
    rules = {"cdn-geography-allowed": {"parameters": {"priceClasses": classes}}}

    assert whole(jurisdictions=[home], rules=rules).weakenings == ()


@pytest.mark.parametrize(
    "keys",
    [
        {"jurisdictions": []},
        {"jurisdictions": "EU"},
        {"jurisdictions": ["Atlantis"]},
        {"jurisdictions": [["EU"]]},
        {"regions": {"eu-central-1": {"country": "US"}}},
        {"regions": {"frankfurt": {"country": "DE"}}},
        {"regions": {"eu-middle-1": {"country": "Germany"}}},
        {"regions": {"eu-middle-1": {}}},
        {"regions": []},
        {"vocabulary": []},
        {"vocabulary": {"Face": {"places": ["edge"]}}},
        {"vocabulary": {"leaf-image": {"minimumTier": "Internal", "places": ["edge"]}}},
        {"vocabulary": {"face-image": {"minimumTier": "Secret"}}},
        {"vocabulary": {"face-image": {"places": []}}},
        {"vocabulary": {"face-image": {"title": "Faces"}}},
    ],
    ids=str,
)
def test_a_malformed_extension_is_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(DocumentError):
        whole(**keys)


def test_a_new_region_belongs_to_the_groups_of_its_country() -> None:
    config = whole(regions={"eu-middle-1": {"country": "FR"}, "eu-central-1": {"country": "DE"}})

    assert config.weakenings == ()
    assert "eu-middle-1" in config.parameters["data-residency"]["personalRegions"]


LEAF = {"modalities": ["vision"], "minimumTier": "Public", "places": ["on-device", "cloud"]}


def test_a_new_data_type_weakens_nothing() -> None:
    config = whole(vocabulary={"leaf-image": LEAF})

    assert config.weakenings == ()
    assert config.vocabulary.minimum_tier(["leaf-image"]) == "Public"
    assert config.vocabulary.kept_from("edge", ["leaf-image", "nothing"]) == ["leaf-image"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("minimumTier", "GDPR_Personal"),
        ("places", ["on-device", "edge", "cloud"]),
        ("modalities", ["vision", "tabular"]),
    ],
)
def test_a_shipped_data_type_loosened_is_listed(field: str, value: Any) -> None:
    (weakening,) = whole(vocabulary={"face-image": {field: value}}).weakenings

    assert weakening.startswith(f"vocabulary.face-image.{field} is {value!r} (default ")


def test_a_shipped_data_type_tightened_is_not() -> None:
    stricter = {
        "camera-image": {"minimumTier": "GDPR_Sensitive"},
        "face-image": {"places": ["on-device"]},
    }
    config = whole(vocabulary=stricter)

    assert config.weakenings == ()
    assert config.vocabulary.types["face-image"].minimum_tier == "GDPR_Sensitive"


def test_a_parameter_that_moved_is_named() -> None:
    with pytest.raises(DocumentError, match="`places` of the data types under `vocabulary`"):
        one("data-placement-allowed", notInCloud=[])
