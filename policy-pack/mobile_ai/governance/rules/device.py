"""Checks that each placed variant runs on its target within the limits of the device class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mobile_ai.contracts.manifest import UNSTATED, Artifact, Unknown
from mobile_ai.contracts.reading import Property, one_of
from mobile_ai.contracts.tokens import DEPLOYMENT
from mobile_ai.contracts.vocabulary import DEVICE_CLASSES, TARGETS
from mobile_ai.governance.deployment import model_of, placements
from mobile_ai.governance.rule import Parameter, Rule, resource_rule
from mobile_ai.governance.rule_context import Case

_FORMATS: Final = {
    "on-device": frozenset({"tflite", "coreml"}),
    "edge": frozenset({"onnx"}),
    "cloud": frozenset({"onnx"}),
}


def _classes(entry: float, middle: float, high: float, doc: str) -> dict[str, Parameter]:
    limits = zip(DEVICE_CLASSES, (entry, middle, high), strict=True)
    return {
        _key(name): Parameter(default=value, doc=f"{doc}, {name} devices.", weaker="higher")
        for name, value in limits
    }


def _key(device_class: str) -> str:
    return {"entry": "entry", "mid-range": "midRange", "high-end": "highEnd"}.get(device_class, "")


def _on_devices(case: Case) -> Iterator[tuple[Artifact, float]]:
    """Yield the artifacts on devices, each with the limit of its device class."""
    model = model_of(case)
    for item in placements(case):
        if item.at("target").text() != "on-device":
            continue
        artifact = model.manifest.artifact(item.at("variant").text()) if model else None
        limit = case.parameters.get(_key(item.at("deviceClass").text()))
        if artifact is not None and limit is not None:
            yield artifact, limit
        else:
            _refuse(item)


def _refuse(item: Property) -> None:
    item.at("variant").require(lambda _: False, "a verified variant, for a known device class")


@resource_rule(
    id="placement-possible",
    title="Every placement names a variant of the manifest in a format that its target runs.",
    group="delivery",
    severity="high",
    frameworks=("EU AI Act Art. 15(4)", "NIST AI RMF MANAGE 1.1"),
    remediation="place a `variant` in the right format (tflite or coreml on phones, onnx "
    "elsewhere)",
    applies_to=(DEPLOYMENT,),
)
def placement_possible(case: Case) -> None:
    """Check target, variant, format and device class of every placement."""
    model = model_of(case)
    for item in placements(case):
        target = item.at("target")
        target.require(one_of(*TARGETS), f"one of {list(TARGETS)}")
        if target.text() == "on-device":
            item.at("deviceClass").require(one_of(*DEVICE_CLASSES), f"one of {DEVICE_CLASSES}")
        artifact = model.manifest.artifact(item.at("variant").text()) if model else None
        formats = _FORMATS.get(target.text(), frozenset())
        if artifact is None or artifact.format not in formats:
            item.at("variant").require(lambda _: False, "a variant in a format that runs there")


@resource_rule(
    id="artifact-fits-device",
    title="The artifact's size is within the limit of its device class.",
    group="delivery",
    severity="medium",
    frameworks=("NIST AI RMF MANAGE 1.1",),
    remediation="ship a smaller `variant`, or raise `deviceClass`",
    applies_to=(DEPLOYMENT,),
    waivable_by="security",
    parameters=_classes(5_000_000, 20_000_000, 60_000_000, "Bytes of an artifact"),
)
def artifact_fits_device(case: Case) -> None:
    """Check the size of every artifact on devices."""
    for artifact, limit in _on_devices(case):
        if artifact.bytes > limit:
            _over(case, artifact, f"{artifact.bytes} bytes", f"at most {limit:g} bytes")


@resource_rule(
    id="latency-within-budget",
    title="The artifact's p95 latency is within the limit of its device class.",
    group="delivery",
    severity="medium",
    frameworks=("NIST AI RMF MEASURE 2.6",),
    remediation="ship a faster `variant`, or raise `deviceClass`",
    applies_to=(DEPLOYMENT,),
    waivable_by="security",
    parameters=_classes(100, 60, 40, "p95 milliseconds on the measuring machine"),
)
def latency_within_budget(case: Case) -> None:
    """Check the p95 latency of every artifact on devices that was measured."""
    for artifact, limit in _on_devices(case):
        profile = artifact.profile
        if profile is not None:
            _hold(case, artifact, profile.latency_p95_ms, limit, form="p95 {} ms")
        elif artifact.format != "coreml":
            _over(case, artifact, "no profile", "a measured latency")


@resource_rule(
    id="memory-within-budget",
    title="The artifact's peak memory is within the limit of its device class.",
    group="delivery",
    severity="medium",
    frameworks=("NIST AI RMF MEASURE 2.6",),
    remediation="ship a smaller `variant`, or raise `deviceClass`",
    applies_to=(DEPLOYMENT,),
    waivable_by="security",
    parameters=_classes(64_000_000, 256_000_000, 512_000_000, "Bytes at peak"),
)
def memory_within_budget(case: Case) -> None:
    """Check the peak memory of every artifact on devices that was measured."""
    for artifact, limit in _on_devices(case):
        if artifact.profile is not None:
            _hold(case, artifact, artifact.profile.peak_memory_bytes, limit, form="{} bytes")


@resource_rule(
    id="energy-within-budget",
    title="The energy of an inference is within the limit of its device class.",
    group="delivery",
    severity="low",
    frameworks=("EU AI Act Art. 40(2)", "NIST AI RMF MEASURE 2.12"),
    remediation="ship a `variant` that computes less",
    applies_to=(DEPLOYMENT,),
    waivable_by="security",
    parameters=_classes(20, 50, 100, "Estimated millijoules an inference"),
)
def energy_within_budget(case: Case) -> None:
    """Check the energy estimate of every artifact on devices that was measured."""
    for artifact, limit in _on_devices(case):
        if artifact.profile is not None:
            _hold(case, artifact, artifact.profile.energy_mj, limit, form="{} mJ")


def _hold(
    case: Case, artifact: Artifact, figure: float | Unknown, limit: float, *, form: str
) -> None:
    """Deny a figure above its limit, and an unknown one."""
    most = f"at most {form.removeprefix('p95 ').format(f'{limit:g}')}"
    if figure == UNSTATED:
        _over(case, artifact, form.format(UNSTATED), f"{most}, measured")
    elif figure > limit:
        _over(case, artifact, form.format(figure), most)


def _over(case: Case, artifact: Artifact, got: str, expected: str) -> None:
    case.deny(f"variant {artifact.variant}", got=got, expected=expected)


RULES: Final[tuple[Rule, ...]] = (
    placement_possible,
    artifact_fits_device,
    latency_within_budget,
    memory_within_budget,
    energy_within_budget,
)
