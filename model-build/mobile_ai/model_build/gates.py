"""Quality gates of a build: compare measurements with the recipe's limits.

A version that fails a gate gets no manifest. Results are three-valued: a limit inside the 95 %
confidence interval is `undecided`, which does not pass. With `basis: point` in the recipe, the
point estimate alone decides and the result says so. A missing measurement fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from mobile_ai.contracts.metrics import Better, meets, metric_named, worst_end
from mobile_ai.model_build.recipe import GateSpec
from mobile_ai.model_build.results import (
    ArtifactEvaluation,
    FairnessMeasurement,
    GateResult,
    MetricEstimate,
    SplitDigest,
    Status,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A measured value, its interval if it has one, its unit and its direction."""

    value: float
    low: float | None = None
    high: float | None = None
    unit: str = ""
    more_is_worse: bool = True


def decide(measured: Measured, limit: float, *, basis: str) -> Status:
    """Compare a measurement with a limit; a value equal to the limit passes."""
    low = measured.value if basis == "point" or measured.low is None else measured.low
    high = measured.value if basis == "point" or measured.high is None else measured.high
    better: Better = "lower" if measured.more_is_worse else "higher"
    worst = worst_end(low, high, better=better)
    best = high if worst == low else low
    if meets(worst, limit, better=better):
        return Status.PASS
    return Status.UNDECIDED if meets(best, limit, better=better) else Status.FAIL


def judge_gates(
    gates: tuple[GateSpec, ...],
    artifacts: tuple[ArtifactEvaluation, ...],
    *,
    reference: str,
    held_out: SplitDigest | None = None,
) -> tuple[GateResult, ...]:
    """Return the result of every gate for every variant that it names.

    `*` stands for every variant that can be measured on this platform. A variant named explicitly
    fails if it is missing or cannot be measured.
    """
    by_name = {each.variant: each for each in artifacts}
    return tuple(
        _judge(gate, variant, by_name.get(variant), by_name.get(reference), held_out)
        for gate in gates
        for variant in _variants(gate, artifacts, reference)
    )


def _variants(
    gate: GateSpec, artifacts: tuple[ArtifactEvaluation, ...], reference: str
) -> Iterator[str]:
    for name in gate.variants:
        if name != "*":
            yield name
            continue
        for each in artifacts:
            compared = gate.gate in {"quality-loss", "fairness-regression", "parity"}
            if each.measured and not (compared and each.variant == reference):
                yield each.variant


def _judge(
    gate: GateSpec,
    variant: str,
    found: ArtifactEvaluation | None,
    reference: ArtifactEvaluation | None,
    held_out: SplitDigest | None,
) -> GateResult:
    if gate.gate == "duplicates":
        measured = _duplicates(held_out)
    else:
        measured = _MEASURES[gate.gate](gate, found, reference) if found else None
    title = "/".join(filter(None, [gate.gate, gate.attribute, gate.metric]))
    if measured is None:
        return GateResult(
            gate=title,
            variant=variant,
            status=Status.FAIL,
            value=None,
            low=None,
            high=None,
            limit=gate.limit,
            unit="",
            basis=gate.basis,
            reason="not measured: an absent number passes no gate",
        )
    status = decide(measured, gate.limit, basis=gate.basis)
    return GateResult(
        gate=title,
        variant=variant,
        status=status,
        value=measured.value,
        low=measured.low,
        high=measured.high,
        limit=gate.limit,
        unit=measured.unit,
        basis=gate.basis if measured.low is not None else "point",
        reason=_reason(status, measured, gate),
    )


def _reason(status: Status, measured: Measured, gate: GateSpec) -> str:
    bound = "at most" if measured.more_is_worse else "at least"
    text = f"{measured.value:.4g} {measured.unit}, allowed {bound} {gate.limit:g}".replace(
        " ,", ","
    )
    if status is Status.UNDECIDED:
        text += (
            f"; the limit lies in the 95 % interval {measured.low:.4g}..{measured.high:.4g}: "
            "measure on more held-out rows"
        )
    if gate.basis == "point" and measured.low is not None:
        text += (
            f"; decided by the point estimate, the interval {measured.low:.4g}.."
            f"{measured.high:.4g} was not asked to decide"
        )
    return text


_Measure = Callable[[GateSpec, ArtifactEvaluation, ArtifactEvaluation | None], Measured | None]


def _quality(_: GateSpec, found: ArtifactEvaluation, __: object) -> Measured | None:
    each, metric = found.quality, metric_named(found.metric)
    if each is None or metric is None:
        return None
    return Measured(
        value=each.value,
        low=each.low,
        high=each.high,
        more_is_worse=metric.more_is_worse,
    )


def _loss(_: GateSpec, found: ArtifactEvaluation, __: object) -> Measured | None:
    each = found.difference
    if each is None:
        return None
    return Measured(value=each.loss_pt, low=each.low_pt, high=each.high_pt, unit="pt")


def _fairness(gate: GateSpec, found: ArtifactEvaluation, __: object) -> Measured | None:
    each = _named(gate, found)
    metric = None if each is None else metric_named(each.metric)
    if each is None or metric is None:
        return None
    return Measured(
        value=each.estimate.value,
        low=each.estimate.low,
        high=each.estimate.high,
        more_is_worse=metric.more_is_worse,
    )


def _regression(gate: GateSpec, found: ArtifactEvaluation, _: object) -> Measured | None:
    """Return the loss of fairness against the reference, or the worst group's loss of quality."""
    if gate.metric is None:
        losses = [
            (g.loss_pt, g.loss_low_pt, g.loss_high_pt)
            for g in found.groups
            if g.attribute == gate.attribute
            and g.loss_pt is not None
            and g.loss_low_pt is not None
            and g.loss_high_pt is not None
        ]
        if not losses:
            return None
        value, low, high = (max(part) for part in zip(*losses, strict=True))
        return Measured(value=value, low=low, high=high, unit="pt in the worst group")
    now = _named(gate, found)
    change = now.change if now else None
    return None if change is None else _estimated(change)


def _size(_: GateSpec, found: ArtifactEvaluation, __: object) -> Measured:
    return Measured(value=found.bytes, unit="bytes")


def _latency(_: GateSpec, found: ArtifactEvaluation, __: object) -> Measured | None:
    cost = found.profile
    if cost is None:
        return None
    spread = cost.latency_p95
    return Measured(
        value=cost.latency_p95_ms,
        low=spread.low if spread else None,
        high=spread.high if spread else None,
        unit="ms at p95",
    )


def _memory(_: GateSpec, found: ArtifactEvaluation, __: object) -> Measured | None:
    value = found.profile.peak_memory_bytes if found.profile else None
    return None if not value else Measured(value=value, unit="bytes")


def _parity(_: GateSpec, found: ArtifactEvaluation, __: object) -> Measured | None:
    return Measured(value=found.parity.max_abs_error) if found.parity else None


def _calibration(_: GateSpec, found: ArtifactEvaluation, __: object) -> Measured | None:
    return None if found.calibration is None else _estimated(found.calibration)


def _robustness(gate: GateSpec, found: ArtifactEvaluation, _: object) -> Measured | None:
    each = next((item for item in found.robustness if item.corruption == gate.attribute), None)
    if each is None:
        return None
    unit = f"pt under {each.corruption}"
    return Measured(value=each.loss_pt, low=each.low_pt, high=each.high_pt, unit=unit)


def _duplicates(held_out: SplitDigest | None) -> Measured | None:
    if held_out is None or held_out.repeated is None:
        return None
    return Measured(value=held_out.repeated / held_out.rows, unit="of the held-out rows")


def _estimated(estimate: MetricEstimate) -> Measured:
    return Measured(value=estimate.value, low=estimate.low, high=estimate.high)


def _named(gate: GateSpec, found: ArtifactEvaluation) -> FairnessMeasurement | None:
    matching = (
        f for f in found.fairness if f.attribute == gate.attribute and f.metric == gate.metric
    )
    return next(matching, None)


_MEASURES: Final[dict[str, _Measure]] = {
    "quality": _quality,
    "quality-loss": _loss,
    "fairness": _fairness,
    "fairness-regression": _regression,
    "size": _size,
    "latency": _latency,
    "memory": _memory,
    "parity": _parity,
    "calibration": _calibration,
    "robustness": _robustness,
}
