"""Cases of the lists in rules: removing any entry changes a verdict."""

import json
from dataclasses import replace

from mobile_ai.contracts.predicates import WAIVER
from mobile_ai.governance.evaluation import applies
from mobile_ai.governance.rules import catalogue
from mobile_ai.testing import SAMPLE_TYPES, changed, make_record
from tests.governance.rules.cases_deployment import given as on_plan
from tests.governance.rules.cases_deployment import version_case
from tests.governance.rules.cases_samples import given, statement
from tests.governance.rules.table import SCENE, Case, edit, fails, passes

_STACK_PHASE = {"provider-accounts-bound"}


def samples_pass() -> list[Case]:
    """Return the cases in which resource rules pass the samples of their types."""
    return [
        given(rule.id, "pass", SCENE.sample(token), label=f"sample-{token}")
        for rule in catalogue()
        for token in SAMPLE_TYPES
        if rule.kind == "resource" and applies(rule, token)
    ]


def plan_passes() -> list[Case]:
    """Return the cases in which resource rules pass the unchanged plan."""
    skipped = {"no-silent-downgrade"}
    types = {item.type for item in SCENE.resources()}
    return [
        on_plan(rule.id, "pass", SCENE, label="happy-path")
        for rule in catalogue()
        if rule.id not in skipped and any(applies(rule, token) for token in types)
    ]


_WITHOUT_RESOURCE = [
    "cloudwatch:GetMetricData",
    "cloudwatch:PutMetricData",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "logs:CreateLogDelivery",
    "logs:DescribeLogGroups",
    "xray:PutTelemetryRecords",
    "ce:GetCostAndUsage",
    "ce:ListCostAllocationTags",
    "ce:UpdateCostAllocationTagsStatus",
    "pricing:GetProducts",
    "secretsmanager:GetRandomPassword",
    "sts:GetCallerIdentity",
    "tag:GetResources",
]
# Condition keys with a value of the stack's account, and with one of another.
_SCOPES = {
    "aws:PrincipalArn": "arn:aws:iam::{}:role/reader",
    "aws:PrincipalAccount": "{}",
    "aws:SourceAccount": "{}",
    "aws:SourceArn": "arn:aws:sns:eu-west-1:{}:alarms",
}
_POLICIES = {
    "aws:sqs/queuePolicy:QueuePolicy": "fail",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "fail",
}
_ACCOUNT = {"AWS": "111122223333"}
_OPEN = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Principal": "*"}]})
_SHUT = json.dumps(
    {"Statement": [{"Effect": "Allow", "Action": "a:b", "Principal": _ACCOUNT, "Resource": "y"}]}
)
IAM = (
    [statement("pass", Action=[action], Resource="*") for action in _WITHOUT_RESOURCE]
    + [
        statement(
            outcome,
            of="aws:s3/bucketPolicy:BucketPolicy",
            Principal="*",
            Condition={"StringEquals": {scope: value.format(account)}},
        )
        for scope, value in [*_SCOPES.items(), ("aws:SourceVpce", "vpce-{}")]
        for outcome, account in (
            ("pass" if scope in _SCOPES else "fail", "111122223333"),
            ("fail", "999999999999"),
        )
    ]
    + [
        given("no-wildcard-iam", outcome, SCENE.resource(token, {"policy": policy}), label=token)
        for token in _POLICIES
        for outcome, policy in (("fail", _OPEN), ("pass", _SHUT))
    ]
)
_EU = [
    "eu-central-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-3",
    "eusc-de-east-1",
]
_STREAM = "aws:kinesis/stream:Stream"
_GLOBAL = [
    "aws:acm/certificate:Certificate",
    "aws:cloudwatch/logDelivery:LogDelivery",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:sns/topic:Topic",
]
_REGION_FREE = [
    "aws:budgets/budget:Budget",
    "aws:cloudfront/function:Function",
    "aws:costexplorer/costAllocationTag:CostAllocationTag",
    "aws:route53/record:Record",
]
REGIONS = (
    [passes("data-residency", _STREAM, "region", to=region) for region in _EU]
    # Zurich and London are outside the EU.
    + [
        fails("data-residency", _STREAM, "region", to=item)
        for item in ("eu-central-2", "eu-west-2")
    ]
    + [
        given(
            "data-residency",
            outcome,
            SCENE.resource(token, {"region": region}),
            label=f"{token}-{region}",
        )
        for token in _GLOBAL
        for outcome, region in (("pass", "us-east-1"), ("fail", "us-west-1"))
    ]
    + [
        given(
            "data-residency", "pass", SCENE.resource(token, {"region": "aws-global"}), label=token
        )
        for token in _REGION_FREE
    ]
)
_LICENCES = [
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC-BY-4.0",
    "CC-BY-SA-4.0",
    "CC0-1.0",
    "MIT",
    "PDDL-1.0",
]
LICENCES = [
    version_case(
        "training-licence-allowed",
        "pass",
        licence,
        manifest=edit("lineage", "datasets", 0, "licence", to=licence),
    )
    for licence in _LICENCES
] + [
    version_case(
        "model-licence-allowed", "pass", licence, manifest=edit("metadata", "licence", to=licence)
    )
    for licence in (
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC-BY-4.0",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MPL-2.0",
        "Unlicense",
        "Zlib",
    )
]
_DB = "aws:rds/instance:Instance"
SIZES = [
    passes("sizes-allowed", _DB, "instanceClass", to=size)
    for size in ("db.t4g.micro", "db.t4g.small", "db.t4g.medium", "db.m7g.large")
]
PROTECTED = [
    given("stores-protected", "fail", SCENE.sample(token, name=f"x-{name}"), label=name)
    for token in (_DB, "aws:s3/bucket:Bucket")
    for name in ("models", "registry", "artifacts", "mlflow", "delivery")
]
_ROLE = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
_OLD_HPA = "kubernetes:autoscaling/v1:HorizontalPodAutoscaler"
_WORKLOADS = ("kubernetes:apps/v1:DaemonSet", "kubernetes:apps/v1:StatefulSet")
_CONTAINER = ("spec", "template", "spec", "containers", 0)
TYPES = (
    [
        given(
            "cluster-roles-narrow",
            "fail",
            SCENE.resource(_ROLE, {"rules": [{"verbs": ["*"]}]}),
            label="cluster-role",
        ),
        given(
            "cluster-roles-narrow",
            "fail",
            SCENE.resource(f"{_ROLE}Binding", {"roleRef": {"name": "cluster-admin"}}),
            label="binding",
        ),
        given(
            "autoscaling-bounded",
            "fail",
            SCENE.resource(_OLD_HPA, {"spec": {"maxReplicas": 99}}),
            label="hpa-v1",
        ),
        given(
            "autoscaling-bounded",
            "pass",
            SCENE.resource(_OLD_HPA, {"spec": {"maxReplicas": 9}}),
            label="hpa-v1-ok",
        ),
        given(
            "leaf-matches-deployment",
            "fail",
            SCENE.resource(_OLD_HPA, {"spec": {"maxReplicas": 9}}, parent=SCENE.endpoint()),
            label="hpa-v1",
        ),
        given(
            "sizes-allowed",
            "fail",
            SCENE.resource(
                "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
                {"instanceType": "ml.p5"},
            ),
            label="endpoint",
        ),
        given(
            "storage-private-and-encrypted",
            "fail",
            SCENE.resource("aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock", {}),
            label="account",
        ),
        given(
            "load-balancer-hardened",
            "fail",
            SCENE.resource("aws:alb/loadBalancer:LoadBalancer", {}),
            label="alb",
        ),
        given(
            "load-balancer-hardened",
            "fail",
            SCENE.resource("aws:alb/listener:Listener", {"protocol": "HTTP"}),
            label="alb-listener",
        ),
        given(
            "load-balancer-hardened",
            "pass",
            SCENE.resource(
                "aws:alb/listener:Listener",
                {"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
            ),
            label="alb-listener-ok",
        ),
        given(
            "no-public-ingress",
            "fail",
            SCENE.resource(
                "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
                {"ingress": [{"cidrBlocks": ["0.0.0.0/0"]}]},
            ),
            label="default-group",
        ),
    ]
    + [fails("probes-set", token, *_CONTAINER, "readinessProbe", to=None) for token in _WORKLOADS]
    + [
        given("cost-tags-required", "pass", SCENE.resource(token, {}), label=token)
        for token in ("kubernetes:helm.sh/v3:Release", "kubernetes:kustomize/v2:Directory")
    ]
)
_WAIVER = {
    "rule": "probes-set",
    "stack": "dev",
    "urn": SCENE.workload().urn,
    "reason": "no probe yet",
    "ticket": "OPS-1",
    "issued": "2026-05-01T00:00:00Z",
    "expires": "2026-06-15T00:00:00Z",
}
_SIGNED = make_record(WAIVER, _WAIVER, signer=SCENE.signers.by_role["security"])
WAIVED = [
    on_plan(
        "deviations-listed", "warned", replace(SCENE, records={"probes": _SIGNED}), label="waiver"
    ),
]
_RINGS = ("spec", "rollout", "rings")
MORE = [
    fails(
        "first-ring-small", SCENE.deployment(), "spec", "rollout", "rings", 0, "percent", to=True
    ),
    passes(
        "usage-plausible",
        changed(
            SCENE.deployment(),
            "metadata",
            "labels",
            to={"mobile-ai.dev/app": "field-assistant"},
        ),
        "spec",
        "usage",
        "requestsPerSecond",
        to=40,
    ),
]
CASES = [
    *samples_pass(),
    *plan_passes(),
    *IAM,
    *REGIONS,
    *LICENCES,
    *SIZES,
    *PROTECTED,
    *TYPES,
    *WAIVED,
    *MORE,
]
