"""Figures of a device lab take the place of the host's, in comparisons, gates and manifests."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.contracts.errors import VerificationError
from mobile_ai.contracts.manifest import read_manifest
from mobile_ai.contracts.predicates import DEVICE_REPORT
from mobile_ai.contracts.statements import Subject, dump_record, sign_statement, statement_of
from mobile_ai.model_build.assemble import assemble
from mobile_ai.model_build.compare import candidates_of, on_devices
from mobile_ai.model_build.device_report import (
    DeviceReportError,
    read_device_reports,
    with_device_figures,
)
from mobile_ai.model_build.gates import judge_gates
from mobile_ai.model_build.recipe import GateSpec
from mobile_ai.model_build.results import Status
from mobile_ai.model_build.writer import write_version
from tests.model_build.versions import NOW, build_result, report_on
from tests.signing.examples import EXAMPLES, example_trust, signer

pytestmark = pytest.mark.build

TRUST = example_trust()
FIGURES = {"latency-p50": ("ms", 3.0), "latency-p95": ("ms", 4.0), "peak-memory": ("bytes", 9e6)}


def signed(
    folder: Path,
    artifact: str,
    *,
    role: str = "device-lab",
    key: Any = None,
    figures: Any = None,
    **changes: Any,
) -> Path:
    """Write a report about an artifact, signed by the example's role or another key."""
    measured = FIGURES if figures is None else figures
    predicate = {
        **EXAMPLES["device-report"],
        "artifact": artifact,
        "figures": [
            {"metric": name, "unit": unit, "value": value, "n": 200}
            for name, (unit, value) in measured.items()
        ],
        **changes,
    }
    statement = statement_of(DEVICE_REPORT, predicate, subjects=(Subject("artifact", artifact),))
    path = folder / f"report-{artifact[:8]}-{len([*folder.glob('report-*')])}.yaml"
    path.write_text(dump_record(sign_statement(statement, [key or signer(role)])))
    return path


@pytest.fixture
def made(tmp_path):
    build = build_result(tmp_path / "work")
    return build, report_on(build)


RUNTIMES = {
    "LiteRT 2.3": ("Pixel 8", "Android 15"),
    "Core ML 8": ("iPhone 15", "iOS 18.2"),
    "NNAPI 1.3": ("Galaxy S22", "Android 13"),
}


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_compare_and_gates_use_what_the_device_measured(runtime, made, tmp_path):
    build, report = made
    device, system = RUNTIMES[runtime]
    item = report.artifacts[1]
    path = signed(tmp_path, item.sha256, runtime=runtime, device=device, os=system)
    found = read_device_reports([path], trust=TRUST)
    artifacts = with_device_figures(report.artifacts, found)
    gates = {
        limit: judge_gates(
            (GateSpec(gate="latency", variants=("int8",), limit=limit),),
            artifacts,
            reference="fp32",
        )[0].status
        for limit in (3.9, 4.0)
    }
    assert gates == {3.9: Status.FAIL, 4.0: Status.PASS}  # 0.3 ms on the host

    measured = dataclasses.replace(report, artifacts=artifacts)
    draft = assemble(build, measured, created=NOW, commit="unknown")
    version = write_version(draft, {}, models=tmp_path / "models")
    manifest, _ = read_manifest((version.folder / "manifest.yaml").read_text(), name="made")
    profile = manifest.artifacts[1].profile
    assert profile.machine == f"{device}, {system}; {runtime}"
    assert (profile.latency_p95_ms, profile.peak_memory_bytes) == (4.0, 9_000_000)
    assert profile.energy_mj == "unknown"
    assert profile.macs == 1_200_000
    stated = [item for item in manifest.artifacts[1].evidence if item.by == "device-lab"]
    assert [(item.metric, item.value, item.n) for item in stated] == [
        ("latency-p50", 3.0, 200),
        ("latency-p95", 4.0, 200),
    ]


def test_a_report_about_a_file_that_nothing_here_runs_gives_it_a_profile(made, tmp_path):
    _, report = made
    apple = dataclasses.replace(
        report.artifacts[2], measured=False, profile=None, reason="no runtime"
    )
    path = signed(tmp_path, apple.sha256, runtime="Core ML 8", os="iOS 18.2")
    artifacts = (*report.artifacts[:2], apple)
    found = with_device_figures(artifacts, read_device_reports([path], trust=TRUST))
    assert found[2].profile.latency_p95_ms == 4.0
    assert found[2].profile.macs is None


def test_candidates_on_a_device_are_not_compared_by_time_with_those_of_the_host(made, tmp_path):
    build, report = made
    draft = assemble(build, report, created=NOW, commit="unknown")
    version = write_version(draft, {}, models=tmp_path / "models")
    before = candidates_of(version.folder / "manifest.yaml")
    path = signed(tmp_path, before[1].digest)
    after = on_devices(before, read_device_reports([path], trust=TRUST))
    assert [item.latency_ms for item in after] == [0.21, 3.0, 0.21]
    assert not before[0].faster(after[1])
    assert not after[1].faster(before[0])


BAD = {
    "no p95": ({"figures": {"latency-p50": ("ms", 3.0)}}, "latency-p95"),
    "unknown metric": ({"figures": FIGURES | {"latency": ("ms", 3.0)}}, "'latency'"),
    "unit": ({"figures": FIGURES | {"latency-p95": ("us", 3.0)}}, "us"),
    "zero": ({"figures": FIGURES | {"peak-memory": ("bytes", 0.0)}}, "above 0"),
    "self-test": ({"selfTest": "fail"}, "selfTest"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_report_that_cannot_be_used_is_refused(name, tmp_path):
    changes, problem = BAD[name]
    path = signed(tmp_path, "a" * 64, **changes)
    with pytest.raises(DeviceReportError, match=problem):
        read_device_reports([path], trust=TRUST)


def test_a_report_counts_only_if_a_device_lab_or_an_evaluator_signed_it(tmp_path):
    assert read_device_reports([signed(tmp_path, "a" * 64, role="evaluator")], trust=TRUST)
    with pytest.raises(VerificationError):
        read_device_reports([signed(tmp_path, "a" * 64, role="builder")], trust=TRUST)


def test_a_report_about_something_else_or_a_second_one_is_refused(made, tmp_path):
    _, report = made
    path = signed(tmp_path, "a" * 64)
    with pytest.raises(DeviceReportError, match="aaaa"):
        with_device_figures(report.artifacts, read_device_reports([path], trust=TRUST))
    with pytest.raises(DeviceReportError, match="another report"):
        read_device_reports([path, signed(tmp_path, "a" * 64)], trust=TRUST)
