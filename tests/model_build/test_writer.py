"""Version folders are written atomically and once."""

from __future__ import annotations

import dataclasses
import json

import pytest

from mobile_ai.contracts.manifest import ModelManifest
from mobile_ai.model_build.assemble import AssemblyError, assemble
from mobile_ai.model_build.results import Status
from mobile_ai.model_build.writer import VersionError, read_draft, read_version, write_version
from tests.model_build.versions import NOW, build_result, gate, report_on, variant, with_large_file

EVIDENCE = {"provenance": "{}", "bom": "{}"}


@pytest.fixture
def draft(tmp_path):
    build = build_result(tmp_path / "work")
    return assemble(build, report_on(build), created=NOW, commit="0" * 40)


def other(draft, **metadata):
    meta = draft.manifest.metadata.model_copy(update=metadata)
    return dataclasses.replace(draft, manifest=draft.manifest.model_copy(update={"metadata": meta}))


def test_a_version_is_read_back_as_it_was_written(draft, tmp_path):
    made = write_version(draft, EVIDENCE, models=tmp_path / "models")
    again, evidence = read_draft(made.folder)
    assert (again.manifest, evidence) == (draft.manifest, EVIDENCE)
    assert again.files == draft.files


def test_the_manifest_lists_evidence_in_a_fixed_order(draft, tmp_path):
    turned = {"bom": "{}", "provenance": "{}"}
    made = write_version(draft, turned, models=tmp_path / "models")
    assert [item.kind for item in made.manifest.statements] == ["provenance", "bom"]


def test_writing_the_same_model_again_changes_nothing(draft, tmp_path):
    first = write_version(draft, EVIDENCE, models=tmp_path / "models")
    later = other(draft, created=NOW.replace(year=2027))
    second = write_version(later, {"provenance": "{1}"}, models=tmp_path / "models")
    assert (second.sha256, second.changed) == (first.sha256, False)


def test_another_model_under_the_same_version_is_refused(draft, tmp_path):
    write_version(draft, EVIDENCE, models=tmp_path / "models")
    with pytest.raises(VersionError, match="raise 'version'"):
        write_version(other(draft, description="Changed."), EVIDENCE, models=tmp_path / "models")


def test_replacing_leaves_nothing_of_the_old_version(draft, tmp_path):
    made = write_version(draft, EVIDENCE, models=tmp_path / "models")
    (made.folder / "artifacts" / "left-over").write_text("x")
    write_version(draft, {"provenance": "{}"}, models=tmp_path / "models", replace=True)
    assert not (made.folder / "artifacts" / "left-over").exists()
    assert not (made.folder / "evidence" / "bom.cdx.json").exists()
    assert [item.name for item in made.folder.parent.iterdir()] == ["1.0.0"]


def test_a_write_that_fails_leaves_no_trace(draft, tmp_path):
    impossible = dataclasses.replace(
        draft, files={**draft.files, "artifacts": b"a file, no folder"}
    )
    with pytest.raises(OSError, match="artifacts"):
        write_version(impossible, EVIDENCE, models=tmp_path / "models")
    assert list((tmp_path / "models" / "digits").iterdir()) == []


def test_an_artifact_too_large_for_git_needs_a_uri(draft, tmp_path):
    first = draft.manifest.artifacts[0]
    file = first.files[0].model_copy(update={"bytes": 1_000_001})
    values = first.model_copy(update={"files": (file,)})
    large = draft.manifest.model_copy(update={"artifacts": (values,)})
    with pytest.raises(VersionError, match="1000001 bytes"):
        write_version(dataclasses.replace(draft, manifest=large), {}, models=tmp_path / "models")


def test_a_folder_without_a_manifest_is_no_version(tmp_path):
    with pytest.raises(VersionError, match=r"no manifest\.yaml"):
        read_version(tmp_path)


def test_the_manifest_says_what_was_measured_on_each_file(draft):
    int8 = draft.manifest.artifact("int8")
    assert (int8.quality.value, int8.parity.reference) == (0.981, "fp32")
    assert int8.profile.latency_p50_ms == 0.21
    assert int8.fairness[0].group == "left"


def test_what_was_not_measured_is_unknown(tmp_path):
    build = build_result(tmp_path)
    report = report_on(build)
    first, *others = report.artifacts
    cost = dataclasses.replace(
        first.profile, peak_memory_bytes=None, macs=None, energy_mj=None, latency_p50_ms=4e-9
    )
    blind = dataclasses.replace(first, profile=cost)
    report = dataclasses.replace(report, artifacts=(blind, *others))
    profile = assemble(build, report, created=NOW, commit="unknown").manifest.artifacts[0].profile
    figures = (profile.peak_memory_bytes, profile.macs, profile.energy_mj)
    assert (figures, profile.latency_p50_ms) == (("unknown",) * 3, 4e-9)


def test_each_measurement_names_its_rows_and_who_measured(draft, tmp_path):
    report = report_on(build_result(tmp_path))
    found = [item for artifact in draft.manifest.artifacts for item in artifact.evidence]
    assert {(item.rows, item.by) for item in found} == {(report.held_out.sha256, "evaluator")}


def test_licence_and_origin_of_a_trained_model_are_those_of_its_recipe(draft):
    origin = draft.manifest.origin
    assert (draft.manifest.licence, origin.how) == ("Apache-2.0", "trained")
    assert (origin.source, origin.digest) == ("recipes/digits.yaml", "d" * 64)


def test_the_origin_of_an_imported_model_is_the_file_it_came_as(tmp_path):
    build = build_result(tmp_path)
    first, *others = build.variants
    link = dataclasses.replace(
        first.transforms[0], step="import", parameters={"origin": "model.tflite"}
    )
    brought = dataclasses.replace(first, transforms=(link, *first.transforms[1:]))
    build = dataclasses.replace(build, variants=(brought, *others))
    manifest = assemble(build, report_on(build), created=NOW, commit="unknown").manifest
    assert (manifest.origin.how, manifest.origin.source) == ("imported", "model.tflite")
    assert manifest.origin.digest == link.input_sha256
    assert manifest.io.state == "unknown"


def test_a_graph_that_quantises_by_the_batch_forbids_batching(tmp_path):
    build = build_result(tmp_path)
    *others, last = build.variants
    link = dataclasses.replace(last.transforms[-1], parameters={"scheme": "dynamic-int8"})
    mixing = dataclasses.replace(last, transforms=(*last.transforms[:-1], link))
    build = dataclasses.replace(build, variants=(*others, mixing))
    serving = assemble(build, report_on(build), created=NOW, commit="unknown").manifest.serving
    assert serving.batching == "forbidden"
    assert serving.reason.startswith("int8-onnx: ")


def test_the_draft_is_a_valid_manifest(draft):
    assert ModelManifest.model_validate_json(draft.manifest.model_dump_json(by_alias=True))


@pytest.mark.parametrize("status", [Status.FAIL, Status.UNDECIDED])
def test_no_manifest_without_every_gate_passed(tmp_path, status):
    build = build_result(tmp_path)
    report = dataclasses.replace(report_on(build), gates=(gate("int8", status), gate("fp32")))
    with pytest.raises(AssemblyError, match="quality-loss of int8"):
        assemble(build, report, created=NOW, commit="unknown")


def test_no_manifest_without_any_gate(tmp_path):
    build = build_result(tmp_path)
    with pytest.raises(AssemblyError, match="none ran"):
        assemble(
            build, dataclasses.replace(report_on(build), gates=()), created=NOW, commit="unknown"
        )


def test_a_report_about_other_bytes_is_refused(tmp_path):
    build = build_result(tmp_path)
    report = report_on(build)
    build.variants[0].file.write_bytes(b"other bytes")
    with pytest.raises(AssemblyError, match="fp32"):
        assemble(build, report, created=NOW, commit="unknown")


def test_a_report_that_leaves_a_file_out_is_refused(tmp_path):
    build = build_result(tmp_path)
    more = dataclasses.replace(build, variants=(*build.variants, variant(tmp_path, "int4")))
    with pytest.raises(AssemblyError, match="3 of 4 files"):
        assemble(more, report_on(build), created=NOW, commit="unknown")


def test_inputs_that_variants_share_stand_once_in_the_self_test(draft):
    value = json.loads(draft.files[draft.manifest.self_test.file])
    assert len(value["cases"]) == 1
    assert {name: tests[0]["case"] for name, tests in value["variants"].items()} == {
        "fp32": 0,
        "int8": 0,
        "int8-onnx": 0,
    }
    assert value["variants"]["int8"][0]["expected"] == [0.1] * 9 + [0.9]


def test_a_large_artifact_gets_a_uri_and_stays_out_of_git(tmp_path):
    build = with_large_file(build_result(tmp_path / "work"), 1_000_001)
    draft = assemble(
        build, report_on(build), created=NOW, commit="unknown", store="s3://bucket/models"
    )
    made = write_version(draft, {}, models=tmp_path / "models", large=tmp_path / "large")
    first, second, _ = made.manifest.artifacts
    assert first.uri == "s3://bucket/models/digits/1.0.0/artifacts/digits-fp32.tflite"
    assert second.uri is None
    assert not (made.folder / first.file.path).exists()
    assert (tmp_path / "large/digits/1.0.0" / first.file.path).stat().st_size == 1_000_001
