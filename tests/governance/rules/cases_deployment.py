"""Cases of the rules on deployments."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mobile_ai.contracts.deployed import Baseline, write_deployed
from mobile_ai.contracts.predicates import GATE, USAGE
from mobile_ai.contracts.reading import UNKNOWN
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.statements import Subject
from mobile_ai.contracts.tokens import DEPLOYED
from mobile_ai.testing import Scene, changed, make_record
from tests.governance.rules.table import (
    SCENE,
    Case,
    edit,
    fails,
    passes,
    says,
    with_version,
)

D = SCENE.deployment()
SPEC = ("spec",)
DATA = ("spec", "dataProcessing")
PLACES = ("spec", "placement")
RINGS = ("spec", "rollout", "rings")
AI = ("spec", "aiModel")


def given(rule: str, outcome: str, scene: Scene, *resources: Resource, label: str = "plan") -> Case:
    return Case(rule=rule, outcome=outcome, label=label, scene=scene, changed=resources)


def version_case(rule: str, outcome: str, label: str, **edits: Any) -> Case:
    return given(rule, outcome, with_version(**edits), label=label)


def assessed(outcome: str, *path: Any, to: Any) -> Case:
    label = f"assessment.{'.'.join(map(str, path))}={to!r:.30}"
    return version_case(
        "ethical-assessment-approved", outcome, label, assessment=edit(*path, to=to)
    )


ASSESSMENT = [
    assessed("fail", "decision", to="Approved"),
    assessed("fail", "decision", to=None),
    assessed("fail", "model", to="other"),
    assessed("fail", "version", to="1.0.0"),
    assessed("fail", "scope", to=None),
    assessed("fail", "scope", "apps", to=["another"]),
    assessed("fail", "scope", "apps", to="field-assistant"),
    assessed("fail", "scope", "dataTypes", to=[]),
    assessed("fail", "scope", "regions", to=["eu-central-1"]),
    assessed("fail", "scope", "privacyTiers", to=["Internal"]),
    assessed("fail", "expires", to="2026-05-31T00:00:00+00:00"),
    assessed("fail", "expires", to="2026-06-01T00:00:00+00:00"),
    assessed("fail", "expires", to="tomorrow"),
    assessed("warned", "expires", to="2026-06-30T00:00:00+00:00"),
    assessed("pass", "expires", to="2026-07-01T00:00:00+00:00"),
    fails("ethical-assessment-approved", D, *AI, "sha256", to="0" * 64),
    fails("ethical-assessment-approved", D, "metadata", "labels", to={}),
    fails("ethical-assessment-approved", D, *DATA, "privacyTier", to=None),
    fails("ethical-assessment-approved", D, *DATA, "dataTypes", to=[]),
    fails("ethical-assessment-approved", D, *PLACES, to=[]),
    fails("ethical-assessment-approved", D, *PLACES, 1, "region", to="eu-north-1"),
    says("unknown", "ethical-assessment-approved", D, *DATA, "region", to=UNKNOWN),
    passes(
        "ethical-assessment-approved",
        D,
        "metadata",
        "labels",
        to={"mobile-ai.dev/app": "field-assistant"},
    ),
]


def _gate_statement(digest: str) -> str:
    return make_record(
        GATE,
        {
            "stack": "dev",
            "cloud": "aws",
            "commit": "c" * 40,
            **dict.fromkeys(("source", "state", "pack"), "1" * 64),
            "at": "2026-05-01T00:00:00Z",
            "verdict": "pass",
        },
        signer=SCENE.signers.by_role["pipeline"],
        subjects=(Subject("manifest", digest),),
    )


def _expired(**more: Any) -> Scene:
    scene = with_version(
        assessment=edit("expires", to="2026-02-01T00:00:00+00:00"),
        evaluation=edit("expires", to="2026-02-01T00:00:00+00:00"),
    )
    return replace(scene, **more)


def _deployed(scene: Scene, *released: str) -> Scene:
    deployment = scene.deployment()
    baseline = Baseline(
        released=frozenset(released), deployments={deployment.name: deployment.props["spec"]}
    )
    return replace(scene, baseline=baseline)


def _in_state() -> Scene:
    scene = _expired()
    return _deployed(scene, scene.version.sha256)


def _released() -> Scene:
    scene = _expired()
    return _deployed(replace(scene, records={"gate": _gate_statement(scene.version.sha256)}))


def _told_by_nobody() -> Scene:
    return replace(_released(), baseline=None)


EXPIRY = (
    [
        given(rule, outcome, scene, label=label)
        for rule in ("ethical-assessment-approved", "evaluation-current")
        for outcome, scene, label in (
            ("fail", _expired(), "expired"),
            ("warned", _released(), "expired-released-by-signed-gate"),
            ("warned", _in_state(), "expired-in-the-state"),
            ("fail", _deployed(_expired()), "expired-deployed-never-released"),
            ("fail", _told_by_nobody(), "expired-released-no-baseline"),
        )
    ]
    + [
        version_case("evaluation-current", outcome, expires, evaluation=edit("expires", to=expires))
        for outcome, expires in (
            ("fail", "2026-06-01T00:00:00+00:00"),
            ("warned", "2026-06-01T12:00:00+00:00"),
            ("warned", "2026-06-30T00:00:00+00:00"),
            ("pass", "2026-07-01T00:00:00+00:00"),
        )
    ]
    + [fails("evaluation-current", D, *AI, "sha256", to="0" * 64)]
)

RESIDENCY = [
    fails("data-residency", D, *DATA, "region", to="us-east-1"),
    fails("data-residency", D, *DATA, "region", to="eu-north-1"),
    fails("data-residency", D, *DATA, "region", to=None),
    fails("data-residency", D, *PLACES, 1, "region", to="us-east-1"),
    fails("data-residency", D, *PLACES, 1, "region", to="eu-central-1"),
    fails("data-residency", D, *PLACES, 1, "site", to="mars"),
    fails("data-residency", D, *DATA, "privacyTier", to="Secret"),
    passes("data-residency", D, *DATA, "privacyTier", to="GDPR_Personal"),
    passes("data-residency", D, *DATA, "region", to="eu-central-1"),
    says("unknown", "data-residency", D, *DATA, "region", to=UNKNOWN),
    says("unknown", "data-residency", D, *DATA, "privacyTier", to=UNKNOWN),
    says("fail", "data-residency", "aws:kinesis/stream:Stream", "region", to="us-east-1"),
    says("unknown", "data-residency", "aws:kinesis/stream:Stream", "region", to=UNKNOWN),
    passes("data-residency", "aws:kinesis/stream:Stream", "region", to="eu-central-1"),
    passes("data-residency", "aws:wafv2/webAcl:WebAcl", "region", to="us-east-1"),
    passes("data-residency", "aws:iam/role:Role", "region", to="us-east-1"),
]


def _tier_regions(rule_outcome: str, tier: str, parameter: str) -> Case:
    config = (
        '{"rules": {"data-residency": {"parameters": {"' + parameter + '": ["eu-central-1"]}}}}'
    )
    scene = replace(SCENE, config=config)
    deployed = changed(D, *DATA, "privacyTier", to=tier)
    return given("data-residency", rule_outcome, scene, deployed, label=f"{tier}-{parameter}")


def _abroad(tier: str, outcome: str, *, region: str = "us-east-1") -> Case:
    """Return a case whose stack allows a region outside the EU, for open data only."""
    context = changed(SCENE.context(), "regions", to=[region, "eu-west-1"])
    deployed = changed(changed(D, *DATA, "privacyTier", to=tier), *DATA, "region", to=region)
    return Case(
        rule="data-residency",
        outcome=outcome,
        label=f"abroad-{tier}-{region}",
        scene=SCENE,
        changed=(context, deployed),
    )


RESIDENCY += [
    _tier_regions("fail", "GDPR_Sensitive", "sensitiveRegions"),
    _tier_regions("pass", "GDPR_Sensitive", "personalRegions"),
    _tier_regions("fail", "GDPR_Personal", "personalRegions"),
    _tier_regions("pass", "GDPR_Personal", "sensitiveRegions"),
    _tier_regions("pass", "Internal", "personalRegions"),
    _abroad("Internal", "pass"),
    _abroad("Public", "pass"),
    _abroad("Public", "fail", region="xx-nowhere-1"),
    _abroad("GDPR_Personal", "fail"),
    _abroad("GDPR_Sensitive", "fail"),
]


def _provider(region: Any, outcome: str) -> Case:
    provider = SCENE.resource(
        "pulumi:providers:aws", {"region": region, "allowedAccountIds": '["1"]'}, name="p"
    )
    return given("data-residency", outcome, SCENE, provider, label=f"provider-{region}")


def _through(region: str, outcome: str) -> Case:
    stream = SCENE.sample("aws:kinesis/stream:Stream")
    moved = replace(stream, provider=SCENE.aws_provider(region))
    return given("data-residency", outcome, SCENE, moved, label=f"through-{region}")


RESIDENCY += [
    _provider("eu-west-1", "pass"),
    _provider("us-east-1", "pass"),
    _provider("us-west-2", "fail"),
    _provider(UNKNOWN, "unknown"),
    _through("eu-west-1", "pass"),
    _through("us-east-1", "fail"),
    given(
        "data-residency",
        "fail",
        SCENE,
        replace(SCENE.sample("aws:kinesis/stream:Stream"), provider=None),
        label="no-provider",
    ),
]


def _allowed(outcome: str, **parameters: list[str]) -> Case:
    config = {"rules": {"model-version-allowed": {"parameters": parameters}}}
    scene = replace(SCENE, config=json.dumps(config))
    return given("model-version-allowed", outcome, scene, label=str(parameters))


def _baseline(
    outcome: str, name: str = "field-assistant-digits", previous: str = "", **model: str
) -> Case:
    spec = {"aiModel": {"sha256": "9" * 64, "previous": {"sha256": previous}, **model}}
    scene = replace(SCENE, baseline=Baseline(deployments={name: spec}))
    return given("no-silent-downgrade", outcome, scene, label=f"{name}-{model}-{previous}")


UNTOLD = replace(SCENE, baseline=None)
# A state with resources and without a baseline.
LOST = SCENE.resource(DEPLOYED, {"found": "missing", "text": ""}, name="deployed")
ODD = SCENE.resource(DEPLOYED, {"found": "state", "text": "{}"}, name="deployed")
OTHER_STACK = SCENE.resource(
    DEPLOYED, {"found": "state", "text": write_deployed(Baseline(), stack="prod")}, name="deployed"
)
HALTED = changed(D, "spec", "rollout", "halted", to=True)


def _released_before() -> Scene:
    return replace(UNTOLD, records={"gate": _gate_statement(SCENE.version.sha256)})


def _stage(outcome: str, at: str, spec: dict[str, Any] | None = None, **model: Any) -> Case:
    """Return a deployment at stage ``at``, after ``spec`` was deployed."""
    rule = "rollout-one-ring-at-a-time"
    before = {} if spec is None else {D.name: {**spec, "aiModel": {**OWN, **model}}}
    scene = replace(SCENE, baseline=Baseline(deployments=before))
    moved = changed(D, "spec", "rollout", "stage", to=at)
    return given(rule, outcome, scene, moved, label=f"{at}-after-{spec}-{sorted(model)}")


OWN = {"version": "1.1.0", "sha256": SCENE.version.sha256}
NEWER = {"version": "1.2.0", "sha256": "9" * 64}


def _rings(*percents: int, last: str = "general") -> list[dict[str, Any]]:
    """Return rings of these percentages; `canary` is the first, or the last."""
    names = ["canary", *(f"ring-{at}" for at in range(1, len(percents)))]
    if last == "canary":
        names = [*(f"ring-{at}" for at in range(1, len(percents))), "canary"]
    return [
        {"name": name, "percent": percent, "soakHours": 24}
        for name, percent in zip(names, percents, strict=True)
    ]


def _at(stage: str) -> dict[str, Any]:
    return {"rollout": {"stage": stage}}


STEPS = [
    _stage("pass", "canary"),
    _stage("fail", "general"),
    _stage("pass", "canary", _at("general")),
    _stage("pass", "general", _at("canary")),
    _stage("fail", "general", _at("a ring of before")),
    _stage("fail", "general", _at("general"), **NEWER),
    _stage("pass", "canary", _at("general"), **NEWER),
    *(
        given(
            "rollout-one-ring-at-a-time",
            outcome,
            replace(
                SCENE,
                baseline=Baseline(
                    deployments={
                        D.name: {
                            "aiModel": OWN,
                            "rollout": {"stage": "canary", "rings": _rings(5, 50, 100)},
                        }
                    }
                ),
            ),
            changed(D, "spec", "rollout", "rings", to=_rings(*percents, last="canary")),
            label=f"canary moved to {percents[-1]} percent",
        )
        for outcome, percents in (("pass", (5, 50)), ("fail", (5, 100)))
    ),
    _stage("pass", "general", _at("canary"), **NEWER, previous=OWN),
    given(
        "rollout-one-ring-at-a-time",
        "pass",
        SCENE,
        changed(HALTED, "spec", "rollout", "stage", to="general"),
        label="halted",
    ),
    given(
        "rollout-one-ring-at-a-time",
        "fail",
        _released_before(),
        changed(D, "spec", "rollout", "stage", to="general"),
        label="no-baseline",
    ),
    says("unknown", "rollout-one-ring-at-a-time", D, "spec", "rollout", "stage", to=UNKNOWN),
    given(
        "rollout-one-ring-at-a-time",
        "pass",
        replace(
            SCENE,
            config=json.dumps(
                {"rules": {"rollout-one-ring-at-a-time": {"parameters": {"skip": 1}}}}
            ),
        ),
        changed(D, "spec", "rollout", "stage", to="general"),
        label="skip",
    ),
]

OLDER = with_version(version="1.0.0").model_version()


def _previous(outcome: str, *, version: str, sha256: str, label: str) -> Case:
    deployed = changed(D, *AI, "previous", to={"version": version, "sha256": sha256})
    return Case(
        rule="rollback-target-verified",
        outcome=outcome,
        label=label,
        scene=SCENE,
        changed=(OLDER, deployed),
    )


VERSIONS = [
    _allowed("pass", allowed=["digits"]),
    _allowed("pass", allowed=["digits@1.1.0"]),
    _allowed("fail", allowed=["digits@1.0.0"]),
    _allowed("fail", allowed=["other"]),
    _allowed("fail", denied=["digits"]),
    _allowed("pass", denied=["digits@1.0.0"]),
    _allowed("pass", minimum=["digits@1.1.0"]),
    _allowed("fail", minimum=["digits@1.2.0"]),
    _allowed("fail", minimum=["digits@1.1.1"]),
    _allowed("fail", minimum=["digits@10.0.0"]),
    _allowed("fail", minimum=["digits@nonsense"]),
    _allowed("pass", minimum=["other@9.0.0"]),
    fails("model-version-allowed", D, *AI, "version", to="latest"),
    fails("model-version-allowed", D, *AI, "version", to=None),
    says("unknown", "model-version-allowed", D, *AI, "version", to=UNKNOWN),
    given("no-silent-downgrade", "pass", SCENE, label="nothing-deployed"),
    given("no-silent-downgrade", "fail", UNTOLD, label="no-baseline"),
    given("no-silent-downgrade", "fail", SCENE, LOST, D, label="lost"),
    given("no-silent-downgrade", "fail", SCENE, ODD, D, label="unreadable"),
    given("no-silent-downgrade", "fail", SCENE, OTHER_STACK, D, label="another-stack"),
    given("no-silent-downgrade", "pass", SCENE, LOST, HALTED, label="lost-and-halted"),
    given("no-silent-downgrade", "pass", _released_before(), label="lost-and-released"),
    *STEPS,
    _baseline("pass", version="1.1.0"),
    _baseline("pass", version="1.0.9"),
    _baseline("pass", version="1.1.0-rc.1"),
    _baseline("fail", version="1.1.1"),
    _baseline("fail", version="nonsense"),
    _baseline("pass", version="1.2.0", previous=SCENE.version.sha256),
    _baseline("fail", version="1.2.0", previous="8" * 64),
    _baseline("pass", name="another", version="9.9.9"),
    _previous("pass", version="1.0.0", sha256=OLDER.props["sha256"], label="older"),
    _previous("fail", version="1.0.1", sha256=OLDER.props["sha256"], label="wrong-version"),
    _previous("fail", version="1.1.0", sha256=SCENE.version.sha256, label="itself"),
    _previous("fail", version="1.0.0", sha256="0" * 64, label="unverified"),
    says("unknown", "rollback-target-verified", D, *AI, "previous", to=UNKNOWN),
    passes("rollback-target-verified", D, *AI, "previous", to=None),
]

_TIER, _TYPES, _COVER = "privacy-tier-sufficient", "dataTypes", "data-types-cover-inputs"
DATA_CASES = [
    fails(_TIER, D, *DATA, "privacyTier", to="Internal"),
    fails(_TIER, D, *DATA, "privacyTier", to="gdpr_personal"),
    fails(_TIER, D, *DATA, "privacyTier", to=None),
    passes(_TIER, D, *DATA, "privacyTier", to="GDPR_Personal"),
    fails(_TIER, D, *DATA, _TYPES, to=["unheard-of"]),
    fails(_TIER, D, *DATA, _TYPES, to=[]),
    says("unknown", _TIER, D, *DATA, "privacyTier", to=UNKNOWN),
    fails(_COVER, D, *DATA, _TYPES, to=["voice-audio"]),
    fails(_COVER, D, *DATA, _TYPES, to=["camera-image", "unheard-of"]),
    fails(_COVER, D, *DATA, _TYPES, to=[]),
    passes(_COVER, D, *DATA, _TYPES, to=["document-image", "voice-audio"]),
    says("unknown", _COVER, D, *DATA, _TYPES, to=UNKNOWN),
]
CLOUD = {
    "target": "cloud",
    "variant": "int8-onnx",
    "region": "eu-west-1",
    "reservedConcurrency": 2,
    "memoryMb": 512,
}


def _placed(rule: str, outcome: str, *placements: Any, types: list[str], only: list[str]) -> Case:
    config = {"vocabulary": {name: {"places": ["on-device"]} for name in only}}
    deployed = changed(changed(D, *PLACES, to=list(placements)), *DATA, _TYPES, to=types)
    return given(
        rule,
        outcome,
        replace(SCENE, config=json.dumps(config)),
        deployed,
        label=f"{[item['target'] for item in placements]}-{types}-{only}",
    )


_PHONE, _EDGE = D.props["spec"]["placement"]
_HOLD = "data-placement-allowed"
DATA_CASES += [
    _placed(_HOLD, "pass", CLOUD, types=["camera-image"], only=[]),
    _placed(_HOLD, "fail", CLOUD, types=["face-image"], only=[]),
    _placed(_HOLD, "fail", _PHONE, CLOUD, types=["voice-audio", "camera-image"], only=[]),
    _placed(_HOLD, "pass", _EDGE, types=["face-image"], only=[]),
    _placed(_HOLD, "fail", _EDGE, types=["face-image"], only=["face-image"]),
    _placed(_HOLD, "fail", CLOUD, types=["camera-image"], only=["camera-image"]),
    _placed(_HOLD, "pass", _PHONE, types=["camera-image"], only=["camera-image"]),
    says("unknown", _HOLD, D, *PLACES, 1, "target", to=UNKNOWN),
]


def artifact(rule: str, outcome: str, *path: Any, to: Any, at: int = 0) -> Case:
    label = f"artifact{at}.{'.'.join(map(str, path))}={to!r:.30}"
    return version_case(rule, outcome, label, manifest=edit("artifacts", at, *path, to=to))


def _quality(low: float, n: int = 2000, agreement: float | None = None) -> dict[str, Any]:
    parity = {"reference": "fp32", "maxAbsError": 0.1}
    if agreement is not None:
        parity["agreement"] = agreement
    interval = {"low": low, "high": 0.99, "method": "wilson"}
    return {"metric": "accuracy", "value": 0.97, "interval": interval, "n": n, "parity": parity}


def _fair(
    high: float, n: int = 400, *, low: float = 0.0, metric: str = "accuracy-gap"
) -> list[dict[str, Any]]:
    interval = {"low": low, "high": high, "method": "bootstrap"}
    return [
        {
            "attribute": "sex",
            "metric": metric,
            "value": low,
            "interval": interval,
            "worstGroup": "b",
            "n": n,
        }
    ]


def _worst_group(low: float, high: float = 0.9) -> list[dict[str, Any]]:
    return _fair(high, low=low, metric="worst-group-accuracy")


def _high_risk(rule: str, outcome: str, label: str, **evaluation: Any) -> Case:
    def manifest(values: dict[str, Any]) -> None:
        values["metadata"]["riskClass"] = "high"
        if "fairness" in evaluation:
            values["artifacts"][0]["fairness"] = evaluation["fairness"]

    def evaluated(values: dict[str, Any]) -> None:
        values["interpretability"] = evaluation.get("interpretability", [{"variant": "int8"}])

    return version_case(rule, outcome, label, manifest=manifest, evaluation=evaluated)


_QUALITY, _FAIR, _PARITY = "quality-sufficient", "fairness-sufficient", "parity-kept"
UNVERIFIED = [
    fails(rule, D, *AI, "sha256", to="0" * 64)
    for rule in (
        _QUALITY,
        _FAIR,
        _PARITY,
        "interpretability-reported",
        "risk-class-agreed",
        "training-data-known",
        "training-licence-allowed",
        "model-licence-allowed",
        "placement-possible",
        "artifact-fits-device",
        "latency-within-budget",
        "memory-within-budget",
        "energy-within-budget",
        "model-evidence-verified",
    )
]
QUALITY = [
    artifact(_QUALITY, "pass", "quality", to=_quality(0.8)),
    artifact(_QUALITY, "fail", "quality", to=_quality(0.79)),
    artifact(_QUALITY, "fail", "quality", to=_quality(0.79), at=1),
    artifact(_QUALITY, "pass", "quality", to=_quality(0.9, n=500)),
    artifact(_QUALITY, "fail", "quality", to=_quality(0.9, n=499)),
    artifact(_QUALITY, "fail", "quality", to=None),
    artifact(_QUALITY, "fail", "quality", "metric", to="unheard-of"),
    artifact(_QUALITY, "fail", "quality", "metric", to="accuracy-gap"),
    artifact(_QUALITY, "pass", "quality", "metric", to="f1"),
    artifact(_QUALITY, "fail", "quality", "metric", to="rmse"),
    artifact(_QUALITY, "fail", "quality", "metric", to="latency-p50"),
    artifact(_QUALITY, "fail", "quality", "metric", to="expected-calibration-error"),
    artifact(_QUALITY, "fail", "quality", "metric", to="reading-speed/higher"),
    artifact(_QUALITY, "fail", "quality", "value", to=97.0),
    fails(_QUALITY, D, *PLACES, 0, "variant", to="unheard-of"),
    says("unknown", _QUALITY, D, *PLACES, 0, "variant", to=UNKNOWN),
    artifact(_FAIR, "pass", "fairness", to=_fair(0.1)),
    artifact(_FAIR, "fail", "fairness", to=_fair(0.11)),
    artifact(_FAIR, "pass", "fairness", to=_fair(0.01, n=30)),
    artifact(_FAIR, "fail", "fairness", to=_fair(0.01, n=29)),
    artifact(_FAIR, "pass", "fairness", to=_worst_group(0.7)),
    artifact(_FAIR, "fail", "fairness", to=_worst_group(0.69)),
    artifact(_FAIR, "fail", "fairness", to=_worst_group(0.02, 0.05)),
    artifact(_FAIR, "fail", "fairness", to=_worst_group(79.0, 81.0)),
    artifact(_FAIR, "fail", "fairness", to=_fair(0.01, metric="unheard-of")),
    artifact(_FAIR, "fail", "fairness", to=_fair(0.99, low=0.9, metric="accuracy")),
    artifact(_FAIR, "pass", "fairness", to=[]),
    _high_risk(_FAIR, "fail", "high-risk-unmeasured", fairness=[]),
    _high_risk(_FAIR, "pass", "high-risk-measured"),
    artifact(_PARITY, "pass", "quality", to=_quality(0.9, agreement=0.95)),
    artifact(_PARITY, "fail", "quality", to=_quality(0.9, agreement=0.94)),
    artifact(_PARITY, "pass", "quality", to=_quality(0.9)),
    artifact(_PARITY, "pass", "quality", to=None),
    _high_risk("interpretability-reported", "fail", "none", interpretability=[]),
    _high_risk("interpretability-reported", "pass", "some"),
    version_case(
        "interpretability-reported",
        "pass",
        "limited",
        evaluation=edit("interpretability", to=[]),
    ),
    version_case(
        "risk-class-agreed", "fail", "minimal", assessment=edit("riskClass", to="minimal")
    ),
    given("risk-class-agreed", "pass", SCENE),
    fails("human-oversight-named", D, *SPEC, "humanOversight", to="nobody@home"),
    fails("human-oversight-named", D, *SPEC, "humanOversight", to="a@b.example, c"),
    fails("human-oversight-named", D, *SPEC, "humanOversight", to=None),
    fails("human-oversight-named", D, *SPEC, "humanOversight", to=7),
    says("unknown", "human-oversight-named", D, *SPEC, "humanOversight", to=UNKNOWN),
    passes("human-oversight-named", D, *SPEC, "humanOversight", to="a@b.example"),
]

LINEAGE = (
    [
        version_case(
            "training-data-known",
            outcome,
            f"{index}-{key}-{value}",
            manifest=edit("lineage", "datasets", index, key, to=value),
        )
        for outcome, index, key, value in (
            ("fail", 0, "use", "calibration"),
            ("fail", 1, "use", "calibration"),
            ("pass", 0, "use", "fine-tuning"),
            ("pass", 0, "digest", "1" * 64),
        )
    ]
    + [
        version_case(
            "training-data-known",
            "fail",
            "same-data",
            manifest=lambda values: (
                [item.update(digest="1" * 64) for item in values["lineage"]["datasets"]] and None
            ),
        ),
        version_case(
            "training-licence-allowed",
            "pass",
            "cc0",
            manifest=edit("lineage", "datasets", 0, "licence", to="CC0-1.0"),
        ),
        version_case(
            "training-licence-allowed",
            "fail",
            "second",
            manifest=edit("lineage", "datasets", 1, "licence", to="CC-BY-NC-4.0"),
        ),
    ]
    + [
        version_case(
            "model-licence-allowed",
            outcome,
            licence,
            manifest=edit("metadata", "licence", to=licence),
        )
        for outcome, licences in (
            (
                "pass",
                ("Apache-2.0", "mit", "AGPL-3.0-only OR MIT", "(MIT AND Zlib) OR GPL-2.0-only"),
            ),
            (
                "fail",
                (
                    "AGPL-3.0-only",
                    "GPL-3.0-or-later",
                    "CC-BY-NC-4.0",
                    "OpenRAIL",
                    "MIT AND AGPL-3.0-only",
                    "GPL-2.0-only WITH Classpath-exception-2.0",
                    "MIT OR",
                    "(MIT",
                    "MIT) OR (MIT",
                    "MIT MIT",
                    "NOASSERTION",
                ),
            ),
        )
        for licence in licences
    ]
)

DEVICE = [
    artifact("artifact-fits-device", "pass", "bytes", to=20_000_000),
    artifact("artifact-fits-device", "fail", "bytes", to=20_000_001),
    artifact("artifact-fits-device", "pass", "bytes", to=90_000_000, at=1),
    artifact("latency-within-budget", "pass", "profile", "latencyP95Ms", to=60.0),
    artifact("latency-within-budget", "fail", "profile", "latencyP95Ms", to=60.1),
    artifact("latency-within-budget", "fail", "profile", to=None),
    # Core ML models are measured on Apple's devices only.
    version_case(
        "latency-within-budget",
        "pass",
        "coreml-unmeasured",
        manifest=lambda values: values["artifacts"][0].update(format="coreml", profile=None),
    ),
    artifact("memory-within-budget", "pass", "profile", "peakMemoryBytes", to=256_000_000),
    artifact("memory-within-budget", "fail", "profile", "peakMemoryBytes", to=256_000_001),
    artifact("memory-within-budget", "pass", "profile", to=None),
    artifact("energy-within-budget", "pass", "profile", "energyMj", to=50.0),
    artifact("energy-within-budget", "fail", "profile", "energyMj", to=50.1),
    artifact("energy-within-budget", "pass", "profile", to=None),
    artifact("placement-possible", "pass", "format", to="coreml"),
    fails("placement-possible", D, *PLACES, 0, "target", to="moon"),
    fails("placement-possible", D, *PLACES, 0, "deviceClass", to="toaster"),
    fails("placement-possible", D, *PLACES, 0, "deviceClass", to=None),
    fails("placement-possible", D, *PLACES, 0, "variant", to="int8-onnx"),
    fails("placement-possible", D, *PLACES, 1, "variant", to="int8"),
    fails("placement-possible", D, *PLACES, to=[]),
    passes("placement-possible", D, *PLACES, to=[CLOUD]),
    fails("placement-possible", D, *PLACES, to=[{**CLOUD, "variant": "int8"}]),
    says("unknown", "placement-possible", D, *PLACES, 0, "variant", to=UNKNOWN),
] + [
    fails(rule, D, *PLACES, 0, "deviceClass", to="toaster")
    for rule in (
        "artifact-fits-device",
        "latency-within-budget",
        "memory-within-budget",
        "energy-within-budget",
    )
]


def _class(rule: str, device_class: str, outcome: str, *path: Any, to: Any) -> Case:
    scene = with_version(manifest=edit("artifacts", 0, *path, to=to))
    deployed = changed(scene.deployment(), *PLACES, 0, "deviceClass", to=device_class)
    return given(rule, outcome, scene, deployed, label=f"{device_class}-{to}")


DEVICE += [
    _class("artifact-fits-device", "entry", "pass", "bytes", to=5_000_000),
    _class("artifact-fits-device", "entry", "fail", "bytes", to=5_000_001),
    _class("artifact-fits-device", "high-end", "pass", "bytes", to=60_000_000),
    _class("artifact-fits-device", "high-end", "fail", "bytes", to=60_000_001),
    _class("latency-within-budget", "entry", "pass", "profile", "latencyP95Ms", to=100.0),
    _class("latency-within-budget", "entry", "fail", "profile", "latencyP95Ms", to=100.1),
    _class("latency-within-budget", "high-end", "pass", "profile", "latencyP95Ms", to=40.0),
    _class("latency-within-budget", "high-end", "fail", "profile", "latencyP95Ms", to=40.1),
    _class("memory-within-budget", "entry", "pass", "profile", "peakMemoryBytes", to=64_000_000),
    _class("memory-within-budget", "entry", "fail", "profile", "peakMemoryBytes", to=64_000_001),
    _class(
        "memory-within-budget", "high-end", "pass", "profile", "peakMemoryBytes", to=512_000_000
    ),
    _class(
        "memory-within-budget", "high-end", "fail", "profile", "peakMemoryBytes", to=512_000_001
    ),
    _class("energy-within-budget", "entry", "pass", "profile", "energyMj", to=20.0),
    _class("energy-within-budget", "entry", "fail", "profile", "energyMj", to=20.1),
    _class("energy-within-budget", "high-end", "pass", "profile", "energyMj", to=100.0),
    _class("energy-within-budget", "high-end", "fail", "profile", "energyMj", to=100.1),
]

_ROLLOUT = ("spec", "rollout")
_THREE = [
    {"name": "a", "percent": 5, "soakHours": 1},
    {"name": "b", "percent": 25, "soakHours": 1},
    {"name": "c", "percent": 100},
]
_FIRST, _BOUND, _STAGE, _APP = (
    "first-ring-small",
    "rollout-bounded",
    "rollout-stage-known",
    "minimum-app-version-set",
)
ROLLOUT = [
    fails(_FIRST, D, *RINGS, to=[]),
    fails(_FIRST, D, *RINGS, to=None),
    passes(_FIRST, D, *RINGS, 0, "percent", to=10),
    fails(_FIRST, D, *RINGS, 0, "percent", to=11),
    fails(_FIRST, D, *RINGS, 0, "percent", to="5"),
    fails(_FIRST, D, *RINGS, 0, "percent", to=None),
    passes(_FIRST, D, *RINGS, 1, "percent", to=90),
    says("unknown", _FIRST, D, *RINGS, 0, "percent", to=UNKNOWN),
    passes(_BOUND, D, *RINGS, to=_THREE),
    passes(_BOUND, D, *RINGS, 0, "percent", to=5),
    fails(_BOUND, D, *RINGS, 0, "percent", to=4.9),
    fails(_BOUND, D, *RINGS, 0, "soakHours", to=0.9),
    passes(_BOUND, D, *RINGS, 0, "soakHours", to=1),
    fails(_BOUND, D, *RINGS, 0, "soakHours", to=None),
    passes(_BOUND, D, *RINGS, 1, "soakHours", to=0),
    fails(_BOUND, D, *RINGS, 1, "percent", to=99),
    fails(_BOUND, D, *RINGS, to=[{**_THREE[0], "percent": 30}, _THREE[1], _THREE[2]]),
    says("unknown", _BOUND, D, *RINGS, 1, "percent", to=UNKNOWN),
    fails(_STAGE, D, *_ROLLOUT, "stage", to=None),
    fails(_STAGE, D, *_ROLLOUT, "salt", to=""),
    fails(_STAGE, D, *_ROLLOUT, "salt", to=None),
    passes(_STAGE, D, *_ROLLOUT, "stage", to="general"),
    says("warned", _STAGE, D, *_ROLLOUT, "halted", to=True),
    passes(_STAGE, D, *_ROLLOUT, "halted", to=None),
    passes(_APP, D, *_ROLLOUT, "minAppVersion", to="0.0.1"),
    fails(_APP, D, *_ROLLOUT, "minAppVersion", to="0.0.0"),
    fails(_APP, D, *_ROLLOUT, "minAppVersion", to="4.2"),
    fails(_APP, D, *_ROLLOUT, "minAppVersion", to=4),
    fails(_APP, D, *_ROLLOUT, "minAppVersion", to=None),
    says("unknown", _APP, D, *_ROLLOUT, "minAppVersion", to=UNKNOWN),
]

_SCALE, _AFFORD, _BUDGET, _USED = (
    "autoscaling-bounded",
    "cloud-capacity-affordable",
    "budget-declared",
    "usage-plausible",
)


def _capacity(outcome: str, **figures: Any) -> Case:
    context = changed(SCENE.context(), "budgets", 0, "kind", to="hard")
    deployed = changed(D, *PLACES, to=[_PHONE, {**CLOUD, **figures}])
    return Case(rule=_AFFORD, outcome=outcome, label=f"{figures}", changed=(context, deployed))


def _budgets(rule: str, outcome: str, label: str, **entry: Any) -> Case:
    budgets = [{**SCENE.context().props["budgets"][0], **entry}]
    context = changed(SCENE.context(), "budgets", to=budgets)
    costly = changed(D, *PLACES, to=[{**CLOUD, "reservedConcurrency": 200}])
    deployed = costly if rule == _AFFORD else D
    return Case(rule=rule, outcome=outcome, label=label, scene=SCENE, changed=(context, deployed))


def _alone(outcome: str, label: str, record: dict[str, Any]) -> Case:
    return _measured(outcome, label, record, first="usage")


def _measured(outcome: str, label: str, *records: dict[str, Any], first: str = "usage0") -> Case:
    signer = SCENE.signers.by_role["operations"]
    own = {
        "app": "field-assistant",
        "stack": "dev",
        "basis": "measurement",
        **dict.fromkeys(("monthlyActiveDevices", "updatesPerMonth", "requestsPerSecond"), 0),
    }
    texts = {
        f"usage{index}" if index else first: make_record(USAGE, {**own, **record}, signer=signer)
        for index, record in enumerate(records)
    }
    scene = replace(SCENE, records=texts)
    return given(_USED, outcome, scene, label=label)


MONEY = [
    passes(_SCALE, D, *PLACES, 1, "replicas", "max", to=20),
    fails(_SCALE, D, *PLACES, 1, "replicas", "max", to=21),
    fails(_SCALE, D, *PLACES, 1, "replicas", "max", to=1),
    passes(_SCALE, D, *PLACES, 1, "replicas", "max", to=2),
    fails(_SCALE, D, *PLACES, 1, "replicas", to=None),
    passes(_SCALE, D, *PLACES, 1, "replicas", "min", to=None),
    says("unknown", _SCALE, D, *PLACES, 1, "replicas", "max", to=UNKNOWN),
    # 0.5 GB x 2,628,000 seconds x 0.0000166667 USD = 21.90 USD per copy: 22 copies fit in 500 USD.
    _capacity("pass", reservedConcurrency=22),
    _capacity("fail", reservedConcurrency=23),
    _capacity("fail", reservedConcurrency=12, memoryMb=1024),
    _capacity("pass", reservedConcurrency=11, memoryMb=1024),
    _capacity("fail", region="cn-north-1"),
    _capacity("fail", reservedConcurrency=None),
    _capacity("fail", reservedConcurrency=-1),
    _capacity("fail", memoryMb=None),
    _capacity("fail", memoryMb=0),
    _capacity("unknown", reservedConcurrency=UNKNOWN),
    _budgets(_AFFORD, "pass", "soft", kind="soft"),
    _budgets(_AFFORD, "fail", "hard", kind="hard"),
    _budgets(_AFFORD, "pass", "rich", kind="hard", monthlyUsd=5000),
    fails(_BUDGET, D, *SPEC, "budget", to=None),
    says("unknown", _BUDGET, D, *SPEC, "budget", to=UNKNOWN),
    _budgets(_BUDGET, "pass", "as-it-is"),
    _budgets(_BUDGET, "fail", "nothing", monthlyUsd=0),
    _budgets(_BUDGET, "fail", "no-limit", monthlyUsd=None),
    _budgets(_BUDGET, "fail", "nobody", notify=[]),
    passes(_USED, D, *SPEC, "usage", "monthlyActiveDevices", to=200_000),
    fails(_USED, D, *SPEC, "usage", "monthlyActiveDevices", to=199_999),
    fails(_USED, D, *SPEC, "usage", "updatesPerMonth", to=1),
    passes(_USED, D, *SPEC, "usage", "requestsPerSecond", to=1),
    fails(_USED, D, *SPEC, "usage", to=None),
    fails(_USED, D, "metadata", "labels", to={"mobile-ai:app": "another"}),
    says("unknown", _USED, D, *SPEC, "usage", "updatesPerMonth", to=UNKNOWN),
    _measured(
        "fail",
        "the-newest-counts",
        {"issued": "2026-01-01T00:00:00Z", "requestsPerSecond": 1},
        {"issued": "2026-05-02T00:00:00Z", "requestsPerSecond": 1000},
    ),
    _measured(
        "pass",
        "another-stack-does-not-count",
        {"issued": "2026-05-01T00:00:00Z", "requestsPerSecond": 1},
        {"issued": "2026-05-02T00:00:00Z", "requestsPerSecond": 1000, "stack": "prod"},
    ),
    _measured(
        "pass",
        "the-older-does-not",
        {"issued": "2026-01-01T00:00:00Z", "requestsPerSecond": 1000},
        {"issued": "2026-05-02T00:00:00Z", "requestsPerSecond": 1},
    ),
    _alone("fail", "six-years-old", {"issued": "2020-06-01T00:00:00Z"}),
    _alone("fail", "without-expiry-401-days", {"issued": "2025-04-26T00:00:00Z"}),
    _alone("pass", "without-expiry-399-days", {"issued": "2025-04-28T00:00:00Z"}),
    _alone(
        "pass", "400-days-after-its-month", {"issued": "2025-04-20T00:00:00Z", "period": "2025-04"}
    ),
    _alone(
        "fail",
        "expired-today",
        {"issued": "2026-05-01T00:00:00Z", "expires": "2026-06-01T00:00:00Z"},
    ),
    _alone("fail", "not-issued-yet", {"issued": "2026-06-02T00:00:00Z"}),
    _alone("fail", "no-basis", {"issued": "2026-05-01T00:00:00Z", "basis": None}),
    _alone(
        "fail",
        "assumed-by-operations",
        {"issued": "2026-05-01T00:00:00Z", "basis": "assumption", "reason": "planned"},
    ),
]

V = SCENE.model_version()
EVIDENCE = [
    passes("model-evidence-verified", D, "metadata", "name", to="x"),
    fails("model-evidence-verified", D, *AI, "id", to="other"),
    fails("model-evidence-verified", D, *AI, "version", to="1.0.0"),
    fails("model-evidence-verified", D, *AI, "sha256", to=None),
    says("unknown", "model-evidence-verified", D, *AI, "sha256", to=UNKNOWN),
    fails("model-evidence-verified", V, "sha256", to="0" * 64),
    fails("model-evidence-verified", V, "model", to="other"),
    fails("model-evidence-verified", V, "version", to="1.0.0"),
    fails("model-evidence-verified", V, "manifest", to=SCENE.version.manifest + "#"),
    fails("model-evidence-verified", V, "evidence", "assessment", to="{}"),
    fails("model-evidence-verified", V, "evidence", "provenance", to=None),
    says("unknown", "model-evidence-verified", V, "evidence", "bom", to=UNKNOWN),
    says("unknown", "model-evidence-verified", V, "manifest", to=UNKNOWN),
    passes("evaluation-agrees-with-manifest", V, "model", to="digits"),
    fails("evaluation-agrees-with-manifest", V, "sha256", to="0" * 64),
    says("unknown", "evaluation-agrees-with-manifest", V, "sha256", to=UNKNOWN),
    version_case(
        "evaluation-agrees-with-manifest",
        "fail",
        "no-results",
        evaluation=edit("results", to=None),
    ),
    version_case(
        "evaluation-agrees-with-manifest",
        "fail",
        "of-other-bytes",
        evaluation=edit("results", 1, "sha256", to="0" * 64),
    ),
    version_case(
        "evaluation-agrees-with-manifest",
        "pass",
        "rounded",
        evaluation=edit("results", 0, "quality", "value", to=0.9700005),
    ),
    version_case(
        "evaluation-agrees-with-manifest",
        "fail",
        "nearly",
        evaluation=edit("results", 0, "quality", "value", to=0.970002),
    ),
    version_case(
        "evaluation-agrees-with-manifest",
        "fail",
        "lower",
        evaluation=edit("results", 0, "quality", "value", to=0.96),
    ),
    version_case(
        "evaluation-agrees-with-manifest",
        "pass",
        "nothing-claimed",
        manifest=edit("artifacts", 0, "quality", to=None),
        evaluation=edit("results", 0, "quality", to=None),
    ),
    fails("bom-consistent", V, "evidence", "bom", to="[]"),
    fails("bom-consistent", V, "evidence", "bom", to="not JSON"),
    fails("bom-consistent", V, "evidence", "bom", to=None),
    says("unknown", "bom-consistent", V, "evidence", "bom", to=UNKNOWN),
    version_case("bom-consistent", "fail", "spdx", bom_edit=edit("bomFormat", to="SPDX")),
    version_case(
        "bom-consistent",
        "fail",
        "one-missing",
        bom_edit=edit("components", 1, "hashes", to=[]),
    ),
    version_case("bom-consistent", "fail", "no-list", bom_edit=edit("components", to={})),
    version_case("bom-consistent", "fail", "odd-component", bom_edit=edit("components", 0, to="x")),
]

C = SCENE.context()
SECOND = SCENE.resource(DEPLOYED, {"found": "first", "text": ""}, name="other")
NOW = datetime(2026, 6, 1, tzinfo=UTC)
SETUP = [
    fails("stack-configured", C, "stack", to="prod"),
    fails("stack-configured", C, "stack", to=None),
    fails("stack-configured", C, "environment", to="prod"),
    says("unknown", "stack-configured", C, "environment", to=UNKNOWN),
    passes("stack-configured", C, "stack", to="dev"),
    fails("records-verified", C, "records", to=[{"name": "x", "text": "not a record"}]),
    fails("records-verified", C, "releasedDigests", to=["0" * 64]),
    passes("records-verified", C, "records", to=[]),
    given("context-present", "fail", SCENE, SECOND, label="two-baselines"),
    given("context-present", "fail", UNTOLD, label="no-baseline"),
    says("unknown", "records-verified", C, "records", to=UNKNOWN),
    given(
        "records-verified",
        "pass",
        replace(SCENE, baseline=Baseline(released=frozenset({"0" * 64}))),
        changed(C, "releasedDigests", to=["0" * 64]),
        label="proven-by-the-state",
    ),
    fails("images-from-our-registry", C, "images", "edge", to="x:latest"),
    fails("images-from-our-registry", C, "images", "edge", to=None),
    passes("images-from-our-registry", C, "images", to={}),
    says("unknown", "images-from-our-registry", C, "images", "edge", to=UNKNOWN),
    *(
        fails("images-from-our-registry", C, "images", "edge", to=f"{repository}@sha256:{'f' * 64}")
        for repository in (
            "docker.io/evil/edge",
            "registry.example.com/edge-evil",
            "registry.example.com/edge/evil",
            "registry.example.com/edge:1.0",
        )
    ),
    fails("owner-named", C, "owner", "team", to=""),
    fails("owner-named", C, "owner", "project", to=None),
    fails("owner-named", C, "owner", "costCenter", to="cc-"),
    fails("owner-named", C, "owner", "costCenter", to="xcc-1"),
    fails("owner-named", C, "owner", "costCenter", to=1),
    says("unknown", "owner-named", C, "owner", to=UNKNOWN),
    passes("owner-named", C, "owner", "costCenter", to="cc-99"),
    given("deviations-listed", "pass", SCENE, label="none"),
    given(
        "deviations-listed",
        "warned",
        replace(SCENE, config='{"rules": {"probes-set": {"enforcement": "advisory"}}}'),
        label="weakened",
    ),
]
CASES = [
    *ASSESSMENT,
    *EXPIRY,
    *RESIDENCY,
    *VERSIONS,
    *DATA_CASES,
    *QUALITY,
    *UNVERIFIED,
    *LINEAGE,
    *DEVICE,
    *ROLLOUT,
    *MONEY,
    *EVIDENCE,
    *SETUP,
]
