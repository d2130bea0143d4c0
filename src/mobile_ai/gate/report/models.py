"""Compares a new model version with its predecessor, from the manifests in the plan."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.json_values import mapping, mappings, number
from mobile_ai.contracts.manifest import Artifact, known, read_manifest
from mobile_ai.contracts.metrics import metric_named
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import DEPLOYMENT, MODEL_VERSION
from mobile_ai.gate.report.sections import Figure, ModelChange, RolloutReport, VariantChange

_Artifacts = Mapping[str, Artifact]  # by variant
_Manifests = Mapping[str, _Artifacts]  # by manifest digest
_PERCENT: Final = 100
# A busy machine affects the tail of the latencies measured by a build, hardly their median. For two
# builds of one architecture (sample `digits`), p95 differed by up to 495 %, the median by 8.3 %.
_MEDIAN_NOISE: Final = 0.1


def model_changes(
    proposed: Sequence[Resource], prior: Sequence[Resource] = ()
) -> tuple[ModelChange, ...]:
    """Return a comparison for every deployment whose version changes.

    Args:
        proposed: Resources of the plan.
        prior: Resources of the deployed state. A deployment that is not deployed yet is compared
            with its rollback version.
    """
    manifests = {**_manifests(prior), **_manifests(proposed)}
    before = {item.name: _spec(item) for item in prior if item.type == DEPLOYMENT}
    found = (
        _change(item.name, _spec(item), before.get(item.name), manifests)
        for item in proposed
        if item.type == DEPLOYMENT
    )
    return tuple(change for change in found if change is not None)


def _change(
    name: str, spec: Mapping[str, Any], before: Mapping[str, Any] | None, manifests: _Manifests
) -> ModelChange | None:
    model = mapping(spec.get("aiModel"))
    other = mapping((before or {}).get("aiModel") if before else model.get("previous"))
    if before and other.get("sha256") == model.get("sha256"):
        return None
    new = manifests.get(str(model.get("sha256")), {})
    old = manifests.get(str(other.get("sha256")), {})
    return ModelChange(
        deployment=name,
        model=str(model.get("id", "")),
        version=str(model.get("version", "")),
        prior_version=str(other.get("version", "")),
        deployed=before is not None,
        variants=tuple(_variants(spec, old, new)),
        rollout=_rollout(spec, before or {}),
    )


def _variants(spec: Mapping[str, Any], old: _Artifacts, new: _Artifacts) -> Iterator[VariantChange]:
    targets: dict[str, list[str]] = {}
    for place in mappings(spec.get("placement")):
        where = str(place.get("site") or place.get("target"))
        targets.setdefault(str(place.get("variant")), []).append(where)
    for variant, places in targets.items():
        figures = _figures(old.get(variant), new.get(variant))
        yield VariantChange(variant=variant, targets=tuple(places), figures=tuple(figures))


def _figures(old: Artifact | None, new: Artifact | None) -> Iterator[Figure]:
    before, after = (item.quality if item else None for item in (old, new))
    metric = after.metric if after is not None else "quality"
    # The direction of an unknown metric does not matter, since the rules deny the manifest.
    stated = metric_named(metric)
    better = stated.better if stated is not None else "higher"
    yield _figure(metric, better, *(item.value if item else None for item in (before, after)))
    for way, name in (("lower", "gap"), ("higher", "worst group")):
        was, becomes = _groups(old, way), _groups(new, way)
        for attribute in dict.fromkeys([*was, *becomes]):
            title = f"{attribute} {name}"
            yield _figure(title, way, was.get(attribute), becomes.get(attribute))
    size = (item.bytes / 1000 if item else None for item in (old, new))
    yield _figure("size", "lower", *size, unit="kB")
    latency = _figure("latency p95", "lower", *_profiled("latency_p95_ms", old, new), unit="ms")
    yield latency.model_copy(update={"note": _latency_note(latency, old, new)})


def _profiled(name: str, *artifacts: Artifact | None) -> Iterator[float | None]:
    """Yield a figure of each profile; ``None`` if it is unknown."""
    for item in artifacts:
        yield known(getattr(item.profile, name)) if item and item.profile else None


def _latency_note(latency: Figure, old: Artifact | None, new: Artifact | None) -> str:
    """Return why a latency difference is not significant; empty if it is, or there is none."""
    prior, proposed = latency.prior, latency.proposed
    if not prior or proposed is None or proposed == prior:
        return ""
    machines = {item.profile.machine if item and item.profile else None for item in (old, new)}
    if len(machines) > 1:
        return "other machine"
    before, after = _profiled("latency_p50_ms", old, new)
    if not before or after is None:
        return ""
    moved = after / before - 1
    same_way = moved * (proposed - prior) > 0
    # Rounded, so that floating-point error does not decide a difference of exactly the bound.
    return "" if same_way and round(abs(moved), 6) > _MEDIAN_NOISE else "within noise"


def _figure(
    name: str, better: str, prior: float | None, proposed: float | None, *, unit: str = ""
) -> Figure:
    return Figure(name=name, unit=unit, prior=prior, proposed=proposed, better=better)


def _groups(artifact: Artifact | None, better: str) -> dict[str, float]:
    """Return the worst fairness figure by attribute, among metrics with the same direction."""
    found: dict[str, list[float]] = {}
    for item in artifact.fairness if artifact else ():
        metric = metric_named(item.metric)
        if metric is not None and metric.better == better:
            found.setdefault(item.attribute, []).append(item.value)
    worst = max if better == "lower" else min
    return {attribute: worst(values) for attribute, values in found.items()}


def _rollout(spec: Mapping[str, Any], before: Mapping[str, Any]) -> RolloutReport:
    rollout = mapping(spec.get("rollout"))
    rings = {str(r.get("name")): _at(r, "percent") or 0.0 for r in mappings(rollout.get("rings"))}
    stage = str(rollout.get("stage", ""))
    percent = rings.get(stage, float(_PERCENT))  # an unknown stage counts as all devices
    devices = _at(spec, "usage", "monthlyActiveDevices") or 0.0
    return RolloutReport(
        stage=stage,
        percent=percent,
        halted=rollout.get("halted") is True,
        devices=round(max(devices, 0.0) * percent / _PERCENT),
        rings=tuple(f"{name} {share:g} %" for name, share in rings.items()),
        prior_stage=str(mapping(before.get("rollout")).get("stage", "")),
    )


def _manifests(resources: Iterable[Resource]) -> dict[str, _Artifacts]:
    found: dict[str, _Artifacts] = {}
    for item in resources:
        text = item.props.get("manifest")
        if item.type == MODEL_VERSION and isinstance(text, str):
            try:
                manifest, _ = read_manifest(text, name=item.name)
            except GovernanceError:
                continue  # a rule denies it and reports why
            found[str(item.props.get("sha256"))] = {
                artifact.variant: artifact for artifact in manifest.artifacts
            }
    return found


def _spec(deployment: Resource) -> Mapping[str, Any]:
    return mapping(deployment.props.get("spec"))


def _at(value: Mapping[str, Any], *path: str) -> float | None:
    found: Any = value
    for key in path:
        found = mapping(found).get(key)
    return number(found)
