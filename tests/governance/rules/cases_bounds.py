"""Cases of the rules that keep stack files within the bounds of the pack's folder."""

from dataclasses import replace
from typing import Any

from mobile_ai.contracts.bounds import BudgetBound
from mobile_ai.contracts.reading import UNKNOWN
from mobile_ai.contracts.resource import Resource
from mobile_ai.testing import Scene, changed
from tests.governance.rules.table import SCENE, Case, fails, passes, says

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
