"""Checks data lineage, and that manifest, evaluation and bill of materials are consistent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mobile_ai.contracts.manifest import UNSTATED, ModelManifest
from mobile_ai.contracts.tokens import DEPLOYMENT, MODEL_VERSION
from mobile_ai.governance.deployment import model_of
from mobile_ai.governance.licences import is_allowed
from mobile_ai.governance.rule import Parameter, Rule, resource_rule
from mobile_ai.governance.rule_context import Case

# The builder rounds figures to more digits than this before they are written as JSON and YAML.
_TOLERANCE: Final = 1e-6


@resource_rule(
    id="training-data-known",
    title="The model's training and evaluation data are named and disjoint.",
    group="responsible_ai",
    severity="high",
    frameworks=("EU AI Act Art. 10", "NIST AI RMF MAP 2.3"),
    remediation="name the data sets in the recipe, with a held-out one for the evaluation",
    applies_to=(DEPLOYMENT,),
    waivable_by="ethics-reviewer",
)
def training_data_known(case: Case) -> None:
    """Check that training and evaluation data are named and disjoint."""
    model = model_of(case)
    datasets = model.manifest.lineage.datasets if model else ()
    trained = {item.digest for item in datasets if item.use in {"training", "fine-tuning"}}
    evaluated = {item.digest for item in datasets if item.use == "evaluation"}
    if not trained:
        case.deny("lineage.datasets", got="no training data", expected="at least one data set")
    if not evaluated:
        case.deny("lineage.datasets", got="no evaluation data", expected="a held-out data set")
    if trained & evaluated:
        case.deny("lineage.datasets", got="evaluated on training data", expected="held-out data")


@resource_rule(
    id="training-licence-allowed",
    title="Every data set of the model has an allowed licence.",
    group="responsible_ai",
    severity="high",
    frameworks=("EU AI Act Art. 10(2)(b)", "NIST AI RMF GOVERN 6.1"),
    remediation="train on data whose licence the pack's config allows, or have the licence "
    "reviewed",
    applies_to=(DEPLOYMENT,),
    waivable_by="ethics-reviewer",
    parameters={
        "licences": Parameter(
            default=[
                "Apache-2.0",
                "BSD-2-Clause",
                "BSD-3-Clause",
                "CC-BY-4.0",
                "CC-BY-SA-4.0",
                "CC0-1.0",
                "MIT",
                "PDDL-1.0",
            ],
            doc="SPDX ids.",
            weaker="more",
        )
    },
)
def training_licence_allowed(case: Case) -> None:
    """Check the licence of every data set against the allowed ones."""
    model = model_of(case)
    allowed = case.parameters["licences"]
    if model is None:
        case.deny("lineage", got="no verified model version", expected="one with known data")
        return
    for item in model.manifest.lineage.datasets:
        if not is_allowed(item.licence, allowed):
            case.deny(f"data set {item.name}", got=repr(item.licence), expected=f"one of {allowed}")


@resource_rule(
    id="model-licence-allowed",
    title="The model has an allowed licence.",
    group="responsible_ai",
    severity="high",
    frameworks=("EU AI Act Art. 25(4)", "NIST AI RMF GOVERN 6.1"),
    remediation="state the `licence` of the model in its recipe, or have another one reviewed and "
    "listed in the pack's config",
    applies_to=(DEPLOYMENT,),
    waivable_by="ethics-reviewer",
    parameters={
        "licences": Parameter(
            default=[
                "Apache-2.0",
                "BSD-2-Clause",
                "BSD-3-Clause",
                "CC-BY-4.0",
                "CC0-1.0",
                "ISC",
                "MIT",
                "MPL-2.0",
                "Unlicense",
                "Zlib",
            ],
            doc="SPDX ids, expressions or names; `unknown` allows a model without one.",
            weaker="more",
        )
    },
)
def model_licence_allowed(case: Case) -> None:
    """Check the model's licence; a model that was trained here may have none to state."""
    model = model_of(case)
    allowed = case.parameters["licences"]
    if model is None:
        case.deny("licence", got="no verified model version", expected="one with a known licence")
        return
    licence = model.manifest.licence
    if licence == UNSTATED and _is_own(model.manifest):
        return
    if not is_allowed(licence, allowed):
        case.deny("licence of the model", got=repr(licence), expected=f"one of {allowed}")


def _is_own(manifest: ModelManifest) -> bool:
    """Return whether a model was trained here; `mobile-ai/v1` says so by its training data."""
    if manifest.origin != UNSTATED:
        return manifest.origin.how in {"trained", "fine-tuned"}
    return any(item.use in {"training", "fine-tuning"} for item in manifest.lineage.datasets)


@resource_rule(
    id="evaluation-agrees-with-manifest",
    title="The manifest's quality figures are those that the evaluator measured and signed.",
    group="responsible_ai",
    severity="critical",
    frameworks=("EU AI Act Art. 15", "NIST AI RMF MEASURE 1.3 and 2.5"),
    remediation="build the version again (`mobile-ai model build`); nobody edits figures by hand",
    applies_to=(MODEL_VERSION,),
)
def evaluation_agrees_with_manifest(case: Case) -> None:
    """Compare the manifest's figures with the evaluator's, artifact by artifact."""
    model = case.facts.models.get(case.at("sha256").text())
    if model is None:
        if not case.notes.unknowns:
            case.deny("evaluation", got="no verified evaluation", expected="one of this version")
        return
    results = model.statements["evaluation"].predicate.get("results")
    listed = results if isinstance(results, list) else []
    measured = {item.get("sha256"): item for item in listed if isinstance(item, Mapping)}
    for artifact in model.manifest.artifacts:
        result = measured.get(artifact.digest)
        claimed = artifact.quality.value if artifact.quality else None
        if claimed is not None and not _close(claimed, _value(result)):
            case.deny(
                f"{artifact.variant}.quality",
                got=f"{claimed} in the manifest",
                expected=f"{_value(result)} as evaluated",
            )


@resource_rule(
    id="bom-consistent",
    title="The bill of materials is CycloneDX and lists every artifact by digest.",
    group="responsible_ai",
    severity="high",
    frameworks=("EU Cyber Resilience Act Annex I", "NIST SSDF PS.3.2", "OWASP SCVS"),
    remediation="build the version again (`mobile-ai model build`), which writes its bill of "
    "materials",
    applies_to=(MODEL_VERSION,),
    waivable_by="security",
)
def bom_consistent(case: Case) -> None:
    """Compare the digests in the bill of materials with those of the manifest."""
    node = case.at("evidence", "bom")
    bom = node.json()
    if not isinstance(bom, Mapping) or bom.get("bomFormat") != "CycloneDX":
        node.require(lambda _: False, "a CycloneDX bill of materials")
        return
    listed = _contents(bom.get("components"))
    model = case.facts.models.get(case.at("sha256").text())
    for artifact in model.manifest.artifacts if model else ():
        if artifact.digest not in listed:
            case.deny(f"bom: {artifact.variant}", got="not listed", expected=artifact.digest)


def _contents(components: Any) -> set[str]:
    found = set()
    for item in components if isinstance(components, list) else []:
        for hashed in item.get("hashes", []) if isinstance(item, Mapping) else []:
            found.add(str(hashed.get("content")))
    return found


def _value(result: Any) -> Any:
    quality = result.get("quality") if isinstance(result, Mapping) else None
    return quality.get("value") if isinstance(quality, Mapping) else None


def _close(claimed: float, measured: Any) -> bool:
    return isinstance(measured, int | float) and abs(claimed - measured) <= _TOLERANCE


RULES: Final[tuple[Rule, ...]] = (
    training_data_known,
    training_licence_allowed,
    model_licence_allowed,
    evaluation_agrees_with_manifest,
    bom_consistent,
)
