"""The typed form of a manifest ``mobile-ai/v1``: what it does not state is ``unknown``."""

from __future__ import annotations

from collections.abc import Iterator

from mobile_ai.contracts import manifest_v1 as v1
from mobile_ai.contracts import manifest_v2 as v2
from mobile_ai.contracts.manifest_io import ModelIO, TensorSpec
from mobile_ai.contracts.manifest_parts import Metadata
from mobile_ai.contracts.manifest_values import (
    UNSTATED,
    StatedCount,
    StatedText,
    StatedTexts,
    Unknown,
)


def upgrade(manifest: v1.ModelManifest) -> v2.ModelManifest:
    """Return a manifest ``mobile-ai/v1`` in the form of ``mobile-ai/v2``.

    Defined for every valid manifest. A 0 where a measurement stands says that nothing was
    measured, since the builders of ``mobile-ai/v1`` wrote it so.
    """
    return v2.ModelManifest(
        api_version=v2.API_VERSION,
        kind=manifest.kind,
        metadata=Metadata(**manifest.metadata.model_dump(exclude={"licence"})),
        licence=manifest.metadata.licence or UNSTATED,
        origin=UNSTATED,
        io=_io(manifest),
        serving=v2.Serving(batching=UNSTATED, instances=UNSTATED),
        lineage=manifest.lineage,
        artifacts=tuple(_artifact(item) for item in manifest.artifacts),
        self_test=_self_test(manifest.self_test),
        fallback=v2.Fallback(mode=manifest.fallback.mode, stale_after=UNSTATED),
        statements=tuple(v2.StatementRef(**item.model_dump()) for item in manifest.evidence),
    )


def _io(manifest: v1.ModelManifest) -> ModelIO:
    return ModelIO(
        inputs=tuple(TensorSpec(**item.model_dump()) for item in manifest.inputs),
        outputs=tuple(TensorSpec(**item.model_dump()) for item in manifest.outputs),
        preprocessing=UNSTATED,
        postprocessing=UNSTATED,
        state=UNSTATED,
    )


def _artifact(item: v1.Artifact) -> v2.Artifact:
    file = v2.ArtifactFile(path=item.file, sha256=item.sha256, bytes=item.bytes, kind="model")
    return v2.Artifact(
        variant=item.variant,
        format=item.format,
        digest=item.sha256,
        files=(file,),
        uri=item.uri,
        requirements=_requirements(item.requirements),
        profile=None if item.profile is None else _profile(item.profile),
        parity=None if item.quality is None else _parity(item.quality.parity),
        evidence=tuple(_evidence(item)),
    )


def _requirements(stated: v1.Requirements) -> v2.Requirements:
    api, ios = stated.min_android_api, stated.min_ios
    return v2.Requirements(
        min_android_api=UNSTATED if api is None else StatedCount(value=api, how="declared"),
        min_ios=UNSTATED if ios is None else StatedText(value=ios, how="declared"),
        min_ram_mb=StatedCount(value=stated.min_ram_mb, how="declared"),
        runtime=StatedText(value=stated.runtime, how="declared"),
        delegates=StatedTexts(value=stated.delegates, how="declared"),
    )


def _profile(stated: v1.Profile) -> v2.Profile:
    return v2.Profile(
        machine=stated.machine,
        latency_p50_ms=stated.latency_p50_ms or UNSTATED,
        latency_p95_ms=stated.latency_p95_ms or UNSTATED,
        peak_memory_bytes=stated.peak_memory_bytes or UNSTATED,
        macs=stated.macs or UNSTATED,
        energy_mj=stated.energy_mj or UNSTATED,
        energy_method=stated.energy_method,
    )


def _parity(stated: v1.Parity | None) -> v2.Parity | None:
    if stated is None:
        return None
    agreement: float | Unknown = UNSTATED if stated.agreement is None else stated.agreement
    return v2.Parity(
        reference=stated.reference, agreement=agreement, max_abs_error=stated.max_abs_error
    )


def _evidence(item: v1.Artifact) -> Iterator[v2.Measurement]:
    if item.quality is not None:
        yield v2.Measurement(
            metric=item.quality.metric,
            value=item.quality.value,
            interval=item.quality.interval,
            n=item.quality.n,
            rows=UNSTATED,
            by="evaluator",
        )
    for part in item.fairness:
        worst = v2.GroupSlice(attribute=part.attribute, group=part.worst_group, worst=True)
        yield v2.Measurement(
            metric=part.metric,
            slice=(worst,),
            value=part.value,
            interval=part.interval,
            n=part.n,
            rows=UNSTATED,
            by="evaluator",
        )


def _self_test(stated: v1.SelfTest | None) -> v2.SelfTest | None:
    if stated is None:
        return None
    return v2.SelfTest(file=stated.file, digest=stated.sha256, tolerance=stated.tolerance)
