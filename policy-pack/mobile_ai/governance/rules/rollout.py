"""Rules on staged rollouts: ring sizes, soak times, stage changes, cache lifetimes, patches."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from mobile_ai.contracts.progress import digest_of, stage_of
from mobile_ai.contracts.reading import at_least, at_most, is_false, one_of, optional
from mobile_ai.contracts.tokens import DELIVERY_OBJECTS, DEPLOYMENT
from mobile_ai.governance.rule import Parameter, Rule, resource_rule, stack_rule
from mobile_ai.governance.rule_context import Case, StackContext
from mobile_ai.governance.rules.versions import version_key


@resource_rule(
    id="first-ring-small",
    title="The first ring is small.",
    group="delivery",
    severity="high",
    frameworks=("NIST AI RMF MANAGE 2.3", "DORA Art. 9(4)(e)"),
    remediation="lower `percent` of the first ring in the stack file",
    applies_to=(DEPLOYMENT,),
    waivable_by="security",
    parameters={
        "maximumPercent": Parameter(
            default=10, doc="Maximum share of devices, percent.", weaker="higher"
        )
    },
)
def first_ring_small(case: Case) -> None:
    """Check the percentage of the first ring."""
    rings = case.at("spec", "rollout", "rings")
    rings.require(bool, "at least one ring")
    most = case.parameters["maximumPercent"]
    for ring in rings.items()[:1]:
        ring.at("percent").require(at_most(most), f"at most {most} percent")


@resource_rule(
    id="rollout-bounded",
    title="Rings grow in bounded steps to 100 percent, each with a minimum soak time.",
    group="delivery",
    severity="high",
    frameworks=("NIST AI RMF MANAGE 2.3", "EU AI Act Art. 9(6)"),
    remediation="add a ring in between, or raise soakHours",
    applies_to=(DEPLOYMENT,),
    waivable_by="security",
    parameters={
        "maximumFactor": Parameter(
            default=20,
            doc="Maximum growth factor from one ring to the next.",
            weaker="higher",
        ),
        "minimumSoakHours": Parameter(
            default=1, doc="Minimum of every ring but the last.", weaker="lower"
        ),
    },
)
def rollout_bounded(case: Case) -> None:
    """Check growth and soak time of the rings, and that the last one is 100 percent."""
    rings = case.at("spec", "rollout", "rings").items()
    factor, soak = case.parameters["maximumFactor"], case.parameters["minimumSoakHours"]
    for before, after in pairwise(rings):
        least, most = before.at("percent").number(), factor
        share = after.at("percent")
        if least is not None:
            share.require(at_least(least), f"at least {least:g} percent, as the ring before")
            share.require(at_most(least * most), f"at most {most} times the ring before")
        before.at("soakHours").require(at_least(soak), f"at least {soak:g} hours")
    for ring in rings[-1:]:
        ring.at("percent").require(one_of(100), "100 percent in the last ring")


@resource_rule(
    id="rollout-stage-known",
    title="The stage of the rollout is one of its rings; a halt is reported.",
    group="delivery",
    severity="medium",
    frameworks=("NIST AI RMF MANAGE 2.4",),
    remediation="name one of the rings as the stage; clear `halted` when the cause is fixed",
    applies_to=(DEPLOYMENT,),
    waivable_by="security",
)
def rollout_stage_known(case: Case) -> None:
    """Check the stage and the salt."""
    rollout = case.at("spec", "rollout")
    names = [ring.at("name").text() for ring in rollout.at("rings").items()]
    rollout.at("stage").require(one_of(*names), f"one of {names}")
    rollout.at("salt").require(lambda value: isinstance(value, str) and bool(value), "a salt")
    if not optional(is_false)(rollout.at("halted").plain() or False):
        case.warn("spec.rollout.halted", got="true", expected="false once the cause is fixed")


@resource_rule(
    id="rollout-one-ring-at-a-time",
    title="A change opens one more ring at most, and a new version starts in the first.",
    group="delivery",
    severity="high",
    frameworks=("NIST AI RMF MANAGE 2.3", "EU AI Act Art. 9(6)"),
    remediation="name the next ring as `stage` (`mobile-ai release promote`), the one after it "
    "later",
    applies_to=(DEPLOYMENT,),
    waivable_by="security",
    parameters={
        "skip": Parameter(default=0, doc="Rings that one change may skip.", weaker="higher")
    },
)
def rollout_one_ring_at_a_time(case: Case) -> None:
    """Compare the stage with the one deployed before.

    A return is exempt: a version that ran may have again as many devices as it had. So is a stack
    that continues another, for what was released there. Without a baseline every stage beyond the
    first is refused.
    """
    rollout = case.at("spec", "rollout")
    names = [ring.at("name").text() for ring in rollout.at("rings").items()]
    stage = rollout.at("stage")
    if rollout.at("halted").plain() is True or stage.text() not in names:
        return  # `rollout-stage-known` denies a stage that is not a ring
    last = _last_open_ring(case, names)
    if names.index(stage.text()) > last:
        stage.deny(f"{names[last]!r}, or a ring before it")
    most = _widest_next(case)
    if most is not None:  # rings may be renamed, so that shares of devices are compared too
        share = rollout.at("rings").items()[names.index(stage.text())].at("percent")
        share.require(at_most(most), f"at most {most:g} percent, as the next ring had before")


def _widest_next(case: Case) -> float | None:
    """Return the deployed percent of the ring after the deployed stage; ``None`` if unknown."""
    spec = case.facts.deployed(case.resource.name)
    rollout = spec.get("rollout") or {}
    before = {ring.get("name"): ring.get("percent") for ring in rollout.get("rings") or ()}
    same = (spec.get("aiModel") or {}).get("sha256")
    if same != case.at("spec", "aiModel", "sha256").text() or rollout.get("stage") not in before:
        return None
    shares = list(before.values())
    at = list(before).index(rollout["stage"]) + 1 + _skip(case)
    return float(shares[min(at, len(shares) - 1)])


def _skip(case: Case) -> int:
    bound = case.facts.setting.bounds.rollout
    skip = int(case.parameters["skip"])
    return skip if bound is None else min(skip, bound.maximum_skip)


def _last_open_ring(case: Case, names: list[str]) -> int:
    """Return the index of the last ring that this version may have."""
    spec, skip = case.facts.deployed(case.resource.name), _skip(case)
    own = case.at("spec", "aiModel", "sha256").text()
    if own == digest_of(spec):
        return (names.index(stage_of(spec)) if stage_of(spec) in names else -1) + 1 + skip
    most = case.facts.returns(case.resource.name).get(own, 0.0)
    if not spec and case.facts.setting.continues and own in case.facts.released:
        most = _EVERYBODY
    shares = [ring.at("percent").number() for ring in case.at(*_RINGS).items()]
    back = [at for at, share in enumerate(shares) if share is not None and share <= most]
    return max(skip, *back) if back else skip


@resource_rule(
    id="minimum-app-version-set",
    title="A model is offered only to app versions that can run it.",
    group="delivery",
    severity="medium",
    frameworks=("NIST AI RMF MANAGE 4.3",),
    remediation="set rollout.minAppVersion to the first app version that can run the model",
    applies_to=(DEPLOYMENT,),
    waivable_by="security",
    parameters={
        "minimum": Parameter(default="0.0.1", doc="Lowest app version allowed.", weaker="other")
    },
)
def minimum_app_version_set(case: Case) -> None:
    """Check that the app version is a semantic version and at least the minimum."""
    least = version_key(case.parameters["minimum"])
    case.at("spec", "rollout", "minAppVersion").require(
        lambda value: (
            isinstance(value, str)
            and (found := version_key(value)) is not None
            and least is not None
            and found >= least
        ),
        f"a semantic version from {case.parameters['minimum']}",
    )


@resource_rule(
    id="release-metadata-fresh",
    title="The CDN keeps release metadata only for a short time.",
    group="delivery",
    severity="medium",
    frameworks=("TUF 1.0.34 section 5.3", "NIST AI RMF MANAGE 2.4"),
    remediation="lower the TTL of the metadata's cache policy",
    applies_to=("aws:cloudfront/cachePolicy:CachePolicy",),
    waivable_by="security",
    parameters={
        "maximumSeconds": Parameter(
            default=300, doc="Maximum TTL of metadata in caches.", weaker="higher"
        )
    },
)
def release_metadata_fresh(case: Case) -> None:
    """Check the TTL of cache policies, except that of targets, which are content-addressed."""
    most = case.parameters["maximumSeconds"]
    if not case.resource.name.endswith("-targets"):
        case.at("maxTtl").require(at_most(most), f"at most {most} seconds")


@stack_rule(
    id="patches-released",
    title="Devices with the previous version are offered a patch instead of the whole file.",
    group="delivery",
    severity="low",
    # Advisory, because a patch that would save too little is left out on purpose.
    enforcement="advisory",
    frameworks=("AWS Well-Architected SUS04-BP07",),
    remediation="run `mobile-ai release publish` again where the previous version is available",
    waivable_by="security",
)
def patches_released(whole: StackContext) -> None:
    """Require a patch from the previous version among the objects of the release."""
    keys = [case.at("key").text() or "" for case in whole.of(*DELIVERY_OBJECTS)]
    if not any(key.startswith(_RELEASED) for key in keys):
        return  # nothing was released yet
    for case in whole.of(DEPLOYMENT):
        before = case.at("spec", "aiModel", "previous", "version").text()
        targets = [item.at("target").text() for item in case.at("spec", "placement").items()]
        wanted = f".from-{before}.mdp"
        if before and "on-device" in targets and not any(key.endswith(wanted) for key in keys):
            case.deny("spec.aiModel.previous", got=f"no patch from {before}", expected="one")


_RELEASED: Final = "metadata/"
_RINGS: Final = ("spec", "rollout", "rings")
_EVERYBODY: Final = 100.0


RULES: Final[tuple[Rule, ...]] = (
    patches_released,
    first_ring_small,
    rollout_bounded,
    rollout_stage_known,
    rollout_one_ring_at_a_time,
    minimum_app_version_set,
    release_metadata_fresh,
)
