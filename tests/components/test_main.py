"""The whole program, both stacks: what is registered, and what never may be."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.components.support import Engine, Registered, run_stack
from tests.sandbox.providers.stub import spec

GOLDENS = Path(__file__).parent / "golden"
COMPONENTS = {
    "CloudInferenceEndpoint",
    "CostBudget",
    "CostTags",
    "Deployed",
    "EdgeInferenceEndpoint",
    "EdgeSite",
    "GovernanceContext",
    "MobileAIDeployment",
    "ModelDelivery",
    "ModelRegistry",
    "ModelVersion",
    "Network",
    "Telemetry",
}
# Service authorization reference: no resource types, or none that exist before the call.
WITHOUT_RESOURCE = {
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ecr:GetAuthorizationToken",
    "secretsmanager:GetRandomPassword",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
WORKLOADS = ("apps/v1:Deployment", "apps/v1:StatefulSet", "batch/v1:Job")


@pytest.fixture(params=["dev", "prod"])
def stack(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue(request.param)
    return engine


def listing(engine: Engine) -> list[str]:
    lines = []
    for item in engine.registered:
        parent = engine.parent_of(item)
        lines.append(f"{item.type} {item.name} < {parent.name if parent else '(stack)'}")
    return sorted(lines)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


def statements(engine: Engine) -> Iterator[tuple[Registered, dict[str, Any]]]:
    """Yield every statement of every policy document that is known at preview."""
    for item in engine.registered:
        for value in item.inputs.values():
            if isinstance(value, str) and value.startswith("{") and '"Statement"' in value:
                for statement in json.loads(value)["Statement"]:
                    yield item, statement


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_the_plan_is_the_one_recorded(
    name: str, request: pytest.FixtureRequest, golden: Callable[[Path, str], None]
) -> None:
    found = listing(request.getfixturevalue(name))

    golden(GOLDENS / f"{name}.txt", "\n".join(found) + "\n")


def test_every_component_is_in_both_stacks(stack: Engine) -> None:
    found = {item.type.rsplit(":", 1)[-1] for item in stack.registered if not item.custom}

    assert found >= COMPONENTS


def test_an_update_registers_what_the_preview_showed(shared_repository: Path, prod: Engine) -> None:
    assert listing(run_stack(shared_repository, "prod", preview=False)) == listing(prod)


def test_governance_context_is_registered_before_everything_else(stack: Engine) -> None:
    assert stack.registered[0].type == "mobileai:index:GovernanceContext"


def test_slow_verdicts_are_waited_for(shared_repository: Path) -> None:
    slow = frozenset(
        f"mobileai:index:{name}" for name in ("GovernanceContext", "Deployed", "ModelVersion")
    )
    types = [item.type for item in run_stack(shared_repository, "dev", slow=slow).registered]

    assert types[:2] == ["mobileai:index:GovernanceContext", "mobileai:index:Deployed"]
    last_version = max(i for i, kind in enumerate(types) if kind == "mobileai:index:ModelVersion")
    assert last_version < types.index("mobileai:index:MobileAIDeployment")


def test_nothing_hangs_at_the_root_but_components_and_site_providers(stack: Engine) -> None:
    loose = [
        item.key
        for item in stack.registered
        if item.custom
        and stack.parent_of(item) is None
        and item.type != "pulumi:providers:kubernetes"
    ]

    assert loose == []


def test_no_resource_uses_an_ambient_provider(stack: Engine) -> None:
    ambient = [
        item.key
        for item in stack.registered
        if item.custom and not item.type.startswith("pulumi:providers:") and not item.provider
    ]

    assert ambient == []


def test_the_engine_invents_no_name_in_aws(stack: Engine) -> None:
    """An invented name differs in every run: unknown at preview, an orphan after a kill."""
    unnamed = []
    for item in stack.registered:
        facts = spec("aws").find(item.type)
        if facts and facts.naming:
            unnamed += [] if facts.naming.prop in item.inputs else [item.key]

    assert unnamed == []


def test_the_aws_provider_accepts_one_account_and_tags_everything(stack: Engine) -> None:
    provider = stack.one("pulumi:providers:aws").inputs

    assert len(json.loads(provider["allowedAccountIds"])) == 1
    assert set(json.loads(provider["defaultTags"])["tags"]) == {
        "mobile-ai:project",
        "mobile-ai:team",
        "mobile-ai:cost-center",
        "mobile-ai:environment",
        "mobile-ai:managed-by",
    }


def test_every_kubernetes_object_has_the_cost_labels(stack: Engine) -> None:
    unlabelled = [
        item.key
        for item in stack.registered
        if item.type.startswith("kubernetes:")
        and "mobile-ai.dev/cost-center" not in item.inputs["metadata"]["labels"]
    ]

    assert unlabelled == []


def test_no_tag_label_or_selector_names_a_model_version(stack: Engine) -> None:
    for item in stack.registered:
        shared = [item.inputs.get("tags"), item.inputs.get("defaultTags")]
        if item.type.startswith("kubernetes:"):
            metadata = item.inputs["metadata"]
            shared += [metadata["labels"], item.inputs.get("spec", {}).get("selector")]
            template = item.inputs.get("spec", {}).get("template", {})
            shared.append(template.get("metadata"))
        assert not [text for text in texts(shared) if "1.1.0" in text or "1.0.0" in text], item.key


def test_every_workload_carries_model_and_image_digest_as_plain_inputs(stack: Engine) -> None:
    pinned = {item.inputs["sha256"] for item in stack.of_type(":ModelVersion")}
    images = set(stack.one(":GovernanceContext").inputs["images"].values())
    workloads = [item for kind in WORKLOADS for item in stack.of_type(kind)]

    assert workloads
    for item in workloads:
        annotations = item.inputs["metadata"]["annotations"]
        containers = item.inputs["spec"]["template"]["spec"]["containers"]
        assert annotations["mobile-ai.dev/manifest-sha256"] in pinned
        assert {container["image"] for container in containers} <= images


def test_every_inference_function_carries_model_and_image_digest(stack: Engine) -> None:
    pinned = {item.inputs["sha256"] for item in stack.of_type(":ModelVersion")}
    images = set(stack.one(":GovernanceContext").inputs["images"].values())
    functions = [
        item for item in stack.of_type("lambda/function:Function") if "imageUri" in item.inputs
    ]

    assert functions
    for item in functions:
        variables = item.inputs["environment"]["variables"]
        assert variables["MOBILE_AI_MANIFEST_SHA256"] in pinned
        assert item.inputs["imageUri"] in images


def test_every_delivered_object_is_named_by_its_digest(stack: Engine) -> None:
    objects = stack.of_type("bucketObjectv2:BucketObjectv2")

    assert len(objects) == 4
    for item in objects:
        assert item.retained
        assert item.inputs["metadata"]["sha256"] in item.inputs["key"]


def test_no_allowed_action_has_a_wildcard(stack: Engine) -> None:
    found = [
        (item.key, action)
        for item, statement in statements(stack)
        if statement["Effect"] == "Allow"
        for action in as_list(statement["Action"])
        if "*" in action
    ]

    assert found == []
    assert len(list(statements(stack))) > 10


def test_a_role_may_do_something_to_everything_only_where_aws_knows_no_resource(
    stack: Engine,
) -> None:
    unbound = {
        action
        for _, statement in statements(stack)
        if statement["Effect"] == "Allow"
        and "Principal" not in statement
        and "Condition" not in statement
        and "*" in as_list(statement["Resource"])
        for action in as_list(statement["Action"])
    }

    assert unbound <= WITHOUT_RESOURCE


def test_nobody_outside_the_account_is_let_in(stack: Engine) -> None:
    """A principal of everybody is only ever denied, or bound to this account."""
    for item, statement in statements(stack):
        principal = statement.get("Principal")
        if item.type.endswith(":VpcEndpoint"):
            continue  # who may pass an endpoint is whoever is in the network
        if statement["Effect"] == "Allow" and principal in ("*", {"AWS": "*"}):
            assert "Condition" in statement, (item.key, statement)


def test_no_role_takes_on_a_broad_managed_policy(stack: Engine) -> None:
    attached = {
        text
        for item in stack.registered
        for text in texts(item.inputs)
        if re.fullmatch(r"arn:aws:iam::aws:policy/.*", text)
    }

    assert attached <= {"arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"}


def test_every_route_of_a_public_api_asks_who_is_there(stack: Engine) -> None:
    routes = stack.of_type("apigatewayv2/route:Route")

    assert routes
    assert {item.inputs["authorizationType"] for item in routes} <= {"JWT", "AWS_IAM"}


def test_no_service_or_balancer_is_reachable_from_outside(stack: Engine) -> None:
    assert {item.inputs["spec"]["type"] for item in stack.of_type("core/v1:Service")} == {
        "ClusterIP"
    }
    assert all(item.inputs["internal"] for item in stack.of_type("lb/loadBalancer:LoadBalancer"))
    assert stack.of_type("lambda/functionUrl:FunctionUrl") == []


def test_what_holds_state_is_protected_in_prod_and_not_in_dev(dev: Engine, prod: Engine) -> None:
    assert [item.key for item in dev.registered if item.protect] == []
    protected = {item.type for item in prod.registered if item.protect}
    assert protected >= {
        "aws:cloudfront/distribution:Distribution",
        "aws:kms/key:Key",
        "aws:rds/instance:Instance",
        "aws:s3/bucket:Bucket",
    }


def test_the_state_of_a_component_holds_what_its_rules_see(stack: Engine) -> None:
    for kind in ("GovernanceContext", "ModelVersion", "MobileAIDeployment"):
        for item in stack.of_type(f":{kind}"):
            assert stack.outputs[item.urn] == item.inputs
