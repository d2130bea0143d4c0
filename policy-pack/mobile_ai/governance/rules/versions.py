"""Rules on model versions: allow and deny lists, downgrades, rollback targets."""

from __future__ import annotations

import re
from typing import Final

from mobile_ai.contracts.deployed import safe_without_baseline
from mobile_ai.contracts.reading import one_of
from mobile_ai.contracts.tokens import DEPLOYMENT
from mobile_ai.governance.rule import Parameter, Rule, resource_rule
from mobile_ai.governance.rule_context import Case

_VERSION: Final = re.compile(r"(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?")


@resource_rule(
    id="model-version-allowed",
    title="The environment allows the model version.",
    group="responsible_ai",
    severity="high",
    frameworks=("EU AI Act Art. 9", "NIST AI RMF MANAGE 2.4"),
    remediation="pin an allowed version, or have the pack's config changed by its owners",
    applies_to=(DEPLOYMENT,),
    parameters={
        "allowed": Parameter(
            default=[],
            doc="`model` or `model@version`; an empty list allows every verified one.",
            weaker="never",
        ),
        "denied": Parameter(default=[], doc="`model` or `model@version`.", weaker="fewer"),
        "minimum": Parameter(default=[], doc="Lowest allowed `model@version`.", weaker="fewer"),
    },
)
def model_version_allowed(case: Case) -> None:
    """Check the pinned version against the lists."""
    identity, version = case.at("spec", "aiModel", "id"), case.at("spec", "aiModel", "version")
    if version_key(version.text()) is None:
        version.require(lambda _: False, "a semantic version")
        return
    names = {identity.text(), f"{identity.text()}@{version.text()}"}
    allowed, denied = case.parameters["allowed"], case.parameters["denied"]
    if allowed and not names & set(allowed):
        version.deny(f"one of {allowed} for {identity.text()}")
    if names & set(denied):
        version.deny(f"none of {denied}")
    for lowest in case.parameters["minimum"]:
        _check_minimum(case, lowest)


def _check_minimum(case: Case, lowest: str) -> None:
    model, _, minimum = lowest.partition("@")
    version = case.at("spec", "aiModel", "version")
    if case.at("spec", "aiModel", "id").text() == model:
        least, found = version_key(minimum), version_key(version.text())
        if least is None or found is None or found < least:
            version.deny(f"at least {minimum}")


@resource_rule(
    id="no-silent-downgrade",
    title="A deployment is downgraded only to its rollback target.",
    group="responsible_ai",
    severity="high",
    frameworks=("NIST AI RMF MANAGE 2.4", "TUF 1.0.34 section 5.3.5"),
    remediation="pin the version named as `previous`, or a newer one",
    applies_to=(DEPLOYMENT,),
    waivable_by="security",
)
def no_silent_downgrade(case: Case) -> None:
    """Compare the pinned version with the one deployed before.

    Without a baseline only a halt passes, or a digest that signed release metadata or a gate
    statement proves to have been released.
    """
    baseline = case.facts.baseline
    if baseline is None:
        if not safe_without_baseline(case.resource.props, case.facts.released):
            _deny_step(case)
        return
    name = case.resource.name
    prior = baseline.model(name)
    version = case.at("spec", "aiModel", "version")
    if prior is None or not version.known:
        return
    deployed = str(prior.get("version", ""))
    found, before = version_key(version.text()), version_key(deployed)
    lower = found is None or before is None or found < before
    own = case.at("spec", "aiModel", "sha256").text()
    way_back = {(prior.get("previous") or {}).get("sha256"), *case.facts.returns(name)}
    if lower and own not in way_back:
        version.deny(f"{deployed} or newer, its `previous`, or a version that ran before")


def _deny_step(case: Case) -> None:
    untold = case.facts.untold
    if untold is not None:
        case.deny(untold.what, got=untold.got, expected=untold.expected, next_step=untold.next_step)
        return
    case.deny(
        "the deployed version",
        got="no `mobileai:index:Deployed` before the deployment",
        expected="what the last successful `up` deployed",
        next_step="keep the component `Deployed` of the program before every deployment",
    )


@resource_rule(
    id="rollback-target-verified",
    title="The rollback target is another version with verified evidence.",
    group="responsible_ai",
    severity="high",
    frameworks=("EU AI Act Art. 14(4)(e)", "NIST AI RMF MANAGE 2.4"),
    remediation="name a verified version as `previous`",
    applies_to=(DEPLOYMENT,),
    waivable_by="security",
)
def rollback_target_verified(case: Case) -> None:
    """Check that `previous`, if set, is another verified version."""
    previous = case.at("spec", "aiModel", "previous")
    if previous.missing:
        return
    digest, models = previous.at("sha256"), case.facts.models
    if digest.require(lambda value: value in models, "the digest of a verified model version"):
        version = models[digest.text()].manifest.metadata.version
        previous.at("version").require(one_of(version), repr(version))
        own = case.at("spec", "aiModel", "sha256").text()
        digest.require(lambda value: value != own, "another version than the one deployed")


def version_key(text: str) -> tuple[int, int, int, bool] | None:
    """Return the sort key of a semantic version, pre-releases first; ``None`` if malformed."""
    match = _VERSION.fullmatch(text)
    if match is None:
        return None
    major, minor, patch, suffix = match.groups()
    return int(major), int(minor), int(patch), suffix is None


RULES: Final[tuple[Rule, ...]] = (
    model_version_allowed,
    no_silent_downgrade,
    rollback_target_verified,
)
