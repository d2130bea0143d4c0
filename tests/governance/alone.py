"""A plan for every mandatory rule that only this rule denies."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from mobile_ai.contracts.bounds import Bounds
from mobile_ai.contracts.deployed import Baseline
from mobile_ai.contracts.predicates import FREEZE
from mobile_ai.contracts.progress import Progress
from mobile_ai.contracts.resource import ProviderReference, Resource
from mobile_ai.testing import Scene, Signers, changed, make_record, make_version, without
from mobile_ai.testing.plan import BOUNDS

Plan = tuple[Scene, tuple[Resource, ...]]
ALONE: dict[str, Callable[[], Plan]] = {}
_DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
_FIREWALL = "aws:wafv2/webAcl:WebAcl"
_WORKLOAD = "kubernetes:apps/v1:StatefulSet"
_POD = ("spec", "template", "spec")
_CONTAINER = (*_POD, "containers", 0)


def alone(rule: str) -> Callable[[Callable[[], Plan]], Callable[[], Plan]]:

    def keep(make: Callable[[], Plan]) -> Callable[[], Plan]:
        ALONE[rule] = make
        return make

    return keep


def with_version(**edits: Any) -> Scene:
    return Scene(version=make_version(Signers.shared(), **edits))


REPOSITORY = "registry.example.com/edge"
STEPS = {
    "maximumFirstPercent": 10,
    "maximumFactor": 20,
    "minimumSoakHours": 1,
    "maximumSkip": 0,
}


def with_roots(**bounds: Any) -> Scene:
    """Return a scene with other bounds, as the roots file would have them."""
    values = BOUNDS.model_dump(by_alias=True, exclude_defaults=True)
    return Scene(bounds=Bounds.model_validate({**values, **bounds}))


def of_version(**edits: Any) -> Plan:
    return (with_version(**edits), ())


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


# Rule -> path in the deployment and the value there.
_DEPLOYMENTS: dict[str, tuple[tuple[str | int, ...], Any]] = {
    "privacy-tier-sufficient": (("spec", "dataProcessing", "privacyTier"), "Internal"),
    "rollback-target-verified": (
        ("spec", "aiModel", "previous"),
        {"version": "1.0.0", "sha256": "0" * 64},
    ),
    "human-oversight-named": (("spec", "humanOversight"), "nobody"),
    "first-ring-small": (("spec", "rollout", "rings", 0, "percent"), 50),
    "rollout-bounded": (("spec", "rollout", "rings", 1, "percent"), 90),
    "rollout-stage-known": (("spec", "rollout", "stage"), "nowhere"),
    "minimum-app-version-set": (("spec", "rollout", "minAppVersion"), "latest"),
    "autoscaling-bounded": (("spec", "placement", 1, "replicas", "max"), 1000),
    "budget-declared": (("spec", "budget"), "unheard-of"),
    "usage-plausible": (("spec", "usage", "monthlyActiveDevices"), 10),
}
# Rule -> edits of the documents of a model version.
_VERSIONS: dict[str, dict[str, Callable[[dict[str, Any]], None]]] = {
    "data-types-cover-inputs": {"manifest": _set("metadata", "modalities", ["vision", "audio"])},
    "ethical-assessment-approved": {"assessment": _set("decision", "rejected")},
    "training-data-known": {"manifest": _set("lineage", "datasets", 1, "use", "calibration")},
    "training-licence-allowed": {
        "manifest": _set("lineage", "datasets", 0, "licence", "proprietary")
    },
    "model-licence-allowed": {"manifest": _set("metadata", "licence", "AGPL-3.0-only")},
    "evaluation-agrees-with-manifest": {
        "evaluation": _set("results", 0, "quality", {"value": 0.5})
    },
    "bom-consistent": {"bom_edit": _set("components", [])},
    "quality-sufficient": {"manifest": _set("artifacts", 0, "quality", "interval", "low", 0.1)},
    "fairness-sufficient": {
        "manifest": _set("artifacts", 0, "fairness", 0, "interval", "high", 0.6)
    },
    "parity-kept": {
        "manifest": _set(
            "artifacts",
            0,
            "quality",
            "parity",
            {"reference": "fp32", "agreement": 0.5, "maxAbsError": 0.1},
        )
    },
    "evaluation-current": {"evaluation": _set("expires", "2026-02-01T00:00:00+00:00")},
    "risk-class-agreed": {"assessment": _set("riskClass", "minimal")},
    "artifact-fits-device": {"manifest": _set("artifacts", 0, "bytes", 90000000)},
    "latency-within-budget": {"manifest": _set("artifacts", 0, "profile", "latencyP95Ms", 900.0)},
    "memory-within-budget": {
        "manifest": _set("artifacts", 0, "profile", "peakMemoryBytes", 900000000)
    },
    "energy-within-budget": {"manifest": _set("artifacts", 0, "profile", "energyMj", 900.0)},
}
# Rule -> token of a resource of the kit, path in it and the value there.
_SAMPLES: dict[str, tuple[str, tuple[str | int, ...], Any]] = {
    "storage-private-and-encrypted": ("aws:rds/instance:Instance", ("storageEncrypted",), False),
    "no-wildcard-iam": (
        "aws:iam/rolePolicy:RolePolicy",
        ("policy",),
        '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "arn:x"}]}',
    ),
    "release-metadata-fresh": ("aws:cloudfront/cachePolicy:CachePolicy", ("maxTtl",), 86400),
    "functions-capped": ("aws:lambda/function:Function", ("reservedConcurrentExecutions",), -1),
    "sizes-allowed": ("aws:rds/instance:Instance", ("instanceClass",), "db.r7g.16xlarge"),
    "logs-expire": ("aws:cloudwatch/logGroup:LogGroup", ("retentionInDays",), 0),
    "no-public-ingress": (
        "aws:ec2/securityGroup:SecurityGroup",
        ("ingress",),
        [{"cidrBlocks": ["0.0.0.0/0"]}],
    ),
    "load-balancer-hardened": ("aws:lb/loadBalancer:LoadBalancer", ("internal",), False),
    "api-authorized": ("aws:apigatewayv2/route:Route", ("authorizationType",), "NONE"),
    "no-public-compute": ("aws:lambda/functionUrl:FunctionUrl", ("authorizationType",), "NONE"),
    "keys-rotate": ("aws:kms/key:Key", ("enableKeyRotation",), False),
    "registry-immutable": ("aws:ecr/repository:Repository", ("imageTagMutability",), "MUTABLE"),
    "database-resilient": ("aws:rds/instance:Instance", ("backupRetentionPeriod",), 0),
    "messages-encrypted": ("aws:sns/topic:Topic", ("kmsMasterKeyId",), ""),
    "task-hardened": ("aws:ecs/taskDefinition:TaskDefinition", ("networkMode",), "host"),
    "no-plain-secrets": ("kubernetes:core/v1:ConfigMap", ("data",), {"DB_PASSWORD": "hunter2"}),
    "edge-pod-restricted": (_WORKLOAD, (*_POD, "hostNetwork"), True),
    "container-limits-set": (
        _WORKLOAD,
        (*_CONTAINER, "resources"),
        {"requests": {"cpu": "1", "memory": "1Gi"}},
    ),
    "probes-set": (_WORKLOAD, (*_CONTAINER, "livenessProbe"), None),
    "no-service-account-token": (_WORKLOAD, (*_POD, "automountServiceAccountToken"), True),
    "namespace-restricted": (
        "kubernetes:core/v1:Namespace",
        ("metadata", "labels", "pod-security.kubernetes.io/enforce"),
        "privileged",
    ),
    "cluster-roles-narrow": (
        "kubernetes:rbac.authorization.k8s.io/v1:Role",
        ("rules", 0, "verbs"),
        ["*"],
    ),
    "service-not-exposed": ("kubernetes:core/v1:Service", ("spec", "type"), "LoadBalancer"),
    "network-policy-present": (_WORKLOAD, ("metadata", "namespace"), "elsewhere"),
    "cost-tags-required": (
        "kubernetes:core/v1:Service",
        ("metadata", "labels", "mobile-ai.dev/team"),
        "",
    ),
}

for _rule, (_path, _to) in _DEPLOYMENTS.items():
    ALONE[_rule] = partial(deployment, *_path, to=_to)
for _rule, _edits in _VERSIONS.items():
    ALONE[_rule] = partial(of_version, **_edits)
for _rule, (_token, _path, _to) in _SAMPLES.items():
    ALONE[_rule] = partial(sample, _token, *_path, to=_to)


@alone("interpretability-reported")
def _high_risk() -> Plan:
    return of_version(
        manifest=_set("metadata", "riskClass", "high"),
        assessment=_set("riskClass", "high"),
        evaluation=_set("interpretability", []),
    )


@alone("model-version-allowed")
def _version_denied() -> Plan:
    parameters = '{"parameters": {"denied": ["digits@1.1.0"]}}'
    return (Scene(config=f'{{"rules": {{"model-version-allowed": {parameters}}}}}'), ())


@alone("stores-protected")
def _store_unprotected() -> Plan:
    return sample("aws:rds/instance:Instance", "multiAz", to=True, name="registry-database")


@alone("cdn-hardened")
def _plain_http() -> Plan:
    scene = Scene()
    path = ("defaultCacheBehavior", "viewerProtocolPolicy")
    cdn = changed(scene.sample(_DISTRIBUTION), *path, to="allow-all")
    return (scene, (scene.sample(_FIREWALL), cdn))


@alone("cdn-geography-allowed")
def _served_everywhere() -> Plan:
    scene = Scene()
    cdn = changed(scene.sample(_DISTRIBUTION), "priceClass", to="PriceClass_All")
    return (scene, (scene.sample(_FIREWALL), cdn))


@alone("cdn-has-firewall")
def _no_firewall() -> Plan:
    scene = Scene()
    return (scene, (scene.sample(_DISTRIBUTION),))


@alone("bucket-guards-exist")
def _bare_bucket() -> Plan:
    scene = Scene()
    return (scene, (scene.sample("aws:s3/bucket:Bucket"),))


@alone("leaf-bound-to-verified-model")
def _unbound() -> Plan:
    scene = Scene()
    path = (*_CONTAINER, "image")
    return (scene, (changed(scene.workload(), *path, to="registry.example.com/edge:latest"),))


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


@alone("images-vouched-for")
def _image_without_a_record() -> Plan:
    return (with_roots(images={REPOSITORY: {"signer": "image-builder"}}), ())


@alone("existing-bounded")
def _bucket_of_others() -> Plan:
    scene = Scene()
    registry = scene.resource(
        "mobileai:index:ModelRegistry", {"artifactBucket": "evil"}, name="registry"
    )
    return (scene, (registry,))


@alone("rollout-within-roots")
def _ring_beyond_the_roots() -> Plan:
    return (with_roots(rollout={**STEPS, "maximumFirstPercent": 4}), ())


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
    name = {
        "domainName": "api.evil.test",
        "domainNameConfiguration": {"securityPolicy": "TLS_1_2"},
    }
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


def _after(**changes: Any) -> Plan:
    """Return the passing plan after another baseline."""
    scene = Scene()
    before = {"field-assistant-digits": scene.deployment().props["spec"]}
    return (replace(scene, baseline=Baseline(**{"deployments": before, **changes})), ())


@alone("rollout-soaked")
def _too_soon() -> Plan:
    opened = Progress(
        opened={"canary": "2026-05-31T12:00:00Z"}, reached={Scene().version.sha256: 5}
    )
    scene, _ = _after(progress={"field-assistant-digits": opened})
    return (scene, (changed(scene.deployment(), "spec", "rollout", "stage", to="general"),))


@alone("rollout-history-kept")
def _cohorts_drawn_again() -> Plan:
    scene, _ = _after()
    return (scene, (changed(scene.deployment(), "spec", "rollout", "salt", to="another"),))


@alone("deployment-announced")
def _announced_otherwise() -> Plan:
    scene = Scene()
    other = changed(scene.deployment(), "spec", "rollout", "halted", to=True)
    return (scene, (scene.announced(other),))


@alone("release-grows")
def _release_shrunk() -> Plan:
    return _after(release={"root": 1, "snapshot": 2})


@alone("withdrawals-kept")
def _revocation_removed() -> Plan:
    return _after(withdrawn={"0" * 64: ""})


@alone("freeze-respected")
def _while_frozen() -> Plan:
    freeze = {
        "stack": "dev",
        "reason": "audit",
        "issued": "2026-05-30T00:00:00Z",
        "expires": "2026-06-10T00:00:00Z",
    }
    key = Signers.shared().by_role["operations"]
    return (Scene(records={"freeze": make_record(FREEZE, freeze, signer=key)}), ())


@alone("network-policy-narrow")
def _open_to_all() -> Plan:
    scene = Scene()
    fence = next(item for item in scene.surroundings() if item.name == "fence")
    opened = scene.resource(fence.type, fence.props, name="opened")
    return (scene, (changed(opened, "spec", "ingress", to=[{}]),))


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
