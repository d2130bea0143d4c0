"""Each field of the roots is read: a stack file or plan that it forbids is denied, by name."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.contracts.bounds import Bounds, BudgetBound, ImageBound, RolloutBound
from mobile_ai.contracts.deployed import Baseline, write_deployed
from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.roots import StackRoots
from mobile_ai.gate.changes.source import require_own_secrets
from mobile_ai.gate.project import Project
from mobile_ai.governance.judge import judge
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.stack_policy import UNSIGNED, load_setting
from mobile_ai.stack.errors import StackFileError
from mobile_ai.stack.reader import StackFile
from mobile_ai.testing import Scene, changed, make_trust_text
from mobile_ai.testing.plan import BOUNDS
from tests.governance.alone import REPOSITORY, STEPS, with_roots

SCENE = Scene()
DEPLOYMENT = SCENE.deployment()


def entry(**fields: Any) -> dict[str, Any]:
    bounds = BOUNDS.model_dump(by_alias=True, exclude_defaults=True)
    names = {"environment": "dev", "class": "development"}
    return {**names, "trust": "trust/dev.yaml", "config": "config/dev.json", "bounds": bounds} | (
        fields
    )


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    (tmp_path / "trust").mkdir()
    (tmp_path / "config").mkdir()
    (tmp_path / "config/dev.json").write_text('{"rules": {}}')
    (tmp_path / "trust/dev.yaml").write_text(make_trust_text(SCENE.signers))
    return tmp_path


def denials(pack: Path, *plan: Resource, scene: Scene = SCENE, **fields: Any) -> set[str]:
    """Return the rules that deny a plan under the entry with other fields."""
    (pack / "stacks.yaml").write_text(dump_yaml({"stacks": {"dev": entry(**fields)}}))
    verdicts = judge(
        lambda stack: load_setting(pack, stack, rules=catalogue(), now=scene.now),
        scene.resources(*plan),
        now=scene.now,
        preview=True,
    )
    return {item.rule for item in verdicts if item.denies}


def distribution() -> Resource:
    cdn = SCENE.sample("aws:cloudfront/distribution:Distribution")
    return changed(cdn, "viewerCertificate", to={"cloudfrontDefaultCertificate": True})


def _continued(pack: Path) -> set[str]:
    """Judge the baseline of another stack, which counts where the roots name it."""
    text = write_deployed(Baseline(released=frozenset({"0" * 64})), stack="old")
    (before,) = SCENE.deployed()
    plan = replace(before, props={"found": "state", "text": text})
    assert "no-silent-downgrade" not in denials(pack, plan, continues="old")
    return denials(pack, plan, continues="other")


# Field of an entry -> the rule that denies what it forbids, and how that is tried.
ENTRY: dict[str, tuple[str, Callable[[Path], set[str]]]] = {
    "environment": ("stack-configured", lambda pack: denials(pack, environment="live")),
    "class": (
        "cdn-hardened",
        lambda pack: denials(pack, distribution(), **{"class": "production"}),
    ),
    "trust": ("stack-configured", lambda pack: denials(pack, trust="trust/other.yaml")),
    "config": ("stack-configured", lambda pack: denials(pack, config="config/other.json")),
    "releaseRoot": ("release-kept", lambda pack: denials(pack, releaseRoot="0" * 64)),
    "continues": ("no-silent-downgrade", _continued),
    "profile": (
        "stack-configured",
        lambda pack: denials(pack, profile="foreign", types=["aws:s3/bucket:Bucket"]),
    ),
    "types": (
        "stack-configured",
        lambda pack: denials(pack, profile="foreign", types=["aws:sqs/queue:Queue"]),
    ),
    "bounds": ("identity-bounded", lambda pack: denials(pack, authorizer("https://evil.test/"))),
}


def authorizer(issuer: str) -> Resource:
    tokens = {"issuer": issuer, "audiences": ["devices"]}
    kind = "aws:apigatewayv2/authorizer:Authorizer"
    return SCENE.resource(kind, {"jwtConfiguration": tokens})


def provider(kind: str, **props: Any) -> Resource:
    return SCENE.resource(f"pulumi:providers:{kind}", props, name=kind)


def mail(address: str) -> Resource:
    props = {"protocol": "email", "endpoint": address}
    return SCENE.resource("aws:sns/topicSubscription:TopicSubscription", props)


def registry(**props: Any) -> Resource:
    return SCENE.resource("mobileai:index:ModelRegistry", props, name="registry")


def of_plan(*plan: Resource, scene: Scene = SCENE) -> Callable[[], set[str]]:
    return lambda: scene.denials(*plan)


ACCOUNTS = "provider-accounts-bound"
ROLE = [{"roleArn": "arn:aws:iam::999999999999:role/x"}]
# Bound -> the rule that denies what is beyond it, and how that is tried.
VALUES: dict[str, tuple[str, Callable[[], set[str]]]] = {
    "account": (ACCOUNTS, of_plan(provider("aws", allowedAccountIds=["999999999999"]))),
    "roles": (
        ACCOUNTS,
        of_plan(provider("aws", allowedAccountIds=[BOUNDS.account], assumeRoles=ROLE)),
    ),
    "issuers": ("identity-bounded", of_plan(authorizer("https://evil.test/"))),
    "images": (
        "images-from-our-registry",
        of_plan(changed(SCENE.context(), "images", "edge", to=f"evil/edge@sha256:{'f' * 64}")),
    ),
    "domains": (
        "names-bounded",
        of_plan(
            changed(
                SCENE.sample("aws:cloudfront/distribution:Distribution"),
                "aliases",
                to=["evil.test"],
            )
        ),
    ),
    "notify": ("notifications-bounded", of_plan(mail("a@evil.test"))),
    "budgets": (
        "budgets-bounded",
        of_plan(changed(SCENE.context(), "budgets", 0, "monthlyUsd", to=10_001)),
    ),
    "nodePriceUsdPerHour": (
        "node-prices-bounded",
        of_plan(changed(SCENE.context(), "sites", 0, "nodePriceUsdPerHour", to=0)),
    ),
    "nodeCpu": (
        "node-prices-bounded",
        of_plan(changed(SCENE.context(), "sites", 0, "nodeCpu", to=65)),
    ),
    "rollout": (
        "rollout-within-roots",
        of_plan(scene=with_roots(rollout={**STEPS, "maximumFirstPercent": 4})),
    ),
    "buckets": ("existing-bounded", of_plan(registry(artifactBucket="evil"))),
    "contexts": (ACCOUNTS, of_plan(provider("kubernetes", context="live"))),
    "maximumUsd": (
        "budgets-bounded",
        of_plan(scene=with_roots(budgets={"*": {"maximumUsd": 499, "kind": "soft"}})),
    ),
    "kind": (
        "budgets-bounded",
        of_plan(scene=with_roots(budgets={"*": {"maximumUsd": 500, "kind": "hard"}})),
    ),
    "scope": (
        "budgets-bounded",
        of_plan(
            scene=with_roots(budgets={"*": {"maximumUsd": 500, "kind": "soft", "scope": "stack"}})
        ),
    ),
    "signer": (
        "images-vouched-for",
        of_plan(scene=with_roots(images={REPOSITORY: {"signer": "image-builder"}})),
    ),
    "digests": (
        "images-from-our-registry",
        of_plan(scene=with_roots(images={REPOSITORY: {"digests": ["0" * 64]}})),
    ),
    "maximumFirstPercent": (
        "rollout-within-roots",
        of_plan(scene=with_roots(rollout={**STEPS, "maximumFirstPercent": 4})),
    ),
    "maximumFactor": (
        "rollout-within-roots",
        of_plan(scene=with_roots(rollout={**STEPS, "maximumFactor": 19})),
    ),
    "minimumSoakHours": (
        "rollout-within-roots",
        of_plan(scene=with_roots(rollout={**STEPS, "minimumSoakHours": 25})),
    ),
}


def names(*models: type[Any]) -> set[str]:
    return {str(field.alias) for model in models for field in model.model_fields.values()}


def test_every_field_is_tried() -> None:
    apart = {"secrets", "maximumSkip"}  # tried below: by the stack file's reader, with a config
    assert set(ENTRY) == names(StackRoots)
    assert set(VALUES) == names(Bounds, BudgetBound, ImageBound, RolloutBound) - apart


@pytest.mark.parametrize("name", ENTRY)
def test_what_an_entry_forbids_is_denied(pack: Path, name: str) -> None:
    rule, tried = ENTRY[name]

    assert rule in tried(pack)


@pytest.mark.parametrize("name", VALUES)
def test_what_is_beyond_a_bound_is_denied(name: str) -> None:
    rule, tried = VALUES[name]

    assert rule in tried()


def test_a_config_skips_no_more_rings_than_the_roots_let(pack: Path) -> None:
    rule = "rollout-one-ring-at-a-time"
    (pack / "config/dev.json").write_text(
        f'{{"rules": {{"{rule}": {{"parameters": {{"skip": 5}}}}}}}}'
    )
    plan = changed(DEPLOYMENT, "spec", "rollout", "stage", to="general")
    bounds = entry()["bounds"]

    assert rule not in denials(pack, plan)
    assert rule in denials(pack, plan, bounds={**bounds, "rollout": STEPS})


@pytest.mark.parametrize("key", ["secretsprovider", "encryptedkey", "encryptionsalt"])
def test_a_key_for_secrets_is_that_of_the_roots_or_none(pack: Path, key: str) -> None:
    allowed = {"secretsprovider": "awskms://alias/ours"}
    bounds = {**entry()["bounds"], "secrets": allowed}
    (pack / "policy-pack").mkdir()
    listed = dump_yaml({"stacks": {"dev": entry(bounds=bounds)}})
    (pack / "policy-pack/stacks.yaml").write_text(listed)
    project = Project(root=pack, stack="dev")
    config = "config:\n  mobile-ai:region: eu-west-1\n"

    require_own_secrets(
        StackFile.parse(f"secretsprovider: awskms://alias/ours\n{config}", name="f"), project
    )
    with pytest.raises(StackFileError, match=rf"{key}: got .*bounds.secrets says"):
        require_own_secrets(StackFile.parse(f"{key}: evil\n{config}", name="f"), project)


def test_unsigned_roots_of_production_are_a_weakening_that_no_config_silences(pack: Path) -> None:
    config = '{"rules": {"deviations-listed": {"enforcement": "disabled"}}}'
    (pack / "config/dev.json").write_text(config)

    def weakenings(stack_class: str) -> tuple[str, ...]:
        stacks = {"dev": entry(**{"class": stack_class})}
        (pack / "stacks.yaml").write_text(dump_yaml({"stacks": stacks}))
        return load_setting(pack, "dev", rules=catalogue(), now=SCENE.now).config.weakenings

    assert UNSIGNED in weakenings("production")
    assert UNSIGNED not in weakenings("development")
