"""Computes benchmark rows from builds and their evaluations of the shipped files."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mobile_ai.model_build.results import ArtifactEvaluation, BuildResult, EvaluationReport

__all__ = ["Row", "best_within", "rows_of"]

# A variant counts as good as fp32 when it loses at most this, in percentage points.
WITHIN_PT = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the benchmark (`build/bench.json`)."""

    id: str
    value: float
    unit: str
    peer: str
    n: int
    note: str


def rows_of(build: BuildResult, report: EvaluationReport) -> tuple[Row, ...]:
    """Return the rows of one version; a variant that was not built has none."""
    found = {each.variant: each for each in report.artifacts}
    reference, model = found[report.reference], build.model
    rows: list[Row] = []
    if "int8" in found:
        rows += _loss(found["int8"], f"model.{model}_int8_loss_pt")
    if "pruned-int8" in found:
        rows += _pruned(found["pruned-int8"], found.get("dense"), model)
    if "int8" in found and build.parameters:
        rows.append(_bytes(found["int8"], build.parameters, model))
    best = best_within(report, WITHIN_PT)
    if best is not None:
        rows.append(_smallest(best, reference, model))
    for variant in ("int8", "dynamic-int8"):
        if variant in found:
            rows += _latency(found[variant], report.reference, model)
            break
    return tuple(rows)


def best_within(report: EvaluationReport, loss_pt: float) -> ArtifactEvaluation | None:
    """Return the variant with the smallest zstd size among those that lose at most `loss_pt`."""
    good = [
        each
        for each in report.artifacts
        if each.variant not in {report.reference, "dense"}
        and each.bytes_zstd
        and each.difference is not None
        and each.difference.loss_pt <= loss_pt
    ]
    return min(good, key=lambda each: each.bytes_zstd or 0, default=None)


def _loss(found: ArtifactEvaluation, name: str) -> list[Row]:
    each = found.difference
    if each is None:
        return []
    note = f"95 % {each.low_pt:.2f}..{each.high_pt:.2f}, {each.discordant} discordant"
    return [Row(id=name, value=each.loss_pt, unit="pt", peer="fp32", n=each.n, note=note)]


def _pruned(found: ArtifactEvaluation, dense: ArtifactEvaluation | None, model: str) -> list[Row]:
    """Compare with a dense network of equal training time, if the recipe builds one.

    Pruning includes further training; a comparison with the original fp32 file would credit
    pruning with the gain of that training.
    """
    rows = _loss(found, f"model.{model}_pruned_int8_loss_pt")
    if not rows or dense is None or dense.difference is None or found.difference is None:
        return rows
    loss = found.difference.loss_pt - dense.difference.loss_pt
    note = f"against fp32 {found.difference.loss_pt:.2f} pt, {rows[0].note}"
    return [replace(rows[0], value=loss, peer="fp32 trained as long, dense", note=note)]


def _bytes(found: ArtifactEvaluation, parameters: int, model: str) -> Row:
    return Row(
        id=f"model.{model}_int8_bytes_per_parameter",
        value=found.bytes / parameters,
        unit="bytes/parameter",
        peer="1.05 + 12 kB / parameters",
        n=parameters,
        note=f"{found.bytes} bytes, allowed {parameters * 1.05 + 12_000:.0f}",
    )


def _smallest(best: ArtifactEvaluation, reference: ArtifactEvaluation, model: str) -> Row:
    small, large = best.bytes_zstd or 0, reference.bytes_zstd or 1
    loss = best.difference.loss_pt if best.difference else 0.0
    return Row(
        id=f"model.{model}_best_within_1pt_zstd_ratio",
        value=small / large,
        unit="share",
        peer="fp32 file after zstd 19",
        n=best.difference.n if best.difference else 0,
        note=f"{best.variant}: 1/{large / max(small, 1):.1f}, {small} bytes, loss {loss:.2f} pt",
    )


def _latency(found: ArtifactEvaluation, reference: str, model: str) -> list[Row]:
    profile = found.profile
    if profile is None or profile.latency_ratio_to_reference is None:
        return []
    return [
        Row(
            id=f"model.{model}_int8_latency_ratio",
            value=profile.latency_ratio_to_reference,
            unit="x",
            peer=f"{reference}, same run, 1 thread",
            n=1,
            note=f"{found.variant} p50 {1000 * (profile.latency_p50_ms or 0):.1f} us",
        )
    ]
