"""Annex IV, sections 3 to 9: how it behaves, its risks, changes, standards and monitoring."""

from mobile_ai.operations.evidence.answer import (
    DEPLOYMENT,
    EVALUATOR,
    GATE,
    MANIFEST,
    OPERATIONS,
    OWNER,
    PROVIDER,
    REPORT,
    REVIEWER,
    Answer,
    listed,
    measured,
)
from mobile_ai.operations.evidence.subject import Evidence


def monitoring(about: Evidence, answer: Answer) -> None:
    """3: capabilities, limits, unintended outcomes, oversight and inputs."""
    placed = {item.variant for item in about.deployment.placement}
    groups = False
    for artifact in about.model.manifest.artifacts:
        if artifact.variant not in placed:
            continue
        where = f"{MANIFEST}: artifacts {artifact.variant}"
        if artifact.quality:
            name = f"{artifact.variant}: {artifact.quality.metric}"
            answer.fact(name, measured(artifact.quality), where)
        else:
            answer.gap(f"accuracy of variant {artifact.variant}", EVALUATOR)
        for figure in artifact.fairness:
            name = f"{artifact.variant}: {figure.metric} by {figure.attribute}"
            groups |= answer.fact(name, measured(figure), where)
    asked = about.predicate("assessment").get("questionnaire", {})
    source = f"{about.file('assessment')}: questionnaire"
    if not groups:
        answer.gap("accuracy for groups of persons", EVALUATOR)
    answer.fact("fairness", asked.get("fairness"), f"{source}.fairness")
    answer.need("unintended outcomes", asked.get("harms"), f"{source}.harms", REVIEWER)
    answer.need("human oversight", asked.get("oversight"), f"{source}.oversight", REVIEWER)
    for item in about.model.manifest.io.inputs:
        shape = " x ".join(map(str, item.shape))
        answer.fact(f"input {item.name}", f"{item.dtype} {shape}", f"{MANIFEST}: inputs")
    kinds = about.deployment.data_processing.data_types
    answer.fact("kinds of data", kinds, f"{DEPLOYMENT}: dataProcessing.dataTypes")


def metrics(about: Evidence, answer: Answer) -> None:
    """4: whether the metrics suit the system."""
    found = {
        figure.metric for artifact in about.model.manifest.artifacts for figure in artifact.evidence
    }
    if sorted(found):
        answer.fact("metrics", sorted(found), f"{MANIFEST}: artifacts")
    else:
        answer.gap("a metric of performance", EVALUATOR)
    signed = about.predicate("evaluation")
    answer.fact("notes", signed.get("notes"), f"{about.file('evaluation')}: notes")
    answer.gap("reasons why these metrics suit the intended purpose", OWNER)


def risks(about: Evidence, answer: Answer) -> None:
    """5: risk management."""
    signed, source = about.predicate("assessment"), about.file("assessment")
    answer.fact("risk class", about.model.manifest.metadata.risk_class, f"{MANIFEST}: metadata")
    answer.fact("decision", signed.get("decision"), f"{source}: decision")
    for name in ("people", "harms", "frequency", "fairness", "redress"):
        value = signed.get("questionnaire", {}).get(name)
        answer.need(name, value, f"{source}: questionnaire.{name}", REVIEWER)
    scope = signed.get("scope") or {}
    for name, values in sorted(scope.items()):
        answer.fact(f"approved: {name}", values, f"{source}: scope.{name}")
    for record in about.waivers:
        content = record.content
        told = [content.reason, content.ticket, f"until {content.expires.isoformat()}"]
        answer.fact(f"accepted: {content.rule}", listed(told), f"records/{record.name}")
    for error in about.records.refused:
        answer.gap(f"a valid signature of {error.what}: {error.got}", "a role that may sign it")
    answer.gap("the risk management system (Article 9)", PROVIDER)


def changes(about: Evidence, answer: Answer) -> None:
    """6: changes through the lifecycle."""
    manifest, earlier = about.model.manifest, about.previous
    if parent := manifest.lineage.parent:
        told = f"version {parent.version}, manifest sha256 {parent.sha256}"
        answer.fact("fine-tuned from", told, f"{MANIFEST}: lineage.parent")
    if earlier is None:
        answer.fact("version before", "none: the first version deployed", DEPLOYMENT)
    else:
        old = earlier.manifest
        told = f"version {old.metadata.version}, manifest sha256 {earlier.sha256}"
        answer.fact("version before", told, f"{DEPLOYMENT}: previous")
        for artifact in manifest.artifacts:
            was = old.artifact(artifact.variant)
            if was and was.quality and artifact.quality and was.quality.metric:
                moved = f"{was.quality.value:.4g} before, {artifact.quality.value:.4g} now"
                name = f"{artifact.variant}: {artifact.quality.metric}"
                answer.fact(name, moved, f"{MANIFEST} and previous/{MANIFEST}")
    rollout = about.deployment.rollout
    answer.fact("rollout", f"ring {rollout.stage} reached", f"{DEPLOYMENT}: rollout.stage")
    if rollout.halted:
        answer.fact("halted", "on every device", f"{DEPLOYMENT}: rollout.halted")
    answer.gap("why the version was made, and older versions", OWNER)


def standards(about: Evidence, answer: Answer) -> None:
    """7: standards applied."""
    if about.report is None:
        answer.gap("technical specifications that the rules of the gate serve", GATE)
    else:
        served = [
            name for rule in about.report.rules if rule.outcomes.judged for name in rule.frameworks
        ]
        answer.fact("specifications that judged rules serve", sorted({*served}), REPORT)
    answer.gap("harmonised standards applied, or the solutions adopted instead", PROVIDER)


def declaration(about: Evidence, answer: Answer) -> None:
    """8: declaration of conformity."""
    if about.model.manifest.metadata.risk_class == "high":
        answer.gap("copy of the EU declaration of conformity (Article 47)", PROVIDER)
    else:
        risk = about.model.manifest.metadata.risk_class
        answer.not_asked(f"Article 47 asks for it of high-risk systems; this one is {risk}.")


def after_market(about: Evidence, answer: Answer) -> None:
    """9: evaluation after it was put into service."""
    telemetry = about.settings.telemetry
    source = f"{DEPLOYMENT}: telemetry"
    answer.fact("telemetry is kept, days", telemetry.retention_days, f"{source}.retentionDays")
    answer.fact("alarms go to", telemetry.notify, f"{source}.notify")
    rings = [
        f"{ring.name} {ring.percent:g} %, {ring.soak_hours} h"
        for ring in about.deployment.rollout.rings
    ]
    answer.fact("rings that are watched", listed(rings), f"{DEPLOYMENT}: rollout.rings")
    fallback = about.model.manifest.fallback.mode
    answer.fact("devices after a halt", f"fallback: {fallback}", f"{MANIFEST}: fallback.mode")
    for kind in ("evaluation", "assessment"):
        expires = about.model.expiry(kind).isoformat()
        answer.fact(f"{kind} is renewed by", expires, f"{about.file(kind)}: expires")
    answer.gap("post-market monitoring plan (Article 72(3))", f"{PROVIDER}, with {OPERATIONS}")
