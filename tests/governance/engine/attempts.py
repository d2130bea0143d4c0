"""Attacks by an author of pull requests, and the rules that deny them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mobile_ai.contracts.canonical import sha256_text
from mobile_ai.contracts.deployed import Baseline, write_deployed
from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.predicates import WAIVER
from mobile_ai.contracts.reading import UNKNOWN, Secret
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import DEPLOYED
from mobile_ai.testing import Scene, Signers, changed, make_record, make_version

__all__ = ["PLANS", "Plan"]

Plan = Callable[[Scene], list[Resource]]
_RING = ("spec", "rollout", "rings", 0, "percent")


def _with(scene: Scene, *changes: Resource) -> list[Resource]:
    ours = [item for item in scene.resources(*changes) if item.type.startswith("mobileai:")]
    return [item for item in ours if item.name != "registry"]


def _forged_signature(scene: Scene) -> list[Resource]:
    """Replace the assessment with one signed by an untrusted key."""
    forger = Signers.fresh()
    forged = make_version(forger).evidence["assessment"]
    evidence = {**scene.version.evidence, "assessment": forged}
    values = {**scene.version.values}
    values["evidence"] = [
        {**item, "sha256": sha256_text(evidence[item["kind"]])} for item in values["evidence"]
    ]
    text = dump_yaml(values)
    return _repinned(scene, text, evidence)


def _swapped_artifact(scene: Scene) -> list[Resource]:
    """Replace the evaluated file under its name, with an updated manifest and pin."""
    values = {**scene.version.values}
    first, *others = values["artifacts"]
    values["artifacts"] = [{**first, "sha256": "6" * 64}, *others]
    return _repinned(scene, dump_yaml(values), dict(scene.version.evidence))


def _evidence_of_another_version(scene: Scene) -> list[Resource]:
    older = make_version(scene.signers, version="1.0.0")
    values = {**scene.version.values, "evidence": older.values["evidence"]}
    return _repinned(scene, dump_yaml(values), dict(older.evidence))


def _repinned(scene: Scene, text: str, evidence: dict[str, str]) -> list[Resource]:
    pin = sha256_text(text)
    model = scene.model_version()
    props = {**model.props, "manifest": text, "sha256": pin, "evidence": evidence}
    deployment = changed(scene.deployment(), "spec", "aiModel", "sha256", to=pin)
    return _with(scene, replace(model, props=props), deployment)


def _replayed_older(scene: Scene) -> list[Resource]:
    """Replay an older valid manifest where a newer one is deployed."""
    newer = {"aiModel": {"id": "digits", "version": "9.0.0", "sha256": "9" * 64}}
    baseline = Baseline(deployments={scene.deployment().name: newer})
    return _with(replace(scene, baseline=baseline))


def _baseline_left_out(scene: Scene) -> list[Resource]:
    return [item for item in _with(scene) if item.type != DEPLOYED]


def _baseline_of_another_stack(scene: Scene) -> list[Resource]:
    (told,) = scene.deployed()
    text = write_deployed(Baseline(), stack="prod")
    return _with(scene, replace(told, props={"found": "state", "text": text}))


def _two_baselines(scene: Scene) -> list[Resource]:
    (told,) = scene.deployed()
    return [*_with(scene), replace(told, name="other", urn=f"{told.urn}-other")]


def _unverified_pin(scene: Scene) -> list[Resource]:
    return _with(scene, changed(scene.deployment(), "spec", "aiModel", "sha256", to="5" * 64))


def _model_left_out(scene: Scene) -> list[Resource]:
    return [item for item in _with(scene) if item.urn != scene.model_version().urn]


def _context_left_out(scene: Scene) -> list[Resource]:
    return [item for item in _with(scene) if item.urn != scene.context().urn]


def _second_context(scene: Scene) -> list[Resource]:
    """Add a second context with weaker facts."""
    lax = replace(scene.context(), name="lax", urn=f"{scene.context().urn}-lax")
    return [*_with(scene), changed(lax, "regions", to=["us-east-1"])]


def _waiver_of(target: str, *, role: str = "security", **more: Any) -> Plan:
    def plan(scene: Scene) -> list[Resource]:
        now = datetime.now(UTC)
        bad = changed(scene.deployment(), *_RING, to=90)
        predicate = {
            "rule": "first-ring-small",
            "stack": "dev",
            "urn": bad.urn,
            "reason": "we are in a hurry",
            "ticket": "OPS-1",
            "issued": (now - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "expires": (now + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            **more,
        }
        if target:
            predicate["urn"] = target
        record = make_record(WAIVER, predicate, signer=scene.signers.by_role[role])
        return _with(replace(scene, records={"waiver": record}), bad)

    return plan


def _token(kind: str, props: Mapping[str, Any] | None = None, *, below: bool = False) -> Plan:
    """Add a resource of a type, below the deployment if asked, as a component of ours would."""

    def plan(scene: Scene) -> list[Resource]:
        parent = scene.deployment() if below else None
        given = {"command": "curl evil"} if props is None else props
        return [*_with(scene), scene.resource(kind, given, name="extra", parent=parent)]

    return plan


def _context(*path: str | int, to: Any) -> Plan:
    return lambda scene: _with(scene, changed(scene.context(), *path, to=to))


def _model(*path: str | int, to: Any) -> Plan:
    return lambda scene: _with(scene, changed(scene.model_version(), *path, to=to))


def _claimed_release(scene: Scene) -> list[Resource]:
    """Claim in the plan that an unverified pin was released before."""
    return _with(
        scene,
        changed(scene.context(), "releasedDigests", to=["5" * 64]),
        changed(scene.deployment(), "spec", "aiModel", "sha256", to="5" * 64),
    )


def _baseline(**props: Any) -> Plan:
    def plan(scene: Scene) -> list[Resource]:
        (told,) = scene.deployed()
        return _with(scene, replace(told, props={**told.props, **props}))

    return plan


def _registry(**props: str) -> Plan:
    def plan(scene: Scene) -> list[Resource]:
        kind = "mobileai:index:ModelRegistry"
        return [*_with(scene), scene.resource(kind, props, name="registry")]

    return plan


def _edit(*path: str | int, to: Any) -> Plan:
    return lambda scene: _with(scene, changed(scene.deployment(), *path, to=to))


PLANS: dict[str, tuple[Plan, str]] = {
    "forged signature": (_forged_signature, "model-evidence-verified"),
    "swapped artifact": (_swapped_artifact, "model-evidence-verified"),
    "evidence of another version": (_evidence_of_another_version, "model-evidence-verified"),
    "replayed older manifest": (_replayed_older, "no-silent-downgrade"),
    "baseline left out of the plan": (_baseline_left_out, "no-silent-downgrade"),
    "baseline of another stack": (_baseline_of_another_stack, "no-silent-downgrade"),
    "second baseline beside the real one": (_two_baselines, "context-present"),
    "stage of everybody at once": (
        _edit("spec", "rollout", "stage", to="general"),
        "rollout-one-ring-at-a-time",
    ),
    "pin of a manifest that nobody verified": (_unverified_pin, "ethical-assessment-approved"),
    "model left out of the plan": (_model_left_out, "ethical-assessment-approved"),
    "context left out of the plan": (_context_left_out, "data-residency"),
    "second context with laxer facts": (_second_context, "context-present"),
    "waiver for another stack": (_waiver_of("", stack="prod"), "first-ring-small"),
    "waiver for everything": (_waiver_of("*"), "first-ring-small"),
    "waiver that ended": (_waiver_of("", expires="2026-01-01T00:00:00Z"), "first-ring-small"),
    "waiver by the builder": (_waiver_of("", role="builder"), "first-ring-small"),
    "waiver of a rule that nobody may waive": (
        _waiver_of("", rule="model-evidence-verified"),
        "records-verified",
    ),
    "waiver for a look-alike URN": (
        _waiver_of(Scene().deployment().urn.replace("digits", "digіts")),  # noqa: RUF001
        "first-ring-small",
    ),
    "look-alike type": (
        _token("mobileai:index:МobileAIDeployment"),  # noqa: RUF001  # its M is Cyrillic
        "resource-types-expected",
    ),
    "look-alike region": (
        _edit("spec", "dataProcessing", "region", to="eu‑west-1"),  # noqa: RUF001
        "data-residency",
    ),
    "look-alike privacy tier": (
        _edit("spec", "dataProcessing", "privacyTier", to="Intеrnal"),  # noqa: RUF001
        "privacy-tier-sufficient",
    ),
    "dynamic resource": (_token("pulumi-python:dynamic:Resource"), "resource-types-expected"),
    "command resource": (_token("command:local:Command"), "resource-types-expected"),
    "cloud that nobody expects": (_token("gcp:storage/bucket:Bucket"), "resource-types-expected"),
    "registry in the bucket of somebody": (_registry(artifactBucket="evil"), "existing-bounded"),
    "registry at the address of somebody": (
        _registry(trackingUri="https://mlflow.example.com.evil.test"),
        "names-bounded",
    ),
    "image of another repository": (
        lambda scene: _with(
            scene, changed(scene.context(), "images", "edge", to=f"evil/edge@sha256:{'f' * 64}")
        ),
        "images-from-our-registry",
    ),
    "key of a user": (_token("aws:iam/accessKey:AccessKey"), "resource-types-expected"),
    "component of foreign code below a deployment": (
        _token("acme:index:Everything", {}, below=True),
        "resource-types-expected",
    ),
    "invented component of our namespace": (
        _token("mobileai:index:Backdoor", {}, below=True),
        "resource-types-expected",
    ),
    "outputs of another stack": (
        _token("pulumi:pulumi:StackReference", {"name": "organization/other/prod"}),
        "resource-types-expected",
    ),
    "explicit provider of another cloud": (
        _token("pulumi:providers:gcp", {"project": "p"}),
        "resource-types-expected",
    ),
    "explicit provider with foreign endpoints": (
        _token(
            "pulumi:providers:aws", {"region": "eu-west-1", "endpoints": '[{"s3": "http://e"}]'}
        ),
        "provider-accounts-bound",
    ),
    "dynamic provider": (_token("pulumi:providers:pulumi-python", {}), "resource-types-expected"),
    "listed type in another case": (_token("AWS:sqs/queue:Queue", {}), "resource-types-expected"),
    "listed type with a space": (_token("aws:sqs/queue:Queue ", {}), "resource-types-expected"),
    "listed type of another major": (
        _token("aws:s3/bucketV2:BucketV2", {}),
        "resource-types-expected",
    ),
    "any type through cloud control": (
        _token("aws:cloudcontrol/resource:Resource", {"desiredState": "{}"}),
        "resource-types-expected",
    ),
    "stack of templates": (
        _token("aws:cloudformation/stack:Stack", {"templateBody": "{}"}),
        "resource-types-expected",
    ),
    "patch of an object": (
        _token("kubernetes:core/v1:ConfigMapPatch", {"metadata": {"name": "x"}}),
        "resource-types-expected",
    ),
    "list of objects": (
        _token("kubernetes:core/v1:ServiceList", {"items": []}),
        "resource-types-expected",
    ),
    "objects of a chart": (
        _token("kubernetes:helm.sh/v3:Release", {"chart": "x"}),
        "resource-types-expected",
    ),
    "administrator by an attached policy": (
        _token(
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            {"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess", "role": "r"},
        ),
        "no-wildcard-iam",
    ),
    "pin that is known later": (
        _edit("spec", "aiModel", "sha256", to=UNKNOWN),
        "model-evidence-verified",
    ),
    "pin as a secret": (
        _edit("spec", "aiModel", "sha256", to=Secret("5" * 64)),
        "model-evidence-verified",
    ),
    "region that is known later": (
        _edit("spec", "dataProcessing", "region", to=UNKNOWN),
        "data-residency",
    ),
    "region as a secret": (
        _edit("spec", "dataProcessing", "region", to=Secret("us-east-1")),
        "data-residency",
    ),
    "deployment that is known later": (_edit("spec", to=UNKNOWN), "placement-possible"),
    "share of a ring as a text": (_edit(*_RING, to="1"), "first-ring-small"),
    "share of a ring as a truth value": (_edit(*_RING, to=True), "first-ring-small"),
    "share of a ring below nothing": (_edit(*_RING, to=-1.0), "rollout-bounded"),
    "share of a ring that is no number": (_edit(*_RING, to=float("nan")), "first-ring-small"),
    "usage that is no number": (
        _edit("spec", "usage", "monthlyActiveDevices", to=float("nan")),
        "usage-plausible",
    ),
    "no placements": (_edit("spec", "placement", to=[]), "placement-possible"),
    "context of another stack": (_context("stack", to="prod"), "stack-configured"),
    "records that are known later": (_context("records", to=UNKNOWN), "records-verified"),
    "images of another registry": (
        _context("images", to={"edge": f"evil.example/x@sha256:{'1' * 64}"}),
        "images-from-our-registry",
    ),
    "release that only the plan claims": (_claimed_release, "model-evidence-verified"),
    "evidence that is known later": (_model("evidence", to=UNKNOWN), "model-evidence-verified"),
    "manifest of aliases": (
        _model("manifest", to="a: &a [x]\nb: [*a, *a]\n"),
        "model-evidence-verified",
    ),
    "baseline that is known later": (
        _baseline(found="state", text=UNKNOWN),
        "no-silent-downgrade",
    ),
}
