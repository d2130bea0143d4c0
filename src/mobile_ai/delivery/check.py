"""Runs a model's self-test on this machine and measures its latency.

A build step on a runner, without a phone: the file must answer its self-test as it did where it
was evaluated, in the same runtime as on phones. Its latency is printed beside the manifest's, as
advice only: it is this machine's, and an emulator does not predict a phone's either.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.contracts.manifest import Artifact, known
from mobile_ai.contracts.trust import Trust
from mobile_ai.delivery.client.documents import SelfTestDocument, SelfTestInputs, read_document
from mobile_ai.delivery.client.selftest import check_answers, plain_cases, run_apart, time_apart
from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.delivery.repository.folder import read_releases
from mobile_ai.delivery.repository.release import RepositoryPaths
from mobile_ai.delivery.repository.stack import find_deployment, read_trust
from mobile_ai.delivery.repository.targets import self_test_targets
from mobile_ai.delivery.repository.versions import ModelVersionFiles, read_version_files
from mobile_ai.stack.settings_deployment import Deployment

_wrong = ReleaseError.advising("name a model that the stack file pins (`mobile-ai release status`)")

_FORMATS = frozenset({"tflite", "onnx"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A model that passed its self-test, with its measured latency.

    Attributes:
        version: Version of the model.
        variant: Variant of the artifact.
        sha256: Digest of the file.
        cases: Self-test cases; all answers were within their tolerance.
        runs: Timed runs.
        p50_ms: Median latency, milliseconds, one thread.
        p95_ms: 95th percentile of the latency, milliseconds.
        stated_p50_ms: Median in the manifest's profile, from the machine that built it; ``None``
            if it states none.
        stated_p95_ms: 95th percentile in the manifest's profile, or ``None``.
    """

    version: str
    variant: str
    sha256: str
    cases: int
    runs: int
    p50_ms: float
    p95_ms: float
    stated_p50_ms: float | None
    stated_p95_ms: float | None

    @property
    def ratio(self) -> float | None:
        """Ratio of the measured median to the manifest's."""
        return self.p50_ms / self.stated_p50_ms if self.stated_p50_ms else None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        ratio = self.ratio
        return {**asdict(self), "ratio": None if ratio is None else round(ratio, 3)}


def check_model(
    places: RepositoryPaths,
    *,
    app: str,
    model: str,
    runs: int,
    embedded: Path | None = None,
    variant: str = "",
    trust: Trust | None = None,
) -> Checked:
    """Run a pinned model's self-test and time it.

    Args:
        places: The repository and the stack that pins it.
        app: The application.
        model: The model.
        runs: Timed runs.
        embedded: The packaged file; must be an artifact of the pinned version or of the previous
            (rollback) version.
        variant: The variant to run where no file is given.
        trust: Signers that may vouch for models; the stack's by default.

    Raises:
        SelfTestError: If the model does not run here, or its answers differ.
        ReleaseError: If there is no such deployment, artifact or self-test.
    """
    trust = trust or read_trust(places.root / "policy-pack", places.stack)
    versions = list(_versions(places, find_deployment(places.stack_file, f"{app}-{model}"), trust))
    version, artifact = _chosen(versions, embedded, variant)
    test, inputs = _self_test(version, artifact.variant)
    if artifact.format not in _FORMATS:
        raise _wrong(f"variant {artifact.variant}", artifact.format, f"one of {sorted(_FORMATS)}")
    path = embedded or version.folder / artifact.file.path
    version.read(artifact.file.path, artifact.digest)
    check_answers(path, artifact.format, test, inputs, run=run_apart)
    times = time_apart(path, artifact.format, plain_cases(test, inputs)[0], runs=runs)
    profile = artifact.profile
    return Checked(
        version=version.model.manifest.metadata.version,
        variant=artifact.variant,
        sha256=artifact.digest,
        cases=len(test.cases),
        runs=runs,
        p50_ms=round(statistics.median(times), 6),
        p95_ms=round(statistics.quantiles(times, n=20, method="inclusive")[-1], 6),
        stated_p50_ms=known(profile.latency_p50_ms) if profile else None,
        stated_p95_ms=known(profile.latency_p95_ms) if profile else None,
    )


def _versions(
    places: RepositoryPaths, deployment: Deployment, trust: Trust
) -> Iterator[ModelVersionFiles]:
    for pin in deployment.pins:
        manifest = places.root / pin.manifest
        # An expired trust needs proof that the version is older than the expiry.
        released = not trust.expired or read_releases(places.releases).lists(pin.sha256)
        yield read_version_files(manifest, pin=pin.sha256, trust=trust, released=released)


def _chosen(
    versions: list[ModelVersionFiles], embedded: Path | None, variant: str
) -> tuple[ModelVersionFiles, Artifact]:
    if embedded is None:
        return versions[0], versions[0].artifact(variant)
    try:
        digest = sha256_bytes(embedded.read_bytes())
    except OSError as error:
        raise _wrong(str(embedded), error.strerror or str(error), "a model file") from error
    for version in versions:
        for artifact in version.model.manifest.artifacts:
            if artifact.digest == digest:
                return version, artifact
    labels = [version.label for version in versions]
    raise _wrong(str(embedded), f"sha256 {digest}", f"an artifact of {' or '.join(labels)}")


def _self_test(version: ModelVersionFiles, variant: str) -> tuple[SelfTestDocument, SelfTestInputs]:
    targets = self_test_targets(version, [variant]).get(variant)
    if targets is None:
        raise _wrong(f"{version.label} {variant}", "no self-test", "a variant that has one")
    test, inputs = (item.data or b"" for item in targets)
    return (
        read_document(SelfTestDocument, test, name=targets[0].path),
        read_document(SelfTestInputs, inputs, name=targets[1].path),
    )
