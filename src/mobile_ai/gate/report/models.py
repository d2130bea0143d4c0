"""Compares a new model version with its predecessor, from the manifests in the plan."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from mobile_ai.contracts.documents import read_yaml
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.metrics import METRICS
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import DEPLOYMENT, MODEL_VERSION
from mobile_ai.gate.report.sections import Figure, ModelChange, RolloutReport, VariantChange

__all__ = ["model_changes"]

Manifests = Mapping[str, Mapping[str, Any]]
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
    name: str, spec: Mapping[str, Any], before: Mapping[str, Any] | None, manifests: Manifests
) -> ModelChange | None:
    model = _mapping(spec.get("aiModel"))
    other = _mapping((before or {}).get("aiModel") if before else model.get("previous"))
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
        variants=tuple(_variants(spec, _artifacts(old), _artifacts(new))),
        rollout=_rollout(spec, before or {}),
    )


def _variants(spec: Mapping[str, Any], old: Manifests, new: Manifests) -> Iterator[VariantChange]:
    targets: dict[str, list[str]] = {}
    for place in _mappings(spec.get("placement")):
        where = str(place.get("site") or place.get("target"))
        targets.setdefault(str(place.get("variant")), []).append(where)
    for variant, places in targets.items():
        figures = _figures(old.get(variant, {}), new.get(variant, {}))
        yield VariantChange(variant=variant, targets=tuple(places), figures=tuple(figures))


def _figures(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Figure]:
    metric = str(_mapping(new.get("quality")).get("metric", "quality"))
    # The direction of an unknown metric does not matter, since the rules deny the manifest.
    better = METRICS[metric].better if metric in METRICS else "higher"
    yield _figure(metric, better, _at(old, "quality", "value"), _at(new, "quality", "value"))
    for way, name in (("lower", "gap"), ("higher", "worst group")):
        before, after = _groups(old, way), _groups(new, way)
        for attribute in dict.fromkeys([*before, *after]):
            title = f"{attribute} {name}"
            yield _figure(title, way, before.get(attribute), after.get(attribute))
    size = (_at(item, "bytes") for item in (old, new))
    yield _figure("size", "lower", *(item and item / 1000 for item in size), unit="kB")
    p95 = (_at(item, "profile", "latencyP95Ms") for item in (old, new))
    latency = _figure("latency p95", "lower", *p95, unit="ms")
    yield latency.model_copy(update={"note": _latency_note(latency, old, new)})


def _latency_note(latency: Figure, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Return why a latency difference is not significant; empty if it is, or there is none."""
    prior, proposed = latency.prior, latency.proposed
    if not prior or proposed is None or proposed == prior:
        return ""
    machines = {_mapping(item.get("profile")).get("machine") for item in (old, new)}
    if len(machines) > 1:
        return "other machine"
    before, after = (_at(item, "profile", "latencyP50Ms") for item in (old, new))
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


def _groups(artifact: Mapping[str, Any], better: str) -> dict[str, float]:
    """Return the worst fairness figure by attribute, among metrics with the same direction."""
    found: dict[str, list[float]] = {}
    for row in _mappings(artifact.get("fairness")):
        metric, value = METRICS.get(str(row.get("metric"))), _at(row, "value")
        if metric is not None and metric.better == better and value is not None:
            found.setdefault(str(row.get("attribute")), []).append(value)
    worst = max if better == "lower" else min
    return {attribute: worst(values) for attribute, values in found.items()}


def _rollout(spec: Mapping[str, Any], before: Mapping[str, Any]) -> RolloutReport:
    rollout = _mapping(spec.get("rollout"))
    rings = {str(r.get("name")): _at(r, "percent") or 0.0 for r in _mappings(rollout.get("rings"))}
    stage = str(rollout.get("stage", ""))
    percent = rings.get(stage, float(_PERCENT))  # an unknown stage counts as all devices
    devices = _at(spec, "usage", "monthlyActiveDevices") or 0.0
    return RolloutReport(
        stage=stage,
        percent=percent,
        halted=rollout.get("halted") is True,
        devices=round(max(devices, 0.0) * percent / _PERCENT),
        rings=tuple(f"{name} {share:g} %" for name, share in rings.items()),
        prior_stage=str(_mapping(before.get("rollout")).get("stage", "")),
    )


def _manifests(resources: Iterable[Resource]) -> dict[str, Mapping[str, Any]]:
    found = {}
    for item in resources:
        text = item.props.get("manifest")
        if item.type == MODEL_VERSION and isinstance(text, str):
            try:
                found[str(item.props.get("sha256"))] = _mapping(read_yaml(text, name=item.name))
            except DocumentError:
                continue  # a rule denies it and reports why
    return found


def _artifacts(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {str(row.get("variant")): row for row in _mappings(manifest.get("artifacts"))}


def _spec(deployment: Resource) -> Mapping[str, Any]:
    return _mapping(deployment.props.get("spec"))


def _at(value: Mapping[str, Any], *path: str) -> float | None:
    found: Any = value
    for key in path:
        found = _mapping(found).get(key)
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    return float(found) if is_number else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
