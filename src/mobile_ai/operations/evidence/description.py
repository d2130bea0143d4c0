"""Annex IV, sections 1 and 2: what the system is, and how it was made."""

from collections.abc import Mapping
from typing import Any

from mobile_ai.contracts.manifest import UNSTATED
from mobile_ai.contracts.manifest_v2 import Artifact
from mobile_ai.operations.evidence.answer import (
    APPLICATION,
    BUILDER,
    DEPLOYMENT,
    EVALUATOR,
    GATE,
    MANIFEST,
    OWNER,
    PROVIDER,
    REPORT,
    REVIEWER,
    SECURITY,
    Answer,
    listed,
    measured,
    parts,
)
from mobile_ai.operations.evidence.subject import Evidence
from mobile_ai.stack.settings_deployment import CloudPlacement, EdgePlacement, Placement


def purpose(about: Evidence, answer: Answer) -> None:
    """1(a): intended purpose, provider, version and its predecessor."""
    data = about.model.manifest.metadata
    asked = about.predicate("assessment").get("questionnaire", {})
    source = f"{about.file('assessment')}: questionnaire"
    answer.need("intended purpose", asked.get("purpose"), f"{source}.purpose", REVIEWER)
    answer.fact("description", data.description, f"{MANIFEST}: metadata.description")
    answer.fact("task", data.task, f"{MANIFEST}: metadata.task")
    answer.fact("version", f"{data.name} {data.version}", f"{MANIFEST}: metadata")
    answer.fact("made", data.created.isoformat(), f"{MANIFEST}: metadata.created")
    answer.fact("owners of the model", data.owners, f"{MANIFEST}: metadata.owners")
    answer.fact("owner of the stack", about.settings.owner.team, DEPLOYMENT)
    if parent := about.model.manifest.lineage.parent:
        answer.fact("fine-tuned from version", parent.version, f"{MANIFEST}: lineage.parent")
    if about.previous:
        answer.fact("version before", about.previous.manifest.metadata.version, DEPLOYMENT)
    answer.gap("name and address of the provider", PROVIDER)


def interaction(about: Evidence, answer: Answer) -> None:
    """1(b): hardware and software that it interacts with."""
    answer.fact("application", about.deployment.app, f"{DEPLOYMENT}: app")
    _tensors(about, answer)
    answer.gap("other systems that get the outputs", APPLICATION)


def software(about: Evidence, answer: Answer) -> None:
    """1(c): versions of software and firmware."""
    for artifact in _placed(about):
        needs, where = artifact.requirements, f"{MANIFEST}: artifacts {artifact.variant}"
        found = [
            answer.fact(f"{artifact.variant}: {name}", value, f"{where}.requirements")
            for name, value in (
                ("runtime", needs.runtime),
                ("least Android API", needs.min_android_api),
                ("least iOS", needs.min_ios),
            )
        ]
        if not found[0]:
            answer.gap(f"runtime of variant {artifact.variant}", OWNER)
    answer.fact(
        "least version of the application",
        about.deployment.rollout.min_app_version,
        f"{DEPLOYMENT}: rollout.minAppVersion",
    )
    if about.deployment.edge or about.deployment.cloud:
        answer.fact("server image", about.settings.images.edge.index, f"{DEPLOYMENT}: images.edge")


def forms(about: Evidence, answer: Answer) -> None:
    """1(d): forms in which it is put into service."""
    for number, placement in enumerate(about.deployment.placement):
        found = about.model.manifest.artifact(placement.variant)
        form = f"{found.format}, {found.bytes:,} bytes" if found else ""
        name = f"{placement.target}, variant {placement.variant}"
        how = _form(placement)
        answer.fact(name, listed([how, form]), f"{DEPLOYMENT}: placement[{number}]")


def hardware(about: Evidence, answer: Answer) -> None:
    """1(e): hardware that it runs on."""
    for number, placement in enumerate(about.deployment.placement):
        name = f"{placement.target}, variant {placement.variant}"
        answer.fact(name, _machine(placement), f"{DEPLOYMENT}: placement[{number}]")
    for artifact in _placed(about):
        answer.fact(
            f"{artifact.variant}: least memory, MB",
            artifact.requirements.min_ram_mb,
            f"{MANIFEST}: artifacts {artifact.variant}.requirements.minRamMb",
        )


def product(about: Evidence, answer: Answer) -> None:  # noqa: ARG001  one form for all points
    """1(f): photographs of products that it is a component of."""
    answer.gap("photographs or drawings, if it is a component of a product", APPLICATION)


def interface(about: Evidence, answer: Answer) -> None:  # noqa: ARG001
    """1(g): user interface."""
    answer.gap("description of the user interface", APPLICATION)


def instructions(about: Evidence, answer: Answer) -> None:  # noqa: ARG001
    """1(h): instructions for use."""
    answer.gap("instructions for use (Article 13)", APPLICATION)


def development(about: Evidence, answer: Answer) -> None:
    """2(a): methods and steps, third-party systems and tools."""
    source = about.file("provenance")
    made = about.predicate("provenance")
    definition, details = made.get("buildDefinition", {}), made.get("runDetails", {})
    origin = about.model.manifest.origin
    if origin != UNSTATED:
        answer.fact("origin", f"{origin.how}: {origin.source}", f"{MANIFEST}: origin")
    recipe = about.model.manifest.lineage.recipe
    answer.fact("recipe", f"{recipe.file}, sha256 {recipe.sha256}", f"{MANIFEST}: lineage.recipe")
    answer.fact("builder", details.get("builder", {}).get("id"), f"{source}: runDetails.builder")
    for step in parts(details.get("byproducts")):
        notes = step.get("annotations", {})
        if notes.get("variant") in {item.variant for item in about.deployment.placement}:
            told = [f"{notes.get('step')} with {notes.get('tool')} {notes.get('version')}"]
            told += [_parameters(notes.get("parameters", {}))]
            answer.fact(f"step {step.get('name')}", listed(told), f"{source}: byproducts")
    tools = [
        item["uri"]
        for item in parts(definition.get("resolvedDependencies"))
        if str(item.get("uri", "")).startswith("pkg:") and "digest" not in item
    ]
    answer.need("tools of third parties", tools, f"{source}: resolvedDependencies", BUILDER)


def design(about: Evidence, answer: Answer) -> None:
    """2(b): design specifications."""
    data = about.model.manifest.metadata
    answer.fact("modalities", data.modalities, f"{MANIFEST}: metadata.modalities")
    _tensors(about, answer)
    for artifact in _placed(about):
        if artifact.profile:
            answer.fact(
                f"{artifact.variant}: multiply-accumulates of an inference",
                artifact.profile.macs,
                f"{MANIFEST}: artifacts {artifact.variant}.profile",
            )
    asked = about.predicate("assessment").get("questionnaire", {})
    answer.fact(
        "people it is about", asked.get("people"), f"{about.file('assessment')}: questionnaire"
    )
    answer.gap("general logic, key design choices with rationale, and trade-offs", OWNER)


def architecture(about: Evidence, answer: Answer) -> None:
    """2(c): architecture and computational resources."""
    inner = about.predicate("provenance").get("buildDefinition", {}).get("internalParameters", {})
    source = f"{about.file('provenance')}: internalParameters"
    answer.fact("machine of the build", inner.get("system"), source)
    answer.fact("Python of the build", inner.get("python"), source)
    for artifact in _placed(about):
        if artifact.profile:
            answer.fact(
                f"{artifact.variant}: measured on",
                artifact.profile.machine,
                f"{MANIFEST}: artifacts {artifact.variant}.profile.machine",
            )
    answer.gap("computing time and energy of training and validation", BUILDER)
    answer.gap("diagram of the components", OWNER)


def data_sheets(about: Evidence, answer: Answer) -> None:
    """2(d): data that it was made with."""
    made = {"training", "fine-tuning", "calibration"}
    found = [item for item in about.model.manifest.lineage.datasets if item.use in made]
    for item in found:
        told = [item.source, f"{item.rows:,} rows", f"licence {item.licence}"]
        sensitive = ", ".join(item.sensitive_attributes)
        told += [f"sensitive attributes: {sensitive or 'none declared'}", f"sha256 {item.digest}"]
        answer.fact(f"{item.use}: {item.name}", listed(told), f"{MANIFEST}: lineage.datasets")
    asked = about.predicate("assessment").get("questionnaire", {})
    answer.fact("about the data", asked.get("data"), f"{about.file('assessment')}: questionnaire")
    if not found:
        answer.gap("training data: none is stated", "whoever trained the model")
    answer.gap("how the data were obtained, selected, labelled and cleaned", "the data's owner")


def oversight(about: Evidence, answer: Answer) -> None:
    """2(e): human oversight."""
    signed = about.predicate("assessment")
    source = about.file("assessment")
    asked = signed.get("questionnaire", {})
    answer.need("measures", asked.get("oversight"), f"{source}: questionnaire.oversight", REVIEWER)
    answer.fact("person who can stop it", signed.get("humanOversight"), source)
    answer.fact(
        "person who can halt this deployment",
        about.deployment.human_oversight,
        f"{DEPLOYMENT}: humanOversight",
    )
    important = parts(about.predicate("evaluation").get("interpretability"))
    for item in important:
        shown = [
            f"{one.get('feature')} {one.get('lossPt')} pt" for one in parts(item.get("importance"))
        ]
        answer.fact(
            "most important parts of the input",
            listed(shown[:5]),
            f"{about.file('evaluation')}: interpretability",
        )
    if not important:
        answer.gap("what helps deployers to interpret an output", EVALUATOR)


def planned_changes(about: Evidence, answer: Answer) -> None:
    """2(f): changes that are determined in advance."""
    rings = [
        f"{ring.name} {ring.percent:g} % for {ring.soak_hours} h"
        for ring in about.deployment.rollout.rings
    ]
    answer.fact("steps of a rollout", listed(rings), f"{DEPLOYMENT}: rollout.rings")
    answer.gap("changes of the model that are determined in advance, or that there are none", OWNER)


def validation(about: Evidence, answer: Answer) -> None:
    """2(g): validation and tests."""
    signed, source = about.predicate("evaluation"), about.file("evaluation")
    answer.fact("method", signed.get("method"), f"{source}: method")
    held = signed.get("heldOut") or {}
    answer.need("held-out data", _held(held), f"{source}: heldOut", EVALUATOR)
    for artifact in _placed(about):
        for figure in artifact.evidence:
            of = f" of {figure.attribute} {figure.group}" if figure.slice else ""
            name = f"{artifact.variant}: {figure.metric}{of}"
            answer.fact(name, measured(figure), f"{MANIFEST}: artifacts {artifact.variant}")
        if artifact.quality is None:
            answer.gap(f"accuracy of variant {artifact.variant}", EVALUATOR)
    placed = {item.variant for item in about.deployment.placement}
    for name in ("robustness", "calibration", "gates"):
        for item in parts(signed.get(name)):
            if item.get("variant") in placed:
                answer.fact(_test(name, item), _result(item), f"{source}: {name}")
    if not signed.get("robustness"):
        answer.gap("robustness", EVALUATOR)


def cybersecurity(about: Evidence, answer: Answer) -> None:
    """2(h): cybersecurity."""
    answer.fact(
        "signed evidence", f"verified by trust {about.trust.label}", "trust.yaml and evidence/"
    )
    answer.fact("bytes", "every file is named by its SHA-256", f"{MANIFEST}: artifacts")
    processing = about.deployment.data_processing
    answer.fact("privacy tier", processing.privacy_tier, f"{DEPLOYMENT}: dataProcessing")
    if about.report is None:
        answer.gap("verdict of the rules about security", GATE)
    else:
        judged = [item for item in about.report.rules if item.outcomes.judged]
        clean = sum(item.outcomes.clean for item in judged)
        told = f"{about.report.verdict}: {clean} of {len(judged)} rules passed on everything"
        answer.fact("verdict of the gate", told, REPORT)
    answer.gap("assessment of attacks on the model itself (poisoning, evasion, theft)", SECURITY)


def _tensors(about: Evidence, answer: Answer) -> None:
    for kind, tensors in (
        ("input", about.model.manifest.io.inputs),
        ("output", about.model.manifest.io.outputs),
    ):
        for item in tensors:
            shape = " x ".join(map(str, item.shape))
            told = [f"{item.dtype} {shape}", item.modality]
            answer.fact(f"{kind} {item.name}", listed(told), f"{MANIFEST}: {kind}s")


def _placed(about: Evidence) -> list[Artifact]:
    """Return the artifacts that the deployment places, in its order."""
    names = dict.fromkeys(item.variant for item in about.deployment.placement)
    found = (about.model.manifest.artifact(name) for name in names)
    return [item for item in found if item is not None]


def _form(placement: Placement) -> str:
    match placement:
        case EdgePlacement():
            return f"service at site {placement.site}"
        case CloudPlacement():
            return f"API in region {placement.region}"
    return "download of the application's update client"


def _machine(placement: Placement) -> str:
    match placement:
        case EdgePlacement():
            return f"{placement.cpu_millis} m CPU, {placement.memory_mb} MiB a copy"
        case CloudPlacement():
            return f"AWS Lambda, {placement.architecture}, {placement.memory_mb} MiB"
    return f"phones of class {placement.device_class} and better"


def _parameters(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in sorted(values.items()))


def _held(value: Mapping[str, Any]) -> str:
    if not value:
        return ""
    return listed([value.get("name"), f"{value.get('rows')} rows", f"sha256 {value.get('sha256')}"])


def _test(name: str, item: Mapping[str, Any]) -> str:
    what = item.get("corruption") or item.get("gate") or "expected calibration error"
    return f"{item.get('variant')}: {'limit on ' if name == 'gates' else ''}{what}"


def _result(item: Mapping[str, Any]) -> str:
    if "reason" in item:
        return f"{item.get('status')}: {item['reason']}"
    if "expectedCalibrationError" in item:
        return f"{item['expectedCalibrationError']}"
    told = [f"{item.get('metric')} {item.get('value')}", f"loss {item.get('lossPt')} pt"]
    return listed([*told, f"severity {item.get('severity')}"])
