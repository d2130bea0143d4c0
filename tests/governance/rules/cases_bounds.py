"""Cases of the rules that keep stack files within the bounds of the pack's folder."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mobile_ai.contracts.bounds import BudgetBound
from mobile_ai.contracts.deployed import Baseline
from mobile_ai.contracts.predicates import REVOCATION
from mobile_ai.contracts.reading import UNKNOWN
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.statements import Subject
from mobile_ai.testing import Scene, changed, make_record
from mobile_ai.testing.plan import IMAGE as IMAGE_REFERENCE
from tests.governance.alone import REPOSITORY, STEPS, with_roots
from tests.governance.rules.table import SCENE, Case, fails, passes, says
from tests.image_records import image_record

__all__ = ["CASES", "RELEASED"]

_CONTEXT = SCENE.context()
_AUTHORIZER = SCENE.resource(
    "aws:apigatewayv2/authorizer:Authorizer",
    {"jwtConfiguration": {"issuer": "https://login.example.com/", "audiences": ["devices"]}},
)
_CDN = SCENE.sample("aws:cloudfront/distribution:Distribution")
_BUDGET = next(item for item in SCENE.surroundings() if item.name == "field-assistant")
_MAIL = SCENE.resource(
    "aws:sns/topicSubscription:TopicSubscription",
    {"protocol": "email", "endpoint": "oncall@example.com"},
)
_ANOMALIES = "aws:costexplorer/anomalySubscription:AnomalySubscription"
_ROOT = "0" * 64
RELEASED = replace(SCENE, release_root=_ROOT)
"""A stack whose devices trust a first root."""


def _given(rule: str, outcome: str, *resources: Resource, label: str, scene: Scene = SCENE) -> Case:
    return Case(rule=rule, outcome=outcome, label=label, scene=scene, changed=resources)


def _name(outcome: str, token: str, **props: Any) -> Case:
    return _given("names-bounded", outcome, SCENE.resource(token, props), label=str(props))


def _budgets(outcome: str, label: str, *, bounds: dict[str, tuple[Any, ...]]) -> Case:
    fields = ("maximumUsd", "kind", "scope")
    of_each = {
        name: BudgetBound.model_validate(dict(zip(fields, bound, strict=False)))
        for name, bound in bounds.items()
    }
    scene = replace(SCENE, bounds=SCENE.bounds.model_copy(update={"budgets": of_each}))
    return _given("budgets-bounded", outcome, _CONTEXT, label=label, scene=scene)


def _steps(outcome: str, label: str, **changes: float) -> Case:
    scene = with_roots(rollout={**STEPS, **changes})
    return _given("rollout-within-roots", outcome, scene.deployment(), label=label, scene=scene)


def _image(
    outcome: str,
    label: str,
    *,
    records: Mapping[str, str] = {},
    bound: Mapping[str, Any] | None = None,
    ran: frozenset[str] = frozenset(),
    rule: str = "images-vouched-for",
) -> Case:
    bound = {"signer": "image-builder"} if bound is None else bound
    before = Baseline(released=frozenset({"0" * 64}), images=ran)
    made = replace(with_roots(images={REPOSITORY: bound}), records=records, baseline=before)
    subject = made.context() if rule == "images-from-our-registry" else made.deployed()[0]
    return _given(rule, outcome, subject, label=label, scene=made)


def _record(digest: str = "f" * 64, repository: str = REPOSITORY, **more: Any) -> str:
    return image_record(f"{repository}@sha256:{digest}", SCENE.signers, **more)


def _revoked(digest: str) -> str:
    predicate = {"issued": "2026-05-01T00:00:00Z", "reason": "a hole"}
    signer = SCENE.signers.by_role["security"]
    return make_record(REVOCATION, predicate, signer=signer, subjects=(Subject("image", digest),))


def _registry(outcome: str, rule: str, **props: Any) -> Case:
    kind = "mobileai:index:ModelRegistry"
    return _given(rule, outcome, SCENE.resource(kind, props, name="registry"), label=str(props))


_TOKENS = ("jwtConfiguration",)
_API_NAME = "aws:apigatewayv2/domainName:DomainName"
_CERTIFICATE = "aws:acm/certificate:Certificate"
_GATEWAY = "kubernetes:gateway.networking.k8s.io/v1:Gateway"
_ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
_RECORD = "aws:route53/record:Record"
CASES: list[Case] = [
    _given("identity-bounded", "pass", _AUTHORIZER, label="ours"),
    fails("identity-bounded", _AUTHORIZER, *_TOKENS, "issuer", to="https://login.evil.test/"),
    fails("identity-bounded", _AUTHORIZER, *_TOKENS, "issuer", to="https://login.example.com"),
    fails("identity-bounded", _AUTHORIZER, *_TOKENS, "audiences", to=["devices", "everybody"]),
    fails("identity-bounded", _AUTHORIZER, *_TOKENS, "audiences", to=[]),
    fails("identity-bounded", _AUTHORIZER, "jwtConfiguration", to=None),
    says("unknown", "identity-bounded", _AUTHORIZER, *_TOKENS, "issuer", to=UNKNOWN),
    passes("names-bounded", _CDN, "aliases", to=["models.example.com"]),
    passes("names-bounded", _CDN, "aliases", to=[]),
    fails("names-bounded", _CDN, "aliases", to=["models.example.com", "models.evil.test"]),
    fails("names-bounded", _CDN, "aliases", to=["models-example.com"]),
    says("unknown", "names-bounded", _CDN, "aliases", to=UNKNOWN),
    _name("pass", _API_NAME, domainName="api.example.com"),
    _name("fail", _API_NAME, domainName="example.com.evil.test"),
    _name("pass", _CERTIFICATE, domainName="example.com"),
    _name(
        "fail",
        _CERTIFICATE,
        domainName="example.com",
        subjectAlternativeNames=["evil.test"],
    ),
    _given("notifications-bounded", "pass", _MAIL, label="ours"),
    fails("notifications-bounded", _MAIL, "endpoint", to="oncall@evil.test"),
    fails("notifications-bounded", _MAIL, "endpoint", to="example.com@evil.test"),
    fails("notifications-bounded", _MAIL, "protocol", to="https"),
    fails("notifications-bounded", _MAIL, "protocol", to="sms"),
    passes("notifications-bounded", _MAIL, "protocol", to="lambda"),
    says("unknown", "notifications-bounded", _MAIL, "endpoint", to=UNKNOWN),
    _given("notifications-bounded", "pass", _BUDGET, label="our budget"),
    fails(
        "notifications-bounded",
        _BUDGET,
        "notifications",
        0,
        "subscriberEmailAddresses",
        to=["a@b.example", "finops@evil.test"],
    ),
    *(
        _given(
            "notifications-bounded",
            outcome,
            SCENE.resource(_ANOMALIES, {"subscribers": [{"type": "EMAIL", "address": address}]}),
            label=address,
        )
        for outcome, address in (("pass", "a@example.com"), ("fail", "a@evil.test"))
    ),
    _budgets("pass", "as bounded", bounds={"field-assistant": (500, "soft")}),
    _budgets("pass", "any name", bounds={"*": (500, "soft")}),
    _budgets("fail", "above its ceiling", bounds={"field-assistant": (499, "soft")}),
    _budgets("fail", "made soft", bounds={"field-assistant": (500, "hard")}),
    _budgets("fail", "removed", bounds={"*": (500, "soft"), "stack": (900, "soft")}),
    _budgets("fail", "of a name without a bound", bounds={"other": (900, "soft")}),
    says("unknown", "budgets-bounded", _CONTEXT, "budgets", 0, "monthlyUsd", to=UNKNOWN),
    _given("node-prices-bounded", "pass", _CONTEXT, label="as it is"),
    fails("node-prices-bounded", _CONTEXT, "sites", 0, "nodePriceUsdPerHour", to=0),
    fails("node-prices-bounded", _CONTEXT, "sites", 0, "nodePriceUsdPerHour", to=0.009),
    fails("node-prices-bounded", _CONTEXT, "sites", 0, "nodePriceUsdPerHour", to=None),
    passes("node-prices-bounded", _CONTEXT, "sites", 0, "nodePriceUsdPerHour", to=0.01),
    says("unknown", "node-prices-bounded", _CONTEXT, "sites", 0, "nodePriceUsdPerHour", to=UNKNOWN),
    fails("node-prices-bounded", _CONTEXT, "sites", 0, "nodeCpu", to=1000),
    fails("node-prices-bounded", _CONTEXT, "sites", 0, "nodeMemoryGb", to=4000),
    _budgets("fail", "of another scope", bounds={"field-assistant": (500, "soft", "stack")}),
    fails("notifications-bounded", SCENE.deployment(), "spec", "humanOversight", to="a@evil.test"),
    fails("notifications-bounded", _MAIL, "endpoint", to="z,evil@example.com"),
    *(
        _given("names-bounded", outcome, SCENE.resource(token, props), label=str(props))
        for outcome, token, props in (
            ("pass", _GATEWAY, {"spec": {"listeners": [{"hostname": "models.example.com"}]}}),
            ("fail", _GATEWAY, {"spec": {"listeners": [{"hostname": "models.evil.test"}]}}),
            ("fail", _ROUTE, {"spec": {"hostnames": ["models.evil.test"]}}),
            ("pass", _RECORD, {"name": "models.example.com"}),
            ("fail", _RECORD, {"name": "models.evil.test"}),
        )
    ),
    _given("rollout-within-roots", "pass", SCENE.deployment(), label="no bound"),
    _steps("pass", "within"),
    _steps("fail", "first ring", maximumFirstPercent=4),
    _steps("fail", "growth", maximumFactor=19),
    _steps("fail", "soak", minimumSoakHours=25),
    _image("fail", "no record"),
    _image("pass", "a record of the index", records={"image": _record()}),
    _image(
        "pass",
        "a record of a platform",
        records={"image": _record(digest="b" * 64, platforms={"linux/arm64": "f" * 64})},
    ),
    _image("fail", "a record of another digest", records={"image": _record(digest="b" * 64)}),
    _image(
        "fail", "a record of another repository", records={"image": _record(repository="evil/edge")}
    ),
    _image("fail", "a record of tomorrow", records={"image": _record(issued="2026-06-02")}),
    _image("fail", "a record by the pipeline", records={"image": _record(role="pipeline")}),
    _image("pass", "it ran before", ran=frozenset({IMAGE_REFERENCE})),
    _image("fail", "another one ran before", ran=frozenset({f"{REPOSITORY}@sha256:{'b' * 64}"})),
    _image("pass", "nobody vouches", bound={}),
    *(
        _image(outcome, label, bound=bound, records=records, rule="images-from-our-registry")
        for outcome, label, bound, records in (
            ("pass", "a digest of others", {"digests": ["f" * 64]}, {}),
            ("fail", "another digest of others", {"digests": ["b" * 64]}, {}),
            ("fail", "revoked", {}, {"gone": _revoked("f" * 64)}),
            ("pass", "another is revoked", {}, {"gone": _revoked("b" * 64)}),
        )
    ),
    _registry("pass", "names-bounded", trackingUri="https://mlflow.example.com/x"),
    _registry("pass", "names-bounded", trackingUri=None),
    _registry("fail", "names-bounded", trackingUri="https://mlflow.evil.test"),
    _registry("fail", "names-bounded", trackingUri="http://mlflow.example.com"),
    _registry("fail", "names-bounded", trackingUri="https://example.com@evil.test/"),
    _registry("fail", "names-bounded", trackingUri="https://evil.test#.example.com"),
    _registry("pass", "existing-bounded", artifactBucket=None),
    _registry("fail", "existing-bounded", artifactBucket="evil"),
    _given(
        "release-kept",
        "fail",
        changed(_CONTEXT, "release", to=[{"name": "1.root.json", "text": "{}"}]),
        label="a root that the pack does not know",
    ),
    _given("release-kept", "pass", _CONTEXT, label="nothing was released yet"),
    _given("release-kept", "fail", _CONTEXT, label="all of it deleted", scene=RELEASED),
    _given(
        "release-kept",
        "fail",
        changed(_CONTEXT, "release", to=[{"name": "1.root.json", "text": "{}"}]),
        label="another root",
        scene=RELEASED,
    ),
]
