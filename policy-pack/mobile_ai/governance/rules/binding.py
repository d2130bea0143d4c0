"""Ties workloads, functions and delivery objects to verified model versions by digest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mobile_ai.contracts.evidence import VerifiedModel
from mobile_ai.contracts.reading import Property, one_of
from mobile_ai.contracts.tokens import (
    CLOUD_ENDPOINT,
    DELIVERY_OBJECTS,
    DEPLOYMENT,
    EDGE_ENDPOINT,
    FUNCTION,
    KUBERNETES_WORKLOADS,
    MODEL_COMPONENTS,
    MODEL_DELIVERY,
    TASK_DEFINITION,
    pod_path,
)
from mobile_ai.governance.pods import ANNOTATION, CONTAINER_LISTS, IMAGE
from mobile_ai.governance.resource_list import listed_types
from mobile_ai.governance.rule import Rule, resource_rule, stack_rule
from mobile_ai.governance.rule_context import Case, StackContext

__all__ = ["ANNOTATION", "MANIFEST_VARIABLE", "RULES"]

MANIFEST_VARIABLE: Final = "MOBILE_AI_MANIFEST_SHA256"
_BY_DIGEST: Final = re.compile(IMAGE)
_OURS: Final = "mobileai:index:"


@resource_rule(
    id="leaf-bound-to-verified-model",
    title="Every workload, function and delivery object is tied to a verified model or image.",
    group="responsible_ai",
    severity="critical",
    frameworks=("EU AI Act Art. 12 and 15", "NIST AI RMF MANAGE 4.1", "SLSA 1.2 Build L2"),
    remediation="declare it inside a governed component, which ties it by digest",
    applies_to=(*KUBERNETES_WORKLOADS, FUNCTION, TASK_DEFINITION, *DELIVERY_OBJECTS),
)
def leaf_bound_to_verified_model(case: Case) -> None:
    """Check the ancestors, the model digest and the images of a leaf."""
    above = [kind for _, kind in case.facts.ancestors(case.resource.urn)]
    if not any(kind.startswith(_OURS) and kind in listed_types() for kind in above):
        case.deny("parent", got=f"{above or 'none'}", expected="a governed component above it")
    if case.resource.type in DELIVERY_OBJECTS:
        _object(case, in_delivery=MODEL_DELIVERY in above)
        return
    for image in _images(case):
        _pinned(case, image)
    digest = _digest(case)
    if MODEL_COMPONENTS & set(above) or not digest.missing:
        _verified(case, digest)


def _images(case: Case) -> Iterator[Property]:
    kind = case.resource.type
    if kind == FUNCTION:
        if case.at("packageType").text() == "Image":
            yield case.at("imageUri")
    elif kind == TASK_DEFINITION:
        definitions = case.at("containerDefinitions").json()
        for index, _ in enumerate(definitions if isinstance(definitions, list) else []):
            yield Property(
                definitions[index], case.notes, path=f"containerDefinitions[{index}]"
            ).at("image")
    else:
        pod = case.at(*pod_path(kind))
        for name in CONTAINER_LISTS:
            yield from (item.at("image") for item in pod.at(name).items())


def _pinned(case: Case, image: Property) -> None:
    images = case.facts.context.images if case.facts.context else frozenset()
    if image.require(lambda value: bool(_is_digest(value)), "an image by digest (name@sha256:…)"):
        image.require(one_of(*images), f"one of the pinned images {sorted(images)}")


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and _BY_DIGEST.fullmatch(value) is not None


def _digest(case: Case) -> Property:
    if case.resource.type == FUNCTION:
        return case.at("environment", "variables", MANIFEST_VARIABLE)
    return case.at("metadata", "annotations", ANNOTATION)


def _verified(case: Case, digest: Property) -> VerifiedModel | None:
    models = case.facts.models
    digest.require(lambda value: value in models, "the digest of a verified model version")
    return models.get(digest.text())


def _object(case: Case, *, in_delivery: bool) -> None:
    key = case.at("key")
    digest = case.at("metadata", "manifest-sha256")
    if digest.missing:
        if in_delivery or not key.text().endswith(".json"):
            key.require(lambda value: str(value).endswith(".json"), "metadata.manifest-sha256 set")
        return
    model = _verified(case, digest)
    content = case.at("metadata", "sha256")
    if model is not None and content.require(
        one_of(*model.digests), f"a digest of {model.manifest.metadata.name}"
    ):
        target = content.text()
        key.require(lambda value: target in str(value).rpartition("/")[2], f"a name with {target}")


@stack_rule(
    id="leaf-matches-deployment",
    title="Resources below a deployment have its model, region, replicas and privacy tier.",
    group="responsible_ai",
    severity="critical",
    frameworks=("EU AI Act Art. 12", "NIST AI RMF MANAGE 4.1"),
    remediation="let the component declare its resources; do not change them by transformations",
)
def leaf_matches_deployment(whole: StackContext) -> None:
    """Compare every deployment with the resources below it."""
    for case in whole.of(DEPLOYMENT):
        urn, digest = case.resource.urn, case.at("spec", "aiModel", "sha256")
        for leaf in whole.below(urn, types=(FUNCTION, *KUBERNETES_WORKLOADS)):
            _digest(leaf).require(one_of(digest.text()), f"the deployment's {digest.shown()}")
        for part in whole.below(urn, types=(EDGE_ENDPOINT, CLOUD_ENDPOINT)):
            _same_place(case, part)
            if not part.at("manifestSha256").missing:
                part.at("manifestSha256").require(one_of(digest.text()), digest.shown())
        for scaler in whole.below(urn, types=_SCALERS):
            _same_replicas(case, scaler)


_SCALERS: Final = (
    "kubernetes:autoscaling/v1:HorizontalPodAutoscaler",
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
)


def _same_place(case: Case, part: Case) -> None:
    declared = {item.at("region").text() for item in case.at("spec", "placement").items()}
    tier = case.at("spec", "dataProcessing", "privacyTier").text()
    if not part.at("region").missing:
        part.at("region").require(one_of(*declared), f"one of {sorted(declared)}")
    if not part.at("privacyTier").missing:
        part.at("privacyTier").require(one_of(tier), f"the deployment's {tier!r}")


def _same_replicas(case: Case, scaler: Case) -> None:
    edges = [item.at("replicas") for item in case.at("spec", "placement").items()]
    declared = {item.at("max").number() for item in edges if not item.missing}
    scaler.at("spec", "maxReplicas").require(
        one_of(*declared), f"one of {sorted(map(str, declared))}"
    )


RULES: Final[tuple[Rule, ...]] = (leaf_bound_to_verified_model, leaf_matches_deployment)
