"""Quality, fairness, parity, oversight and drift monitoring of the shipped variants."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from mobile_ai.contracts.manifest import UNSTATED, Artifact, Measurement
from mobile_ai.contracts.metrics import (
    NO_MEASURE_OF_TRUTH,
    Metric,
    metric_named,
    metric_names,
)
from mobile_ai.contracts.tokens import DEPLOYMENT, TELEMETRY
from mobile_ai.governance.deployment import model_of, placements
from mobile_ai.governance.expiry import may_stay
from mobile_ai.governance.rule import Parameter, Rule, resource_rule, stack_rule
from mobile_ai.governance.rule_context import Case, StackContext

_MAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def _shipped(case: Case) -> Iterator[Artifact]:
    """Yield the artifacts that the placements name; deny names that the manifest lacks."""
    model = model_of(case)
    for item in placements(case):
        variant = item.at("variant")
        artifact = model.manifest.artifact(variant.text()) if model else None
        if artifact is not None:
            yield artifact
        else:
            variant.require(lambda _: False, "a variant of the verified manifest")


def _unjudgeable(stated: Measurement, *, of_groups: bool) -> tuple[str, str] | None:
    """Return what was found and expected if a metric is unknown or its value out of range."""
    metric = metric_named(stated.metric)
    kind = "groups" if of_groups else "quality"
    if metric is None or metric.kind != kind or metric.name in NO_MEASURE_OF_TRUTH:
        return f"metric {stated.metric!r}", f"one of {metric_names(kind)}"
    if stated.interval == UNSTATED:
        return f"{metric.name} {stated.value} without an interval", "an interval"
    figures = (stated.value, *stated.bounds)
    if not metric.possible(*figures):
        return f"{metric.name} {figures}", f"values from {metric.low:g} to {metric.high:g}"
    return None


@resource_rule(
    id="quality-sufficient",
    title="The lower bound of the shipped variant's quality is above the threshold.",
    group="responsible_ai",
    severity="high",
    frameworks=("EU AI Act Art. 15(1)", "NIST AI RMF MEASURE 2.3 and 2.5"),
    remediation="ship a variant that is good enough, or train a better one: `mobile-ai model "
    "build`",
    applies_to=(DEPLOYMENT,),
    waivable_by="ethics-reviewer",
    parameters={
        "minimum": Parameter(
            default=0.8,
            doc="Minimum of the interval's lower bound, for shares where higher is better.",
            weaker="lower",
        ),
        "limits": Parameter(
            default={},
            doc='Limit of other metrics by name, such as {"rmse": 2.5}, which the interval\'s '
            "worse bound must meet; also instead of `minimum`.",
            weaker="other",
        ),
        "minimumRows": Parameter(
            default=500, doc="Minimum number of held-out rows.", weaker="lower"
        ),
    },
)
def quality_sufficient(case: Case) -> None:
    """Check the quality of every shipped artifact, measured on its own file."""
    rows = case.parameters["minimumRows"]
    for artifact in _shipped(case):
        quality = artifact.quality
        if quality is None:
            case.deny(f"{artifact.variant}.quality", got="none", expected="a measurement")
        elif problem := _unjudgeable(quality, of_groups=False) or _insufficient(quality, case):
            case.deny(f"{artifact.variant}.quality", got=problem[0], expected=problem[1])
        elif not quality.counts(rows):
            case.deny(
                f"{artifact.variant}.quality", got=f"n = {quality.n}", expected=f"n >= {rows}"
            )


def _insufficient(quality: Measurement, case: Case) -> tuple[str, str] | None:
    """Return the missed bound and the limit if a quality figure does not meet its limit."""
    metric = metric_named(quality.metric)
    limit = None if metric is None else _limit(metric, case)
    if metric is None or limit is None:
        wanted = f"a number for {quality.metric} in `limits` of the rule, in the pack config"
        return f"{quality.metric} {quality.value} without a limit", wanted
    bound = metric.worst(*quality.bounds)
    side = "up to" if metric.more_is_worse else "from"
    got = f"{quality.metric} {quality.value} ({side} {bound})"
    return None if metric.meets(bound, limit) else (got, metric.bound(limit))


def _limit(metric: Metric, case: Case) -> float | None:
    """Return the config's limit of a metric; ``None`` if it has none."""
    limit = case.parameters["limits"].get(metric.name)
    if limit is None and metric.unit == "share" and not metric.more_is_worse:
        limit = case.parameters["minimum"]
    return float(limit) if isinstance(limit, int | float) and limit is not True else None


def _unequal(item: Measurement, case: Case) -> tuple[str, str] | None:
    """Return the missed bound and the limit if a fairness figure is outside its threshold."""
    metric = metric_named(item.metric)
    if metric is None:
        return _unjudgeable(item, of_groups=True)
    limit = case.parameters["maximum" if metric.more_is_worse else "minimum"]
    bound = metric.worst(*item.bounds)
    side = "up to" if metric.more_is_worse else "from"
    got = f"{item.metric} {side} {bound} (worst: {item.group})"
    return None if metric.meets(bound, limit) else (got, metric.bound(limit))


@resource_rule(
    id="fairness-sufficient",
    title="The shipped variant's fairness figures are within their thresholds.",
    group="responsible_ai",
    severity="high",
    frameworks=("EU AI Act Art. 10(2)(f)", "NIST AI RMF MEASURE 2.11", "EU Charter Art. 21"),
    remediation="measure `fairness` on the variant that ships and close the gap",
    applies_to=(DEPLOYMENT,),
    waivable_by="ethics-reviewer",
    parameters={
        "maximum": Parameter(
            default=0.1,
            doc="Maximum of the interval's upper bound, for metrics where lower is better.",
            weaker="higher",
        ),
        "minimum": Parameter(
            default=0.7,
            doc="Minimum of the interval's lower bound, for metrics where higher is better.",
            weaker="lower",
        ),
        "minimumGroup": Parameter(
            default=30, doc="Minimum rows of the smallest group.", weaker="lower"
        ),
    },
)
def fairness_sufficient(case: Case) -> None:
    """Check every fairness figure; a high-risk model must have one."""
    rows = case.parameters["minimumGroup"]
    model = model_of(case)
    sensitive = model is not None and model.manifest.metadata.risk_class == "high"
    for artifact in _shipped(case):
        if sensitive and not artifact.fairness:
            case.deny(f"{artifact.variant}.fairness", got="none", expected="a measurement")
        for item in artifact.fairness:
            what = f"{artifact.variant}.fairness {item.attribute}"
            if problem := _unjudgeable(item, of_groups=True) or _unequal(item, case):
                case.deny(what, got=problem[0], expected=problem[1])
            elif not item.counts(rows):
                case.deny(what, got=f"n = {item.n}", expected=f"n >= {rows}")


@resource_rule(
    id="parity-kept",
    title="The shipped variant's outputs agree with those of the reference variant.",
    group="responsible_ai",
    severity="medium",
    frameworks=("EU AI Act Art. 15(4)", "NIST AI RMF MEASURE 2.6"),
    remediation="use a gentler optimisation for this variant in the recipe",
    applies_to=(DEPLOYMENT,),
    waivable_by="ethics-reviewer",
    parameters={
        "minimumAgreement": Parameter(
            default=0.95, doc="Share of equal answers with the reference.", weaker="lower"
        )
    },
)
def parity_kept(case: Case) -> None:
    """Check the agreement with the reference, where the manifest gives one."""
    least = case.parameters["minimumAgreement"]
    for artifact in _shipped(case):
        parity = artifact.parity
        if parity is not None and parity.agreement != UNSTATED and parity.agreement < least:
            case.deny(
                f"{artifact.variant}.parity",
                got=f"{parity.agreement} with {parity.reference}",
                expected=f"at least {least}",
            )


@resource_rule(
    id="evaluation-current",
    title="The evaluator's statement has not expired.",
    group="responsible_ai",
    severity="high",
    frameworks=("EU AI Act Art. 9(2)", "NIST AI RMF MEASURE 3.1"),
    remediation="evaluate the version again: `mobile-ai model build`",
    applies_to=(DEPLOYMENT,),
    parameters={
        "warnDays": Parameter(
            default=30, doc="Days before expiry from which the report warns.", weaker="lower"
        )
    },
)
def evaluation_current(case: Case) -> None:
    """Check the expiry; released versions may stay unchanged or be rolled back to."""
    model = model_of(case)
    if model is None:
        case.deny("evaluation", got="no verified model version", expected="one evaluated")
        return
    left = model.expiry("evaluation") - case.now
    if left <= timedelta(0):
        report = case.warn if may_stay(case) else case.deny
        report("evaluation", got="expired", expected="one that still counts")
    elif left < timedelta(days=case.parameters["warnDays"]):
        case.warn("evaluation", got=f"expires in {left.days} days", expected="a renewed one")


@resource_rule(
    id="interpretability-reported",
    title="A high-risk model has an interpretability report.",
    group="responsible_ai",
    severity="high",
    frameworks=("EU AI Act Art. 13 and 86", "NIST AI RMF MEASURE 2.9"),
    remediation="add the interpretability step to the recipe and evaluate again",
    applies_to=(DEPLOYMENT,),
    waivable_by="ethics-reviewer",
)
def interpretability_reported(case: Case) -> None:
    """Require the report of a high-risk model."""
    model = model_of(case)
    if model is None:
        case.deny("interpretability", got="no verified model version", expected="one evaluated")
    elif model.manifest.metadata.risk_class == "high":
        report = model.statements["evaluation"].predicate.get("interpretability")
        if not report:
            case.deny("evaluation.interpretability", got="none", expected="a report")


@resource_rule(
    id="risk-class-agreed",
    title="The reviewer assessed the model under the risk class that its manifest declares.",
    group="responsible_ai",
    severity="high",
    frameworks=("EU AI Act Art. 6", "NIST AI RMF MAP 1.1"),
    remediation="have the model assessed under its own risk class (`mobile-ai model approve`)",
    applies_to=(DEPLOYMENT,),
)
def risk_class_agreed(case: Case) -> None:
    """Compare the assessed risk class with the declared one."""
    model = model_of(case)
    if model is None:
        case.deny("riskClass", got="no verified model version", expected="one assessed")
        return
    assessed = model.statements["assessment"].predicate.get("riskClass")
    declared = model.manifest.metadata.risk_class
    if assessed != declared:
        case.deny("assessment.riskClass", got=repr(assessed), expected=repr(declared))


@resource_rule(
    id="human-oversight-named",
    title="The person who can stop the model is named by mail address.",
    group="responsible_ai",
    severity="high",
    frameworks=("EU AI Act Art. 14 and 26(2)", "NIST AI RMF GOVERN 3.2"),
    remediation="set humanOversight to a mail address that somebody reads",
    applies_to=(DEPLOYMENT,),
    waivable_by="ethics-reviewer",
)
def human_oversight_named(case: Case) -> None:
    """Check that the contact is a mail address."""
    contact = case.at("spec", "humanOversight")
    contact.require(
        lambda value: isinstance(value, str) and _MAIL.fullmatch(value) is not None,
        "a mail address",
    )


@stack_rule(
    id="drift-monitored",
    title="A stack that deploys a model collects the telemetry to detect drift.",
    group="responsible_ai",
    severity="high",
    frameworks=("EU AI Act Art. 72", "NIST AI RMF MEASURE 2.4 and MANAGE 4.1"),
    remediation="keep the component `Telemetry` in the stack",
    waivable_by="ethics-reviewer",
)
def drift_monitored(whole: StackContext) -> None:
    """Require the Telemetry component in a stack with deployments."""
    if whole.of(DEPLOYMENT) and not whole.of(TELEMETRY):
        whole.deny("Telemetry", got="none in the stack", expected="one beside the deployments")


RULES: Final[tuple[Rule, ...]] = (
    quality_sufficient,
    fairness_sufficient,
    parity_kept,
    evaluation_current,
    interpretability_reported,
    risk_class_agreed,
    human_oversight_named,
    drift_monitored,
)
