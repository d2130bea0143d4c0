"""The closed list of resource types covers the stacks, and other types are denied."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from mobile_ai.governance.config import load_config
from mobile_ai.governance.judge import judge
from mobile_ai.governance.listed_types import JUDGED, LISTED, UNJUDGED
from mobile_ai.governance.rules import catalogue
from mobile_ai.testing import Scene

GOLDEN = Path(__file__).parents[1] / "components" / "golden"
_TOKEN = re.compile(r"^((?:aws|kubernetes|mobileai|pulumi):[^\s]+) ", re.MULTILINE)
NAMED = {token for rule in catalogue() for token in rule.applies_to if not token.endswith("*")}

# Dangerous resources of types that no component declares.
UNLISTED = [
    "aws:apprunner/service:Service",
    "aws:appsync/graphQLApi:GraphQLApi",
    "aws:cloudcontrol/resource:Resource",
    "aws:cloudformation/stack:Stack",
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy",
    "aws:ec2/instance:Instance",
    "aws:ec2/networkAclRule:NetworkAclRule",
    "aws:efs/fileSystemPolicy:FileSystemPolicy",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    "aws:iam/policyAttachment:PolicyAttachment",
    "aws:iam/userPolicy:UserPolicy",
    "aws:lambda/layerVersionPermission:LayerVersionPermission",
    "aws:rds/snapshot:Snapshot",
    "aws:s3/bucketAclV2:BucketAclV2",
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
    "aws:s3control/multiRegionAccessPointPolicy:MultiRegionAccessPointPolicy",
    "aws:sagemaker/notebookInstance:NotebookInstance",
    "aws:serverlessrepository/cloudFormationStack:CloudFormationStack",
    "aws:ssm/association:Association",
    "kubernetes:apps/v1:DeploymentPatch",
    "kubernetes:core/v1:List",
    "kubernetes:core/v1:Secret",
    "kubernetes:extensions/v1beta1:Deployment",
    "kubernetes:helm.sh/v3:Release",
    "kubernetes:helm.toolkit.fluxcd.io/v2:HelmRelease",
    "kubernetes:serving.kserve.io/v1beta1:InferenceService",
    "mobileai:index:Telemetry2",
    "mobileai:index:telemetry",
    "pulumi:pulumi:StackReference",
    "pulumi:providers:random",
]


def _denials(token: str) -> set[str]:
    """Return the rules that deny a resource of a type without properties, by default."""
    scene = Scene()
    config = load_config('{"rules": {}}', catalogue(), name="defaults")
    setting = replace(scene.setting("dev"), config=config)
    verdicts = judge(
        lambda _: setting,
        scene.resources(scene.resource(token, {})),
        now=scene.now,
        preview=True,
    )
    return {item.rule for item in verdicts if item.denies}


def test_every_type_that_our_components_declare_is_listed() -> None:
    declared = {
        token for path in GOLDEN.glob("*.txt") for token in _TOKEN.findall(path.read_text())
    }

    assert declared - LISTED == set()


def test_a_type_is_judged_by_a_rule_or_has_a_reason_and_never_both() -> None:
    assert JUDGED <= NAMED
    assert set(UNJUDGED) & NAMED == set()
    assert all(UNJUDGED.values())


@pytest.mark.parametrize("token", UNLISTED)
def test_a_type_that_is_not_listed_is_denied(token: str) -> None:
    assert "resource-types-expected" in _denials(token)


def test_a_listed_type_is_not_denied_for_its_type() -> None:
    assert "resource-types-expected" not in _denials("aws:ec2/vpc:Vpc")
