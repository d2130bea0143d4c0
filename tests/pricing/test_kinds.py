"""Every priced type against a month computed by hand, exact to the cent."""

from decimal import Decimal
from typing import Any

import pytest

from mobile_ai.contracts.reading import UNKNOWN
from mobile_ai.pricing import CostError
from mobile_ai.pricing.kinds import PRICED
from mobile_ai.pricing.kinds.data import lifecycle_months
from mobile_ai.pricing.values import cents
from tests.pricing.support import (
    context,
    deployment,
    exact,
    lines_of,
    model,
    resource,
    typical,
)

ENDPOINT = "mobileai:index:EdgeInferenceEndpoint"
POD = {"resources": {"requests": {"cpu": "500m", "memory": "1Gi"}}}

# Type, inputs, figures set exactly, and the month by item: quantity x price, by hand.
MONTHS: list[tuple[str, dict[str, Any], dict[str, str], dict[str, str]]] = [
    # 1 key; 20,000 requests x 0.03 per 10,000.
    ("aws:kms/key:Key", {}, {}, {"kms.key": "1.00", "kms.request": "0.06"}),
    # Rotation adds nothing to a typical first year; signing costs 0.15 per 10,000.
    (
        "aws:kms/key:Key",
        {"customerMasterKeySpec": "ECC_NIST_P256"},
        {},
        {"kms.key": "1.00", "kms.request.asymmetric": "0.01"},
    ),
    ("aws:kms/externalKey:ExternalKey", {}, {"kmsRequestsPerKey": "0"}, {"kms.key": "1.00"}),
    (
        "aws:rds/instance:Instance",
        {
            "engine": "postgres",
            "instanceClass": "db.t4g.medium",
            "multiAz": True,
            "allocatedStorage": 50,
            "maxAllocatedStorage": 100,
            "storageType": "gp3",
            "manageMasterUserPassword": True,
        },
        {},
        # 730 x 0.149; 50 GB x 0.274; one secret.
        {
            "rds.postgres.multi.db.t4g.medium": "108.77",
            "rds.storage.multi.gp3": "13.70",
            "secrets.secret": "0.40",
        },
    ),
    # 730 x 0.019; 20 GB x 0.137; 0.05 GB of monitoring x 0.63.
    (
        "aws:rds/instance:Instance",
        {
            "engine": "postgres",
            "instanceClass": "db.t4g.micro",
            "allocatedStorage": 20,
            "storageType": "gp3",
            "monitoringInterval": 60,
        },
        {},
        {
            "rds.postgres.single.db.t4g.micro": "13.87",
            "rds.storage.single.gp3": "2.74",
            "logs.ingest": "0.03",
        },
    ),
    # 730 x 0.027; 730 x 0.2 x 0.008.
    (
        "aws:lb/loadBalancer:LoadBalancer",
        {"internal": True, "loadBalancerType": "application"},
        {},
        {"alb.hour": "19.71", "alb.lcu": "1.17"},
    ),
    # The same with two public addresses: 730 x 2 x 0.005.
    (
        "aws:lb/loadBalancer:LoadBalancer",
        {"subnets": ["a", "b"]},
        {},
        {"alb.hour": "19.71", "alb.lcu": "1.17", "ipv4.hour": "7.30"},
    ),
    # 730 x 0.052; 100 GB x 0.052.
    (
        "aws:ec2/natGateway:NatGateway",
        {},
        {"natGb": "100"},
        {"nat.hour": "37.96", "nat.data": "5.20"},
    ),
    ("aws:ec2/eip:Eip", {}, {}, {"ipv4.hour": "3.65"}),
    # 730 x 2 zones x 0.012; 5 GB x 0.010.
    (
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        {"vpcEndpointType": "Interface", "subnetIds": ["a", "b"]},
        {},
        {"endpoint.hour": "17.52", "endpoint.data": "0.05"},
    ),
    ("aws:ec2/vpcEndpoint:VpcEndpoint", {"vpcEndpointType": "Gateway"}, {}, {"free": "0.00"}),
    (
        "aws:ec2/flowLog:FlowLog",
        {"logDestinationType": "cloud-watch-logs"},
        {"flowLogGb": "2"},
        {"logs.ingest": "1.26"},
    ),
    (
        "aws:ec2/instance:Instance",
        {"instanceType": "m7g.large"},
        {},
        {"ec2.linux.m7g.large": "71.39"},
    ),
    ("aws:route53/zone:Zone", {}, {}, {"route53.zone": "0.50"}),
    ("aws:route53/record:Record", {}, {}, {"route53.query": "0.04"}),
    ("aws:route53/record:Record", {"aliases": [{"name": "x"}]}, {}, {"free": "0.00"}),
    # 1 secret; 2,000 calls x 0.05 per 10,000.
    (
        "aws:secretsmanager/secret:Secret",
        {},
        {},
        {"secrets.secret": "0.40", "secrets.request": "0.01"},
    ),
    # 10 GB x 0.63; 10 GB x 30 days / 30.4167 x 0.0324.
    (
        "aws:cloudwatch/logGroup:LogGroup",
        {"retentionInDays": 30},
        {"quietLogGb": "10"},
        {"logs.ingest": "6.30", "logs.storage": "0.32"},
    ),
    # Kept for ever: ten years' worth.
    (
        "aws:cloudwatch/logGroup:LogGroup",
        {},
        {"quietLogGb": "1"},
        {"logs.ingest": "0.63", "logs.storage": "3.89"},
    ),
    ("aws:cloudwatch/metricAlarm:MetricAlarm", {"period": 300}, {}, {"cloudwatch.alarm": "0.10"}),
    (
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        {"metricQueries": [{"metric": {}}, {"metric": {}}, {"expression": "a / b"}]},
        {},
        {"cloudwatch.alarm": "0.20"},
    ),
    (
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        {"period": 10},
        {},
        {"cloudwatch.alarm.high-resolution": "0.30"},
    ),
    ("aws:cloudwatch/dashboard:Dashboard", {}, {}, {"cloudwatch.dashboard": "3.00"}),
    # 1,000,000 x 0.20 per million; x 0.1 s x 0.5 GB x 0.0000133334; x 5 per million.
    (
        "aws:lambda/function:Function",
        {"memorySize": 512, "architectures": ["arm64"], "tracingConfig": {"mode": "Active"}},
        {"functionCalls": "1000000"},
        {"lambda.request": "0.20", "lambda.arm": "0.67", "xray.trace": "5.00"},
    ),
    # x86: 1,000,000 x 0.1 s x 1 GB x 0.0000166667.
    (
        "aws:lambda/function:Function",
        {"memorySize": 1024},
        {"functionCalls": "1000000"},
        {"lambda.request": "0.20", "lambda.x86": "1.67"},
    ),
    # One copy busy all month: 730 x 3600 s x 1 GB x 0.0000166667, however many calls.
    (
        "aws:lambda/function:Function",
        {"memorySize": 1024, "reservedConcurrentExecutions": 1},
        {"functionCalls": "1000000000"},
        {"lambda.request": "200.00", "lambda.x86": "43.80"},
    ),
    # Every hour: 730 x 1.15 per million.
    (
        "aws:scheduler/schedule:Schedule",
        {"scheduleExpression": "rate(1 minute)"},
        {},
        {"scheduler.invocation": "0.05"},
    ),
    (
        "aws:ecs/cluster:Cluster",
        {"settings": [{"name": "containerInsights", "value": "enabled"}]},
        {},
        {"cloudwatch.metric": "9.00"},
    ),
    ("aws:ecs/cluster:Cluster", {}, {}, {"free": "0.00"}),
    # 2 GB x 0.10.
    ("aws:ecr/repository:Repository", {}, {"imageGb": "2"}, {"ecr.storage": "0.20"}),
    # 100 GB x 0.0245; 8,760 writes x 0.0054 per 1,000.
    (
        "aws:s3/bucket:Bucket",
        {},
        {"logBucketGb": "100"},
        {"s3.standard.storage": "2.45", "s3.standard.put": "0.05"},
    ),
    (
        "aws:s3/bucketV2:BucketV2",
        {},
        {"logBucketGb": "100"},
        {"s3.standard.storage": "2.45", "s3.standard.put": "0.05"},
    ),
    ("aws:sqs/queue:Queue", {}, {"queueRequests": "1000000"}, {"sqs.request": "0.40"}),
    (
        "aws:apigatewayv2/stage:Stage",
        {"defaultRouteSettings": {"detailedMetricsEnabled": True}},
        {},
        {"cloudwatch.metric": "1.50"},
    ),
    ("aws:apigatewayv2/stage:Stage", {}, {}, {"free": "0.00"}),
    ("aws:sns/topicSubscription:TopicSubscription", {"protocol": "lambda"}, {}, {"free": "0.00"}),
]


@pytest.mark.parametrize(("token", "props", "figures", "month"), MONTHS)
def test_a_month_is_what_a_hand_computes(
    token: str, props: dict[str, Any], figures: dict[str, str], month: dict[str, str]
) -> None:
    found = typical(lines_of(resource(token, props), assume=exact(**figures)))
    shown = {item: str(cents(amount)) for item, amount in found.items()}

    assert {item: text for item, text in shown.items() if text != "0.00" or item in month} == month


# With a deployment of 1,000 devices: what is asked of what all share.
SHARED: list[tuple[str, dict[str, Any], dict[str, str], dict[str, str]]] = [
    # 1,000 x 30 events x 1.20 per million.
    ("aws:apigatewayv2/api:Api", {}, {"eventsPerDevice": "1000"}, {"apigateway.http": "1.20"}),
    # 730 x 0.018; a million records in one 25 KB unit each x 0.0175 per million.
    (
        "aws:kinesis/stream:Stream",
        {"shardCount": 1},
        {"eventsPerDevice": "1000"},
        {"kinesis.shard": "13.14", "kinesis.put": "0.02"},
    ),
    # 1,000 x (30 checks x 2 + 2 updates x 4) = 68,000 requests x 0.6 per million; ACL and 2 rules.
    (
        "aws:wafv2/webAcl:WebAcl",
        {"rules": [{}, {}]},
        {},
        {"waf.acl": "5.00", "waf.rule": "2.00", "waf.request": "0.04"},
    ),
    # A million checks of two requests, and 8,000 for updates, x 0.10 per million.
    (
        "aws:cloudfront/function:Function",
        {},
        {"checksPerDevice": "1000"},
        {"cloudfront.function": "0.20"},
    ),
]


@pytest.mark.parametrize(("token", "props", "figures", "month"), SHARED)
def test_what_is_shared_follows_the_declared_usage(
    token: str, props: dict[str, Any], figures: dict[str, str], month: dict[str, str]
) -> None:
    lines = lines_of(
        context(), model(), deployment(), resource(token, props), assume=exact(**figures)
    )
    found = typical([line for line in lines if line.type == token])

    assert {item: str(cents(amount)) for item, amount in found.items()} == month


def test_the_cdn_hands_out_patches_and_full_files_by_place() -> None:
    """1,000 devices x 2 x 1 MB x (0.2 x 0.8 + 0.2): 0.36 MB on the mean, 0.7 in Europe."""
    lines = lines_of(
        context(),
        model(bytes=1_000_000),
        deployment(),
        resource("aws:cloudfront/distribution:Distribution", {"priceClass": "PriceClass_100"}),
        assume=exact(checksPerDevice="0"),
    )
    egress = [line for line in lines if line.item == "cloudfront.egress"]

    gigabytes = Decimal(720_000_000) / 2**30
    assert [line.region for line in egress] == ["edge:europe", "edge:us"]
    amounts = [line.amount.typical for line in egress if line.amount]
    assert amounts == [
        gigabytes * Decimal("0.7") * Decimal("0.085"),
        gigabytes * Decimal("0.3") * Decimal("0.085"),
    ]
    assert egress[0].shares == {"field-digits": 1}


def test_a_first_version_has_no_patches() -> None:
    spec = deployment().props["spec"]
    first = deployment(aiModel={**spec["aiModel"], "previous": None})
    cdn = resource("aws:cloudfront/distribution:Distribution", {})

    full, patched = (
        typical(lines_of(context(), model(), item, cdn, assume=exact(checksPerDevice="0")))
        for item in (first, deployment())
    )

    assert patched["cloudfront.egress"] == full["cloudfront.egress"] * Decimal("0.36")


def test_a_rollout_counts_the_rings_that_fit_into_the_month() -> None:
    rings = [
        {"name": "canary", "percent": 5, "soakHours": 48},
        {"name": "early", "percent": 25, "soakHours": 700},
        {"name": "all", "percent": 100, "soakHours": 0},
    ]
    cdn = resource("aws:cloudfront/distribution:Distribution", {})

    def reached(**rollout: Any) -> list[Decimal]:
        item = deployment(rollout={"rings": rings, **rollout})
        found = lines_of(context(), model(), item, cdn, assume=exact(checksPerDevice="0"))
        band = next(line.quantity for line in found if line.item == "cloudfront.egress")
        assert band is not None
        whole = Decimal(720_000_000) / 2**30 * Decimal("0.7")
        return [(band.typical / whole).quantize(Decimal("0.0001")), band.low and band.low]

    assert reached(stage="canary")[0] == Decimal("0.25")  # the last ring is a month away
    assert reached(stage="canary", halted=True)[0] == Decimal("0.05")
    assert reached(stage="early")[0] == Decimal("1.0000")
    assert reached(stage="nobody knows")[0] == Decimal("1.0000")


def test_a_service_runs_its_tasks_all_month() -> None:
    """2 x 730 h x 1 vCPU x 0.03725, and x 4 GB x 0.00409."""
    task = resource(
        "aws:ecs/taskDefinition:TaskDefinition",
        {"cpu": "1024", "memory": "4096", "runtimePlatform": {"cpuArchitecture": "ARM64"}},
        parent="urn:parent",
    )
    service = resource(
        "aws:ecs/service:Service", {"launchType": "FARGATE", "desiredCount": 2}, parent="urn:parent"
    )

    found = typical(lines_of(task, service))

    assert cents(found["fargate.arm.vcpu"]) == Decimal("54.39")
    assert cents(found["fargate.arm.memory"]) == Decimal("23.89")


def test_a_service_without_its_task_is_unknown() -> None:
    (line,) = lines_of(resource("aws:ecs/service:Service", {"launchType": "FARGATE"}))

    assert line.status == "unknown"


def edge(
    *, replicas: int | None, scaler: bool, site: dict[str, Any] | None = None
) -> Decimal | None:
    owner = deployment()
    endpoint = resource(ENDPOINT, {"site": "lab", "variant": "onnx"}, parent=owner.urn, name="lab")
    pod = {"spec": {"template": {"spec": {"containers": [POD]}}}}
    if replicas is not None:
        pod["spec"]["replicas"] = replicas  # type: ignore[assignment]
    parts = [resource("kubernetes:apps/v1:Deployment", pod, parent=endpoint.urn)]
    if scaler:
        spec = {"spec": {"minReplicas": 2, "maxReplicas": 4}}
        parts.append(
            resource("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", spec, parent=endpoint.urn)
        )
    where = context() if site is None else context(sites=[site])
    lines = lines_of(where, model(), owner, endpoint, *parts)
    (line,) = [item for item in lines if item.item == "site.node"]
    return line.amount.typical if line.amount else None


def test_a_pod_takes_its_share_of_a_node() -> None:
    """730 h x 0.10 x max(0.5 / 4 cores, 1 / 16 GB) = 9.125 a replica."""
    assert edge(replicas=1, scaler=False) == Decimal("9.125")
    assert edge(replicas=3, scaler=False) == Decimal("27.375")


def test_an_autoscaled_pod_starts_at_its_least_replicas() -> None:
    assert edge(replicas=None, scaler=True) == Decimal("18.250")


def test_a_site_may_state_the_size_of_its_nodes() -> None:
    site = {
        "name": "lab",
        "region": "x",
        "nodePriceUsdPerHour": 0.1,
        "nodeCpu": 1,
        "nodeMemoryGb": 64,
    }

    assert edge(replicas=1, scaler=False, site=site) == Decimal("36.500")


def test_a_site_without_a_price_is_unknown_and_no_zero() -> None:
    assert edge(replicas=1, scaler=False, site={"name": "lab", "region": "x"}) is None


def test_energy_on_devices_is_a_line_that_nobody_bills() -> None:
    lines = lines_of(context(), model(), deployment())
    (energy,) = [line for line in lines if line.item == "device.energy"]

    # 1,000 devices x 3,000 x 0.02 mJ = 60 J; / 3.6 MJ x 0.30 USD.
    assert energy.amount is not None
    assert energy.amount.typical == Decimal(60000) * Decimal("0.30") / 3_600_000_000
    assert not energy.billed


def test_a_lifecycle_moves_months_between_classes() -> None:
    month = Decimal(730) / 24
    rule = {
        "expiration": {"days": float(month * 6)},
        "transitions": [{"days": float(month * 2), "storageClass": "STANDARD_IA"}],
    }

    found = {kind: round(months, 6) for kind, months in lifecycle_months(rule)}

    assert found == {"STANDARD": 2, "STANDARD_IA": 4}
    assert lifecycle_months(None) == [("STANDARD", Decimal(12))]


def test_a_class_without_a_price_is_unknown() -> None:
    owner = resource("mobileai:index:Telemetry", {}, name="telemetry")
    rule = {"transitions": [{"days": 1, "storageClass": "GLACIER_IR"}], "filter": {"prefix": ""}}
    parts = [
        resource("aws:s3/bucket:Bucket", {}, parent=owner.urn),
        resource(
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            {"rules": [rule]},
            parent=owner.urn,
        ),
    ]

    usage = {"monthlyActiveDevices": 1_000_000, "updatesPerMonth": 2, "requestsPerSecond": 1}
    lines = lines_of(context(), model(), deployment(usage=usage), owner, *parts)

    assert [i.status for i in lines if i.item == "s3.glacier-instant.storage"] == ["unknown"]


def test_an_input_that_is_not_known_yet_makes_an_unknown_line() -> None:
    (line,) = lines_of(resource("aws:rds/instance:Instance", {"engine": UNKNOWN}))

    assert (line.status, line.amount, line.ceiling) == ("unknown", None, None)
    assert "engine" in line.reason


@pytest.mark.parametrize(
    ("token", "props"),
    [
        ("aws:rds/instance:Instance", {"engine": "mysql"}),
        ("aws:lb/loadBalancer:LoadBalancer", {"loadBalancerType": "network"}),
        ("aws:sns/topicSubscription:TopicSubscription", {"protocol": "sms"}),
        ("aws:ec2/instance:Instance", {"instanceType": "z9.huge"}),
        ("aws:apigatewayv2/api:Api", {"protocolType": "WEBSOCKET"}),
        ("aws:dynamodb/table:Table", {}),
        ("kubernetes:apps/v1:StatefulSet", {}),
    ],
)
def test_what_has_no_price_model_says_so(token: str, props: dict[str, Any]) -> None:
    (line,) = lines_of(resource(token, props))

    assert line.status == "unknown"
    assert line.amount is None
    assert line.reason


@pytest.mark.parametrize("usage", [{"monthlyActiveDevices": -1}, {"requestsPerSecond": 1e18}])
def test_negative_and_absurd_usage_is_an_error_and_no_sum(usage: dict[str, Any]) -> None:
    with pytest.raises(CostError, match="nothing was summed"):
        lines_of(
            context(),
            model(),
            deployment(usage=usage),
            resource("aws:cloudfront/distribution:Distribution", {}),
        )


def test_a_missing_region_is_an_error() -> None:
    lost = resource("aws:kms/key:Key", {})
    object.__setattr__(lost, "provider", None)

    with pytest.raises(CostError, match="region"):
        lines_of(lost)


def test_every_pricer_has_a_hand_computed_month() -> None:
    """A type that is priced and has no month above would be priced by nobody's hand."""
    elsewhere = {
        "aws:athena/workgroup:Workgroup",
        "aws:cloudfront/distribution:Distribution",
        "aws:cloudwatch/logDelivery:LogDelivery",
        "aws:ecs/service:Service",
        "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
        "aws:sns/topic:Topic",
        "kubernetes:apps/v1:Deployment",
        "kubernetes:core/v1:PersistentVolumeClaim",
        "mobileai:index:EdgeSite",
        "mobileai:index:MobileAIDeployment",
    }

    assert set(PRICED) == {row[0] for row in [*MONTHS, *SHARED]} | elsewhere


def test_outputs_of_a_plan_say_enough_to_price_a_pod() -> None:
    """A stack rule sees outputs: the endpoint registers no site, its pods are told theirs."""
    owner = deployment()
    endpoint = resource(ENDPOINT, {}, parent=owner.urn, name="lab")
    told = {**POD, "env": [{"name": "MOBILE_AI_SITE", "value": "lab"}]}
    props = {"spec": {"replicas": 1, "template": {"spec": {"containers": [told]}}}}
    pod = resource("kubernetes:apps/v1:Deployment", props, parent=endpoint.urn)

    lines = lines_of(context(), model(), owner, endpoint, pod)

    (line,) = [item for item in lines if item.item == "site.node"]
    assert line.amount is not None
    assert line.amount.typical == Decimal("9.125")


def test_tracing_that_the_cloud_decides_later_is_in_the_high_figure_only() -> None:
    props = {"memorySize": 512, "tracingConfig": UNKNOWN}
    lines = lines_of(resource("aws:lambda/function:Function", props))

    (traces,) = [line for line in lines if line.item == "xray.trace"]
    assert traces.amount is not None
    assert traces.amount.typical == 0
    assert traces.amount.high > 0
