"""Rules on steps from what is deployed: soak times, history, releases, withdrawals, freezes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mobile_ai.contracts.canonical import canonical_bytes, sha256_text
from mobile_ai.contracts.deployed import Baseline
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.predicates import FREEZE, FreezePredicate
from mobile_ai.contracts.progress import digest_of, is_halted, rings_of, share_of, stage_of
from mobile_ai.contracts.reading import one_of
from mobile_ai.contracts.released import read_release
from mobile_ai.contracts.tokens import DEPLOYED, DEPLOYMENT
from mobile_ai.governance.rule import Parameter, Rule, resource_rule
from mobile_ai.governance.rule_context import Case
from mobile_ai.governance.rules.versions import version_key
from mobile_ai.governance.steps import deployment_step

_EVERYBODY: Final = 100
_URGENT_DAYS: Final = 7  # an urgent fix has its waiver for a week (ruling R44)
_ALWAYS_THERE: Final = frozenset({"root", "snapshot", "targets", "models", "halt"})


@resource_rule(
    id="rollout-soaked",
    title="A version reaches more devices only after its ring's soak time.",
    group="delivery",
    severity="high",
    frameworks=("NIST AI RMF MANAGE 2.3", "EU AI Act Art. 9(6)"),
    remediation="wait for the end of the soak; an urgent fix needs a waiver by security "
    "(`mobile-ai record new waiver`)",
    applies_to=(DEPLOYMENT,),
    waivable_by="security",
    max_waiver_days=_URGENT_DAYS,
    parameters={
        "soakShare": Parameter(
            default=1.0, doc="Share of soakHours that must have passed.", weaker="lower"
        )
    },
)
def rollout_soaked(case: Case) -> None:
    """Hold a wider stage against the time since the `up` that opened the ring before.

    The longest soak that was declared since then counts, so that lowering it shortens no wait.
    """
    baseline, spec = case.facts.baseline, case.facts.deployed(case.resource.name)
    own, share = case.at("spec", "aiModel", "sha256").text(), _share(case)
    if baseline is None or not spec or own != digest_of(spec) or share is None:
        return
    progress = baseline.progress.get(case.resource.name)
    had, rings = share_of(spec), rings_of(spec)
    if progress is not None and rings:
        first = float(next(iter(rings.values()))["percent"])
        had = min(had, progress.reached.get(own, first))
    still_halted = case.at("spec", "rollout", "halted").plain() is True
    if share <= (share_of(spec) if still_halted else had):
        return  # what stays halted may stay at a stage that it has not opened
    stage = case.at("spec", "rollout", "stage")
    if is_halted(spec) or (spec.get("rollout") or {}).get("frozen") is True:
        stage.deny(f"at most {had:g} percent: what is halted or frozen opens no ring")
        return
    ring = stage_of(spec)
    since = progress.opened.get(ring) if progress else None
    if progress is None or since is None:
        # A commit names no times. In development `up` decides; in production a check that cannot
        # see how long a ring has been open says no.
        is_advice = baseline.from_commit and case.facts.setting.stack_class == "development"
        report = case.warn if is_advice else case.deny
        report(
            "spec.rollout.stage",
            got=f"{share:g} percent, with no time recorded for ring {ring!r}",
            expected=f"at most {had:g} percent until its soak is over",
            next_step="check it with the deployed records, `mobile-ai gate --record` "
            "(docs/gitops.md)"
            if baseline.from_commit
            else "deploy what is pinned now: that `up` records the time",
        )
        return
    hours = max(progress.soak.get(ring, 0.0), _soak(rings, ring), _soak(_rings(case), ring))
    due = datetime.fromisoformat(since) + timedelta(hours=hours * case.parameters["soakShare"])
    if case.now < due:
        when = due.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
        case.deny(
            "spec.rollout.stage",
            got=f"{share:g} percent; ring {ring!r} was opened at {since} for {hours:g} hours",
            expected=f"at most {had:g} percent until {when}",
        )


@resource_rule(
    id="rollout-history-kept",
    title="A version in rollout keeps its cohorts, and the version to go back to stays named.",
    group="delivery",
    severity="high",
    frameworks=("NIST AI RMF MANAGE 2.4", "EU AI Act Art. 14(4)(e)"),
    remediation="keep `salt` and `previous` as deployed; a new version names the one before it as "
    "`previous`",
    applies_to=(DEPLOYMENT,),
    waivable_by="security",
    max_waiver_days=_URGENT_DAYS,
)
def rollout_history_kept(case: Case) -> None:
    """Compare salt and rollback target with what is deployed."""
    spec = case.facts.deployed(case.resource.name)
    if not spec:
        return
    own, prior = case.at("spec", "aiModel", "sha256").text(), digest_of(spec)
    before = str(((spec.get("aiModel") or {}).get("previous") or {}).get("sha256") or "")
    previous = case.at("spec", "aiModel", "previous", "sha256")
    if own == prior:
        salt = (spec.get("rollout") or {}).get("salt")
        if salt is not None and share_of(spec) < _EVERYBODY:
            case.at("spec", "rollout", "salt").require(one_of(salt), f"{salt!r}, as deployed")
        kept = {before} - {""}
    elif own in case.facts.returns(case.resource.name) or _lower(case, spec):
        return  # it leaves the version behind; `no-silent-downgrade` judges a downgrade
    else:
        kept = {prior, before} - {"", *case.facts.trust.revoked}
    if kept and previous.text() not in kept:
        case.deny(
            "spec.aiModel.previous",
            got=previous.text() or "none",
            expected=f"one of {sorted(kept)}",
        )


@resource_rule(
    id="deployment-announced",
    title="The plan deploys what it announced to the rules that judge steps.",
    group="security",
    severity="critical",
    frameworks=("NIST AI RMF GOVERN 1.4",),
    remediation="keep `Deployed` of the program: its `proposed` is what the deployments hold",
    applies_to=(DEPLOYMENT,),
)
def deployment_announced(case: Case) -> None:
    """Compare the spec with the one that was announced before any resource."""
    proposed = case.facts.proposed
    if proposed is None:
        return  # then no step counts as a safety change
    announced = proposed.deployments.get(case.resource.name)
    spec = case.at("spec").plain()
    if announced is None or canonical_bytes(spec) != canonical_bytes(dict(announced)):
        case.deny("spec", got="another one than announced", expected="the announced one")


@resource_rule(
    id="release-grows",
    title="Signed release metadata is only added to.",
    group="delivery",
    severity="critical",
    frameworks=("TUF 1.0.34 section 5.4", "SLSA 1.2 Source L2"),
    remediation="restore releases/<stack>/ from the protected branch; releases are only added to",
    applies_to=(DEPLOYED,),
)
def release_grows(case: Case) -> None:
    """Compare the version of each role's metadata with the deployed one."""
    baseline, context = case.facts.baseline, case.facts.context
    if baseline is None or not baseline.release:
        return
    files = {} if context is None else context.release
    try:
        release = read_release(files) if files else None
    except GovernanceError as error:
        case.deny(error.what, got=error.got, expected=error.expected, next_step=error.next_step)
        return
    found = release.versions if release else {}
    for role, version in sorted(baseline.release.items()):
        kept = role in found or role in _ALWAYS_THERE  # a ring may be removed from the release
        if kept and found.get(role, 0) < version:
            case.deny(
                f"release metadata of {role}",
                got=f"version {found[role]}" if role in found else "none",
                expected=f"version {version}, as deployed, or newer",
            )


@resource_rule(
    id="withdrawals-kept",
    title="Halts, freezes and revocations stay until they end.",
    group="security",
    severity="critical",
    frameworks=("NIST AI RMF MANAGE 2.4", "EU AI Act Art. 14(4)(e)"),
    remediation="restore the record from the protected branch; `mobile-ai record list` shows those "
    "that are there",
    applies_to=(DEPLOYED,),
    waivable_by="security",
    max_waiver_days=_URGENT_DAYS,
)
def withdrawals_kept(case: Case) -> None:
    """Require every record that withdrew something in the last `up`, until it ends."""
    baseline, context = case.facts.baseline, case.facts.context
    here = set() if context is None else {sha256_text(text) for _, text in context.texts}
    for digest, end in sorted((baseline or Baseline()).withdrawn.items()):
        if digest not in here and not (end and datetime.fromisoformat(end) <= case.now):
            case.deny(
                "records",
                got=f"no record with SHA-256 {digest}",
                expected=f"it, until {end}" if end else "it: it does not end",
            )


@resource_rule(
    id="freeze-respected",
    title="What is frozen changes only to be safer.",
    group="delivery",
    severity="high",
    frameworks=("NIST AI RMF MANAGE 2.4", "DORA Art. 9(4)(e)"),
    remediation="wait for the end of the freeze (`mobile-ai record list`), or make a safety change "
    "alone: halt, freeze, fewer devices or copies, or a return to a version that ran",
    applies_to=(DEPLOYED,),
    waivable_by="security",
    max_waiver_days=_URGENT_DAYS,
)
def freeze_respected(case: Case) -> None:
    """Hold the plan's step against every signed freeze in force."""
    facts = case.facts
    for record in facts.records.by_type.get(FREEZE, ()):
        terms = record.content
        if (
            isinstance(terms, FreezePredicate)
            and terms.stack == facts.setting.stack
            and terms.counts(case.now)
            and facts.baseline is not None  # without one, no step passes but a safety change
            and _moves(case, facts.baseline, terms.deployment)
        ):
            case.deny(
                terms.deployment or f"stack {terms.stack}",
                got="a change that is no safety change",
                expected=f"none until {terms.expires:%Y-%m-%d %H:%M %Z}: {terms.reason}",
            )


def _moves(case: Case, baseline: Baseline, deployment: str | None) -> bool:
    """Return whether a frozen deployment, or with none given anything, changes for more."""
    if deployment is None:
        return case.facts.step == "other"
    proposed = case.facts.proposed or Baseline()
    step = deployment_step(
        baseline.deployments.get(deployment),
        proposed.deployments.get(deployment),
        returns=case.facts.returns(deployment),
    )
    return step == "other"


def _rings(case: Case) -> dict[str, Mapping[str, Any]]:
    rings = case.at("spec", "rollout", "rings").plain()
    found = [ring for ring in rings if isinstance(ring, Mapping)] if isinstance(rings, list) else []
    return {str(ring.get("name")): ring for ring in found}


def _share(case: Case) -> float | None:
    """Return the proposed share of devices, ``None`` if unknown (other rules deny that)."""
    ring = _rings(case).get(case.at("spec", "rollout", "stage").text())
    percent = ring.get("percent") if ring else None
    return float(percent) if isinstance(percent, int | float) else None


def _lower(case: Case, spec: Mapping[str, Any]) -> bool:
    found = version_key(case.at("spec", "aiModel", "version").text())
    before = version_key(str(spec["aiModel"].get("version", "")))
    return found is not None and before is not None and found < before


def _soak(rings: Mapping[str, Mapping[str, Any]], name: str) -> float:
    hours = rings.get(name, {}).get("soakHours")
    return float(hours) if isinstance(hours, int | float) else 0.0


RULES: Final[tuple[Rule, ...]] = (
    rollout_soaked,
    rollout_history_kept,
    deployment_announced,
    release_grows,
    withdrawals_kept,
    freeze_respected,
)
