"""A plan for every mandatory rule that only this rule denies."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mobile_ai.contracts.deployed import Baseline
from mobile_ai.contracts.resource import ProviderReference, Resource
from mobile_ai.testing import Scene, Signers, changed, make_version, without

Plan = tuple[Scene, tuple[Resource, ...]]
ALONE: dict[str, Callable[[], Plan]] = {}
_SPEC = ("spec",)
_PROCESSING = ("spec", "dataProcessing")
_POD = ("spec", "template", "spec")
_CONTAINER = (*_POD, "containers", 0)


def alone(rule: str) -> Callable[[Callable[[], Plan]], Callable[[], Plan]]:

    def keep(make: Callable[[], Plan]) -> Callable[[], Plan]:
        ALONE[rule] = make
        return make

    return keep


def with_version(**edits: Any) -> Scene:
    return Scene(version=make_version(Signers.shared(), **edits))


def sample(token: str, *path: str | int, to: Any, name: str = "sample") -> Plan:
    scene = Scene()
    return (scene, (changed(scene.sample(token, name=name), *path, to=to),))


def deployment(*path: str | int, to: Any) -> Plan:
    scene = Scene()
    return (scene, (changed(scene.deployment(), *path, to=to),))


def context(*path: str | int, to: Any) -> Plan:
    scene = Scene()
    return (scene, (changed(scene.context(), *path, to=to),))


def _set(*path: Any) -> Callable[[dict[str, Any]], None]:
    *keys, last, value = path

    def edit(values: dict[str, Any]) -> None:
        place: Any = values
        for key in keys:
            place = place[key]
        place[last] = value

    return edit


def _deployments() -> None:
    placement = (*_SPEC, "placement")
    ALONE.update(
        {
            "data-types-cover-inputs": lambda: (
                with_version(manifest=_set("metadata", "modalities", ["vision", "audio"])),
                (),
            ),
            "privacy-tier-sufficient": lambda: deployment(
                *_PROCESSING, "privacyTier", to="Internal"
            ),
            "model-version-allowed": lambda: (
                Scene(
                    config='{"rules": {"model-version-allowed": '
                    '{"parameters": {"denied": ["digits@1.1.0"]}}}}'
                ),
                (),
            ),
            "rollback-target-verified": lambda: deployment(
                *_SPEC, "aiModel", "previous", to={"version": "1.0.0", "sha256": "0" * 64}
            ),
            "human-oversight-named": lambda: deployment(*_SPEC, "humanOversight", to="nobody"),
            "first-ring-small": lambda: deployment(*_SPEC, "rollout", "rings", 0, "percent", to=50),
            "rollout-bounded": lambda: deployment(*_SPEC, "rollout", "rings", 1, "percent", to=90),
            "rollout-stage-known": lambda: deployment(*_SPEC, "rollout", "stage", to="nowhere"),
            "minimum-app-version-set": lambda: deployment(
                *_SPEC, "rollout", "minAppVersion", to="latest"
            ),
            "autoscaling-bounded": lambda: deployment(*placement, 1, "replicas", "max", to=1000),
            "budget-declared": lambda: deployment(*_SPEC, "budget", to="unheard-of"),
            "usage-plausible": lambda: deployment(*_SPEC, "usage", "monthlyActiveDevices", to=10),
        }
    )


def _versions() -> None:
    first = ("artifacts", 0)
    ALONE.update(
        {
            "ethical-assessment-approved": lambda: (
                with_version(assessment=_set("decision", "rejected")),
                (),
            ),
            "training-data-known": lambda: (
                with_version(manifest=_set("lineage", "datasets", 1, "use", "calibration")),
                (),
            ),
            "training-licence-allowed": lambda: (
                with_version(manifest=_set("lineage", "datasets", 0, "licence", "proprietary")),
                (),
            ),
            "evaluation-agrees-with-manifest": lambda: (
                with_version(evaluation=_set("results", 0, "quality", {"value": 0.5})),
                (),
            ),
            "bom-consistent": lambda: (with_version(bom_edit=_set("components", [])), ()),
            "quality-sufficient": lambda: (
                with_version(manifest=_set(*first, "quality", "interval", "low", 0.1)),
                (),
            ),
            "fairness-sufficient": lambda: (
                with_version(manifest=_set(*first, "fairness", 0, "interval", "high", 0.6)),
                (),
            ),
            "parity-kept": lambda: (
                with_version(
                    manifest=_set(
                        *first,
                        "quality",
                        "parity",
                        {"reference": "fp32", "agreement": 0.5, "maxAbsError": 0.1},
                    )
                ),
                (),
            ),
            "evaluation-current": lambda: (
                with_version(evaluation=_set("expires", "2026-02-01T00:00:00+00:00")),
                (),
            ),
            "risk-class-agreed": lambda: (
                with_version(assessment=_set("riskClass", "minimal")),
                (),
            ),
            "interpretability-reported": _high_risk,
            "artifact-fits-device": lambda: (
                with_version(manifest=_set(*first, "bytes", 90000000)),
                (),
            ),
            "latency-within-budget": lambda: (
                with_version(manifest=_set(*first, "profile", "latencyP95Ms", 900.0)),
                (),
            ),
            "memory-within-budget": lambda: (
                with_version(manifest=_set(*first, "profile", "peakMemoryBytes", 900000000)),
                (),
            ),
            "energy-within-budget": lambda: (
                with_version(manifest=_set(*first, "profile", "energyMj", 900.0)),
                (),
            ),
        }
    )


def _high_risk() -> Plan:

    def both(evaluation: dict[str, Any]) -> None:
        evaluation["interpretability"] = []

    return (
        with_version(
            manifest=_set("metadata", "riskClass", "high"),
            assessment=_set("riskClass", "high"),
            evaluation=both,
        ),
        (),
    )


def _samples() -> None:
    distribution = "aws:cloudfront/distribution:Distribution"
    workload = "kubernetes:apps/v1:StatefulSet"
    ALONE.update(
        {
            "storage-private-and-encrypted": lambda: sample(
                "aws:rds/instance:Instance", "storageEncrypted", to=False
            ),
            "no-wildcard-iam": lambda: sample(
                "aws:iam/rolePolicy:RolePolicy",
                "policy",
                to='{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "arn:x"}]}',
            ),
            "release-metadata-fresh": lambda: sample(
                "aws:cloudfront/cachePolicy:CachePolicy", "maxTtl", to=86400
            ),
            "functions-capped": lambda: sample(
                "aws:lambda/function:Function", "reservedConcurrentExecutions", to=-1
            ),
            "sizes-allowed": lambda: sample(
                "aws:rds/instance:Instance", "instanceClass", to="db.r7g.16xlarge"
            ),
            "logs-expire": lambda: sample(
                "aws:cloudwatch/logGroup:LogGroup", "retentionInDays", to=0
            ),
            "no-public-ingress": lambda: sample(
                "aws:ec2/securityGroup:SecurityGroup", "ingress", to=[{"cidrBlocks": ["0.0.0.0/0"]}]
            ),
            "cdn-hardened": lambda: (
                (s := Scene()),
                (
                    s.sample("aws:wafv2/webAcl:WebAcl"),
                    changed(
                        s.sample(distribution),
                        "defaultCacheBehavior",
                        "viewerProtocolPolicy",
                        to="allow-all",
                    ),
                ),
            ),
            "cdn-geography-allowed": lambda: (
                (s := Scene()),
                (
                    s.sample("aws:wafv2/webAcl:WebAcl"),
                    changed(s.sample(distribution), "priceClass", to="PriceClass_All"),
                ),
            ),
            "cdn-has-firewall": lambda: ((s := Scene()), (s.sample(distribution),)),
            "load-balancer-hardened": lambda: sample(
                "aws:lb/loadBalancer:LoadBalancer", "internal", to=False
            ),
            "api-authorized": lambda: sample(
                "aws:apigatewayv2/route:Route", "authorizationType", to="NONE"
            ),
            "no-public-compute": lambda: sample(
                "aws:lambda/functionUrl:FunctionUrl", "authorizationType", to="NONE"
            ),
            "keys-rotate": lambda: sample("aws:kms/key:Key", "enableKeyRotation", to=False),
            "registry-immutable": lambda: sample(
                "aws:ecr/repository:Repository", "imageTagMutability", to="MUTABLE"
            ),
            "database-resilient": lambda: sample(
                "aws:rds/instance:Instance", "backupRetentionPeriod", to=0
            ),
            "messages-encrypted": lambda: sample("aws:sns/topic:Topic", "kmsMasterKeyId", to=""),
            "task-hardened": lambda: sample(
                "aws:ecs/taskDefinition:TaskDefinition", "networkMode", to="host"
            ),
            "no-plain-secrets": lambda: sample(
                "kubernetes:core/v1:ConfigMap", "data", to={"DB_PASSWORD": "hunter2"}
            ),
            "stores-protected": lambda: sample(
                "aws:rds/instance:Instance", "multiAz", to=True, name="registry-database"
            ),
            "edge-pod-restricted": lambda: sample(workload, *_POD, "hostNetwork", to=True),
            "container-limits-set": lambda: sample(
                workload, *_CONTAINER, "resources", to={"requests": {"cpu": "1", "memory": "1Gi"}}
            ),
            "probes-set": lambda: sample(workload, *_CONTAINER, "livenessProbe", to=None),
            "no-service-account-token": lambda: sample(
                workload, *_POD, "automountServiceAccountToken", to=True
            ),
            "namespace-restricted": lambda: sample(
                "kubernetes:core/v1:Namespace",
                "metadata",
                "labels",
                "pod-security.kubernetes.io/enforce",
                to="privileged",
            ),
            "cluster-roles-narrow": lambda: sample(
                "kubernetes:rbac.authorization.k8s.io/v1:Role", "rules", 0, "verbs", to=["*"]
            ),
            "service-not-exposed": lambda: sample(
                "kubernetes:core/v1:Service", "spec", "type", to="LoadBalancer"
            ),
            "network-policy-present": lambda: sample(
                workload, "metadata", "namespace", to="elsewhere"
            ),
            "cost-tags-required": lambda: sample(
                "kubernetes:core/v1:Service", "metadata", "labels", "mobile-ai.dev/team", to=""
            ),
            "leaf-bound-to-verified-model": _unbound,
            "bucket-guards-exist": lambda: ((s := Scene()), (s.sample("aws:s3/bucket:Bucket"),)),
        }
    )


def _unbound() -> Plan:
    scene = Scene()
    path = (*_CONTAINER, "image")
    return (scene, (changed(scene.workload(), *path, to="registry.example.com/edge:latest"),))


_deployments()
_versions()
_samples()


@alone("stack-configured")
def _other_environment() -> Plan:
    return context("environment", to="prod")


@alone("records-verified")
def _forged_record() -> Plan:
    scene = Scene()
    stranger = Signers.fresh()
    forged = replace(scene, signers=stranger).usage_record()
    return (replace(scene, records={"forged": forged}), ())


@alone("context-present")
def _two_contexts() -> Plan:
    scene = Scene()
    first = scene.context()
    return (scene, (replace(first, name="second", urn=first.urn.replace("governance", "second")),))


@alone("images-from-our-registry")
def _image_by_tag() -> Plan:
    return context("images", "mlflow", to="registry.example.com/mlflow:latest")


@alone("owner-named")
def _odd_cost_centre() -> Plan:
    return context("owner", "costCenter", to="everything")


@alone("identity-bounded")
def _foreign_issuer() -> Plan:
    tokens = {"jwtConfiguration": {"issuer": "https://login.evil.test/", "audiences": ["devices"]}}
    scene = Scene()
    return (scene, (scene.resource("aws:apigatewayv2/authorizer:Authorizer", tokens),))


@alone("names-bounded")
def _foreign_name() -> Plan:
    scene = Scene()
    name = {"domainName": "api.evil.test"}
    return (scene, (scene.resource("aws:apigatewayv2/domainName:DomainName", name),))


@alone("notifications-bounded")
def _foreign_address() -> Plan:
    scene = Scene()
    mail = {"protocol": "email", "endpoint": "oncall@evil.test"}
    return (scene, (scene.resource("aws:sns/topicSubscription:TopicSubscription", mail),))


@alone("budgets-bounded")
def _budget_above_its_ceiling() -> Plan:
    return context("budgets", 0, "monthlyUsd", to=1_000_000)


@alone("node-prices-bounded")
def _node_that_costs_next_to_nothing() -> Plan:
    return context("sites", 0, "nodePriceUsdPerHour", to=0.001)


@alone("release-kept")
def _release_deleted() -> Plan:
    return (Scene(release_root="0" * 64), ())


@alone("network-policy-narrow")
def _open_to_all() -> Plan:
    scene = Scene()
    fence = next(item for item in scene.surroundings() if item.name == "fence")
    return (scene, (changed(fence, "spec", "ingress", to=[{}]),))


@alone("resource-types-expected")
def _command() -> Plan:
    scene = Scene()
    return (scene, (scene.resource("command:local:Command", {"create": "curl"}),))


@alone("provider-accounts-bound")
def _any_account() -> Plan:
    scene = Scene()
    return (scene, (scene.resource("pulumi:providers:aws", {"region": "eu-west-1"}),))


@alone("model-evidence-verified")
def _wrong_name() -> Plan:
    scene = Scene()
    return (scene, (changed(scene.model_version(), "version", to="9.9.9"),))


@alone("data-residency")
def _elsewhere() -> Plan:
    scene = Scene()
    topic = scene.sample("aws:sns/topic:Topic")
    stream = changed(scene.sample("aws:kinesis/stream:Stream"), "region", to="ap-southeast-2")
    return (scene, (topic, stream))


@alone("data-placement-allowed")
def _kept_on_device() -> Plan:
    config = '{"vocabulary": {"camera-image": {"places": ["on-device"]}}}'
    return (Scene(config=config), ())


@alone("no-silent-downgrade")
def _older() -> Plan:
    model = {"version": "2.0.0", "sha256": "9" * 64}
    deployed = {"field-assistant-digits": {"aiModel": model}}
    return (Scene(baseline=Baseline(deployments=deployed)), ())


@alone("rollout-one-ring-at-a-time")
def _everybody_at_once() -> Plan:
    scene = Scene()
    return (scene, (changed(scene.deployment(), "spec", "rollout", "stage", to="general"),))


@alone("leaf-matches-deployment")
def _other_replicas() -> Plan:
    scene = Scene()
    token = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
    return (scene, (changed(scene.sample(token), "spec", "maxReplicas", to=7),))


@alone("placement-possible")
def _wrong_format() -> Plan:
    scene = Scene()
    deployed = scene.deployment()
    return (scene, (changed(deployed, "spec", "placement", 1, "variant", to="int8"),))


@alone("cloud-capacity-affordable")
def _too_many_copies() -> Plan:
    scene = Scene()
    placement = list(scene.deployment().props["spec"]["placement"])
    cloud = {
        "target": "cloud",
        "variant": "int8-onnx",
        "region": "eu-west-1",
        "reservedConcurrency": 500,
        "memoryMb": 3008,
    }
    return (
        scene,
        (
            changed(scene.context(), "budgets", 0, "kind", to="hard"),
            changed(scene.deployment(), "spec", "placement", to=[*placement, cloud]),
        ),
    )


@alone("budgets-hold")
def _above_its_budget() -> Plan:
    return context("budgets", 0, "monthlyUsd", to=1)


@alone("placements-near-optimum")
def _far_from_its_optimum() -> Plan:
    config = '{"rules": {"placements-near-optimum": {"parameters": {"maximumExcess": 0.2}}}}'
    return (Scene(config=config), ())


@alone("drift-monitored")
def _no_telemetry() -> Plan:
    scene = Scene()
    silent = scene.resource("mobileai:index:Telemetry", {}, name="telemetry")
    return (scene, (replace(silent, type="mobileai:index:Platform"),))


@alone("budgets-alert")
def _no_budget() -> Plan:
    scene = Scene()
    budget = scene.resource("aws:budgets/budget:Budget", {}, name="field-assistant")
    return (scene, (without(budget, "notifications"),))


@alone("rego-rules-pass")
def _rego() -> Plan:
    module = 'package mobile.ai.governance\nimport rego.v1\ndeny contains "no" if input.kind\n'
    return Scene(rego={"x.rego": module}), ()


EXPIRED = datetime(2027, 1, 1, tzinfo=UTC)
PROVIDER = ProviderReference(
    type="pulumi:providers:aws", name="bare", props={"region": "eu-west-1"}
)
