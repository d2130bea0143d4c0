"""Every entry of the type tables holds against the installed SDK."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import mobile_ai.sandbox.providers
from mobile_ai.sandbox.providers.aws.provider_behavior import AwsDialect
from mobile_ai.sandbox.providers.check import check_fields
from mobile_ai.sandbox.providers.reflect import build_spec, registered_classes
from mobile_ai.sandbox.providers.spec import TypeFacts
from mobile_ai.sandbox.providers.specfile import sdk_version
from mobile_ai.sandbox.providers.synthetic_outputs import Inventor

from .stub import Engine, aws, spec

FOLDER = Path(mobile_ai.sandbox.providers.__file__).parent
TABLES = {
    name: yaml.safe_load((FOLDER / name / "types.yaml").read_text())
    for name in ("aws", "kubernetes")
}
ENTRIES = [
    pytest.param(name, token, entry, id=token)
    for name, table in TABLES.items()
    for token, entry in table["types"].items()
]
AWS_ENTRIES = [entry for entry in ENTRIES if entry.values[0] == "aws"]
KEYS = {
    "aws": {"replace", "computed", "defaults", "volatile", "naming", "id", "patterns"},
    "kubernetes": {"replace", "computed", "cluster_scoped", "patterns"},
}
FIELDS = {"account", "region", "partition", "id", "hex8", "hex17", "hex32", "upper14", "uuid"}
TYPES_THE_COMPONENTS_NEED = 95


def facts_of(name: str, token: str) -> TypeFacts:
    facts = spec(name).find(token)
    assert facts is not None
    return facts


def leads_to_an_input(name: str, facts: TypeFacts, path: str) -> bool:
    """Return whether a dotted path exists in the SDK's input types."""
    fields: Any = facts.inputs
    for key in path.split("."):
        if key not in fields:
            return False
        shape = fields[key][0]
        while isinstance(shape, list) and shape[0] in {"list", "map"}:
            shape = shape[1]
        fields = spec(name).objects[shape[1]] if shape[0] == "object" else {}
    return True


@pytest.mark.parametrize(("name", "token", "entry"), ENTRIES)
def test_an_entry_has_known_keys_only(name: str, token: str, entry: dict[str, Any]) -> None:
    assert set(entry) <= KEYS[name], token


@pytest.mark.parametrize(("name", "token", "entry"), ENTRIES)
def test_what_forces_a_replacement_is_an_input(
    name: str, token: str, entry: dict[str, Any]
) -> None:
    facts = facts_of(name, token)
    wrong = [path for path in entry.get("replace", []) if not leads_to_an_input(name, facts, path)]
    assert wrong == []


@pytest.mark.parametrize(("name", "token", "entry"), ENTRIES)
def test_what_only_the_cloud_knows_is_an_output(
    name: str, token: str, entry: dict[str, Any]
) -> None:
    facts = facts_of(name, token)
    named = {*entry.get("volatile", []), *entry.get("patterns", {}), *entry.get("computed", [])}
    wrong = [
        path
        for path in named
        if path not in facts.outputs and not leads_to_an_input(name, facts, path)
    ]
    assert wrong == []


@pytest.mark.parametrize(("name", "token", "entry"), AWS_ENTRIES)
def test_a_default_is_a_valid_optional_input(name: str, token: str, entry: dict[str, Any]) -> None:
    facts = facts_of(name, token)
    optional = {
        prop: (shape, 0) for prop, (shape, required) in facts.inputs.items() if not required
    }
    defaults = entry.get("defaults", {})
    assert list(check_fields(defaults, optional, spec(name).objects, owner=token)) == []


@pytest.mark.parametrize(("name", "token", "entry"), AWS_ENTRIES)
def test_patterns_name_facts_or_properties(name: str, token: str, entry: dict[str, Any]) -> None:
    facts = facts_of(name, token)
    text = " ".join([entry.get("id", ""), *entry.get("patterns", {}).values()])
    known = FIELDS | set(facts.inputs) | set(facts.outputs)
    assert {field for field in re.findall(r"\{(\w+)\}", text) if field not in known} == set()


@pytest.mark.parametrize(("name", "token", "entry"), AWS_ENTRIES)
def test_patterns_come_to_an_end(name: str, token: str, entry: dict[str, Any]) -> None:
    invented = AwsDialect(spec(name), {}).invented(facts_of(name, token), {})
    inventor = Inventor("same", invented=invented, values={})
    made = [
        inventor.value("id"),
        *(str(inventor.output(path, "")) for path in entry.get("patterns", {})),
    ]
    assert not any("{" in text for text in made)


@pytest.mark.parametrize(("name", "token", "entry"), AWS_ENTRIES)
def test_a_type_with_an_automatic_name_is_replaced_or_renamed_knowingly(
    name: str, token: str, entry: dict[str, Any]
) -> None:
    """Every entry says what a change does; an empty list is a statement, a missing one is not."""
    facts = facts_of(name, token)
    assert "replace" in entry or facts.naming is None


def test_the_tables_hold_the_types_the_components_need() -> None:
    assert len(TABLES["aws"]["types"]) >= TYPES_THE_COMPONENTS_NEED
    assert "kubernetes:apps/v1:Deployment" in TABLES["kubernetes"]["types"]


def test_a_token_the_sdk_does_not_have_is_refused() -> None:
    with pytest.raises(LookupError, match="aws:s3/bucket:Bukket"):
        build_spec("pulumi_aws", "7", {"types": {"aws:s3/bucket:Bukket": {}}})


def test_the_sdk_registers_the_classes_its_tokens_name() -> None:
    classes = registered_classes("pulumi_aws")
    assert classes["aws:s3/bucket:Bucket"] == ("pulumi_aws.s3", "Bucket")


def test_the_spec_says_which_sdk_it_came_from() -> None:
    assert spec("aws").version == sdk_version("aws")


def test_required_inputs_are_those_the_sdk_demands() -> None:
    facts = facts_of("aws", "aws:kms/alias:Alias")
    assert [prop for prop, (_, required) in facts.inputs.items() if required] == ["targetKeyId"]


@pytest.fixture(scope="module")
def cloud() -> Any:
    with aws() as engine:
        yield engine


@pytest.mark.parametrize(("name", "token", "entry"), AWS_ENTRIES)
def test_every_change_of_a_listed_property_replaces(
    cloud: Engine, name: str, token: str, entry: dict[str, Any]
) -> None:
    for path in entry.get("replace", []):
        assert cloud.diff(token, {path: "a"}, {path: "b"}).replaces == [path], name
