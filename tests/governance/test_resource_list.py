"""The closed list of resource types covers the stacks and both SDKs, and the rest is denied."""

import importlib.metadata
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from mobile_ai.contracts.documents import read_yaml
from mobile_ai.contracts.reading import MISSING, UNKNOWN, Secret
from mobile_ai.governance import resource_list
from mobile_ai.governance.config import load_config
from mobile_ai.governance.judge import judge
from mobile_ai.governance.resource_list import ListedType, listed_types
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.taggable import taggable_types
from mobile_ai.testing import Scene

GOLDEN = Path(__file__).parents[1] / "components" / "golden"
_TOKEN = re.compile(r"^((?:aws|kubernetes|mobileai|pulumi):[^\s]+) ", re.MULTILINE)
_EXPECTED = "resource-types-expected"
_AWS_TOKEN = re.compile(r"super\(\w+, __self__\)\.__init__\(\s*['\"](aws:[^'\"]+)['\"]")
_KUBERNETES_TOKEN = re.compile(
    r"super\(\w+, __self__\)\.__init__\(\s*['\"](kubernetes:[^'\"]+)['\"]"
)
_GETTER = re.compile(r"@pulumi\.getter(?:\(name=\"(\w+)\"\))?\n\s+def (\w+)")


@cache
def _tokens(distribution: str, package: str, pattern: re.Pattern[str]) -> dict[str, Path]:
    """Return every resource type of an installed SDK, with the file that defines it."""
    folder = Path(str(importlib.metadata.distribution(distribution).locate_file(package)))
    return {
        match.group(1): path
        for path in folder.rglob("*.py")
        for match in pattern.finditer(path.read_text(encoding="utf-8"))
    }


def _aws() -> dict[str, Path]:
    return _tokens("pulumi-aws", "pulumi_aws", _AWS_TOKEN)


def _kubernetes() -> dict[str, Path]:
    return _tokens("pulumi-kubernetes", "pulumi_kubernetes", _KUBERNETES_TOKEN)


def _inputs(path: Path) -> set[str]:
    """Return the inputs of the resource that a file of an SDK defines, in camel case."""
    arguments = path.read_text(encoding="utf-8").split("class _", 1)[0]
    return {written or name for written, name in _GETTER.findall(arguments)}


def _denials(token: str, **props: object) -> set[str]:
    """Return the rules that deny a resource of a type, by the pack's default config."""
    scene = Scene()
    config = load_config('{"rules": {}}', catalogue(), name="defaults")
    setting = replace(scene.setting("dev"), config=config)
    verdicts = judge(
        lambda _: setting,
        scene.resources(scene.resource(token, props)),
        now=scene.now,
        preview=True,
    )
    return {item.rule for item in verdicts if item.denies}


def test_both_sdks_are_read_whole() -> None:
    assert len(_aws()) > 1500
    assert len(_kubernetes()) > 150
    assert {"aws:s3/bucket:Bucket", "aws:cloudcontrol/resource:Resource"} <= set(_aws())
    assert {"kubernetes:apps/v1:DeploymentPatch", "kubernetes:core/v1:Secret"} <= set(_kubernetes())


def test_every_listed_type_of_an_sdk_is_installed_there_under_this_token() -> None:
    listed = {token for token in listed_types() if token.startswith(("aws:", "kubernetes:"))}
    custom = {token for token in listed if token.startswith("kubernetes:gateway.networking.k8s.io")}

    assert listed - custom - set(_aws()) - set(_kubernetes()) == set()


def test_the_sdks_have_the_listed_major_versions() -> None:
    text = (Path(resource_list.__file__).parent / "data" / "resources.yaml").read_text()
    majors = read_yaml(text, name="resources.yaml")["sdks"]
    installed = {
        name: int(importlib.metadata.version(f"pulumi-{name}").split(".")[0]) for name in majors
    }

    assert majors == installed


def test_every_other_type_of_the_sdks_is_denied() -> None:
    rule = next(item for item in catalogue() if item.id == _EXPECTED)
    assert rule.applies_to == ("*",)
    unlisted = sorted({*_aws(), *_kubernetes()} - set(listed_types()))
    print(f"{len(unlisted)} of {len(_aws()) + len(_kubernetes())} types are refused")
    scene = Scene()
    setting = scene.setting("dev")
    config = load_config('{"rules": {}}', catalogue(), name="defaults")
    resources = [scene.resource(token, {}, name=token) for token in unlisted]
    verdicts = judge(
        lambda _: replace(setting, config=config), resources, now=scene.now, preview=True
    )
    denied = {item.urn for item in verdicts if item.rule == _EXPECTED and item.denies}

    assert denied == {item.urn for item in resources}


def test_every_listed_property_is_an_input_of_the_sdk() -> None:
    wrong = {
        f"{token}.{name}"
        for token, listed in listed_types().items()
        if token in _aws()
        for name in set(listed.properties or ()) - _inputs(_aws()[token])
    }

    assert wrong == set()


def test_types_of_the_sdks_have_closed_properties_and_others_are_ours_or_the_engines() -> None:
    free = {token for token, listed in listed_types().items() if listed.properties is None}

    assert {
        token for token in free if not token.startswith(("mobileai:index:", "pulumi:"))
    } == set()


def test_what_takes_tags_may_have_them() -> None:
    untagged = {
        token
        for token, listed in listed_types().items()
        if token in taggable_types() and "tags" not in (listed.properties or ())
    }

    assert untagged == set()


def test_a_type_names_exactly_the_rules_that_evaluate_it_or_a_reason() -> None:
    for token, listed in listed_types().items():
        rules = {rule.id for rule in catalogue() if token in rule.applies_to}
        assert set(listed.rules) == rules, token
        assert bool(listed.rules) is not bool(listed.reason), token


def test_every_type_that_our_components_declare_is_listed() -> None:
    declared = {
        token for path in GOLDEN.glob("*.txt") for token in _TOKEN.findall(path.read_text())
    }

    assert declared - set(listed_types()) == set()


@pytest.mark.parametrize(
    "token",
    [
        "aws:s3/Bucket:Bucket",
        "kubernetes:apps/v1:deployment",
        "kubernetes:extensions/v1beta1:Deployment",
        "kubernetes:helm.toolkit.fluxcd.io/v2:HelmRelease",
        "kubernetes:argoproj.io/v1alpha1:Application",
        "kubernetes:serving.kserve.io/v1beta1:InferenceService",
        "mobileai:index:Telemetry2",
        "mobileai:index:telemetry",
        "mobileai:other:Telemetry",
        "pulumi:pulumi:StackReference",
        "pulumi:providers:random",
        "pulumi-python:dynamic:Resource",
    ],
)
def test_a_look_alike_or_a_custom_resource_is_denied(token: str) -> None:
    assert _EXPECTED in _denials(token)


def test_a_listed_type_is_not_denied_for_its_type() -> None:
    assert _denials("aws:ec2/routeTable:RouteTable", vpcId="vpc-1") == set()


def test_a_property_that_is_not_listed_is_denied_by_its_path() -> None:
    listed = listed_types()["aws:cloudfront/distribution:Distribution"]
    props = {
        "comment": "listed",
        "origins": [{"originId": "a"}, {"customOriginConfig": {"httpPort": 80}}],
        "loggingConfig": {"bucket": "elsewhere"},
    }

    assert list(listed.unlisted(props)) == ["origins[].customOriginConfig", "loggingConfig"]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, False),
        (False, False),
        ("", False),
        ([], False),
        ({}, False),
        (Secret(""), False),
        (0, True),
        (True, True),
        ("false", True),
        (UNKNOWN, True),
        (Secret("x"), True),
    ],
)
def test_what_is_not_set_needs_no_name(value: object, told: bool) -> None:  # noqa: FBT001
    listed = ListedType(rules=(), reason="r", properties={"a": {}}, values={})

    assert bool(list(listed.unlisted({"a": 1, "b": value, "__defaults": ["b"]}))) is told


def test_a_json_text_is_looked_into_where_the_list_names_what_it_may_hold() -> None:
    listed = listed_types()["aws:ecs/taskDefinition:TaskDefinition"]
    definitions = '[{"name": "a", "linuxParameters": {"devices": [{"hostPath": "/dev/mem"}]}}]'

    assert list(listed.unlisted({"containerDefinitions": definitions})) == [
        "containerDefinitions[].linuxParameters.devices"
    ]
    assert list(listed.unlisted({"containerDefinitions": "no JSON"})) == []


def test_a_property_has_listed_values_only() -> None:
    token = "aws:cloudfront/function:Function"

    assert _denials(token, runtime="cloudfront-js-2.0") == set()
    assert _denials(token, runtime="cloudfront-js-1.0") == {_EXPECTED}
    assert _denials(token) == {_EXPECTED}
    assert MISSING in listed_types()["aws:kms/key:Key"].values["isEnabled",]


def test_a_denied_value_is_never_shown() -> None:
    scene = Scene()
    made = scene.resource("pulumi:providers:kubernetes", {"kubeconfig": "token: hunter2"})
    texts = [
        str(finding)
        for verdict in scene.judge(scene.resources(made))
        for finding in verdict.findings
    ]

    assert any("kubeconfig" in text for text in texts)
    assert not any("hunter2" in text for text in texts)
