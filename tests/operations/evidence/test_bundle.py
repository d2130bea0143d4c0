"""Bundles of the sample and of an imported model: complete, the same bytes, verified, signed."""

import io
import json
import shutil
import zipfile
from contextlib import suppress
from pathlib import Path

import jsonschema
import pytest

from mobile_ai.cli import main as cli
from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.contracts.errors import EvidenceError
from mobile_ai.gate.project import find_project
from mobile_ai.gate.report.assemble import assemble_report
from mobile_ai.model_build.ceremony import trust_text
from mobile_ai.operations.evidence.annex import SECTIONS, technical_document
from mobile_ai.operations.evidence.bundle import SIGNATURE, archive
from mobile_ai.operations.evidence.document import document_schema
from mobile_ai.operations.evidence.page import render_document_html, render_document_markdown
from mobile_ai.operations.evidence.subject import read_evidence
from mobile_ai.operations.evidence.verify import read_archive
from mobile_ai.stack.reader import read_stack_file
from tests.gate.support import TIMING, run_of
from tests.gate.test_poison import POISON, poisoned, structure
from tests.model_build.brought import bring_in, recipe_for, two_output_onnx
from tests.model_build.versions import LIFETIME, NOW

ROOT = Path(__file__).parents[3]


@pytest.fixture
def evidence(capsys, monkeypatch):
    """Run the command in a repository; return exit code, output and errors."""

    def run(root, *arguments):
        monkeypatch.chdir(root)
        try:
            cli.main(["evidence", "--stack", "dev", *map(str, arguments)])
        except SystemExit as ended:
            return ended.code or 0, *capsys.readouterr()
        return 0, *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """A repository that deploys one model from elsewhere, its trust, and the builder's key."""
    root = tmp_path_factory.mktemp("imported")
    shutil.copytree(ROOT / "policy-pack", root / "policy-pack")
    shutil.copy(ROOT / "Pulumi.yaml", root)
    work = tmp_path_factory.mktemp("work")
    made = bring_in(recipe_for(work, two_output_onnx(), "onnx"), work, models=root / "models")
    text = trust_text("dev", made.keys, expires=NOW + LIFETIME)
    (root / "policy-pack/trust/dev.yaml").write_text(text)
    values = read_yaml((ROOT / "Pulumi.dev.yaml").read_text(), name="dev")
    [deployment] = values["config"]["mobile-ai:deployments"]
    manifest = made.version.folder / "manifest.yaml"
    deployment.pop("previous")
    deployment |= {
        "model": "brought",
        "version": "1.0.0",
        "manifest": manifest.relative_to(root).as_posix(),
        "sha256": sha256_bytes(manifest.read_bytes()),
        "placement": [{"target": "on-device", "variant": "original", "deviceClass": "mid-range"}],
    }
    (root / "Pulumi.dev.yaml").write_text(dump_yaml(values))
    for role in ("builder", "evaluator"):
        (root / f"{role}.pem").write_bytes(made.keys[role][0].private_bytes)
    return root


def documented(root, **options):
    [about] = read_evidence(find_project(root, "dev"), **options)
    return technical_document(about)


def points(document):
    return {point.id: point for section in document.sections for point in section.points}


@pytest.fixture(scope="module")
def sample():
    return documented(ROOT)


def test_every_section_of_annex_iv_is_stated_or_named_missing(sample, imported):
    for document in (sample, documented(imported)):
        jsonschema.Draft202012Validator(document_schema()).validate(document.to_dict())
        assert [section.number for section in document.sections] == [*range(1, 10)]
        assert [*points(document)] == [number for _, of in SECTIONS for number, _, _ in of]
        for point in points(document).values():
            assert point.facts or point.gaps or point.note
            assert all(gap.what and gap.who for gap in point.gaps)
            assert (point.status == "missing") is (not point.facts and not point.note)


def test_a_fact_names_a_file_of_the_bundle(evidence, tmp_path, sample):
    assert evidence(ROOT, "--out", tmp_path)[0] == 0
    [path] = tmp_path.glob("*.zip")
    names = {*read_archive(path.read_bytes(), name="x")}
    for point in points(sample).values():
        for fact in point.facts:
            first = fact.source.partition(":")[0].partition(" and ")[0]
            assert first in names, fact


def test_the_sample_states_its_figures_and_what_it_lacks(sample):
    found = points(sample)
    assert any("95 % interval 0.9423 to 0.9579" in fact.value for fact in found["2(g)"].facts)
    assert "Reads single handwritten digits" in found["1(a)"].facts[0].value
    assert {fact.name for fact in found["5"].facts} >= {"harms", "redress", "decision"}
    assert found["8"].status == "not applicable"
    assert {gap.what for gap in found["3"].gaps} == {"accuracy for groups of persons"}


def test_a_model_from_elsewhere_lacks_its_data_and_accuracy(imported):
    found = points(documented(imported))
    assert "training data: none is stated" in {gap.what for gap in found["2(d)"].gaps}
    assert "accuracy of variant original" in {gap.what for gap in found["2(g)"].gaps}
    assert any(fact.value.startswith("imported: ") for fact in found["2(a)"].facts)
    assert found["6"].facts[0].value == "none: the first version deployed"


def test_the_same_files_give_the_same_bytes_and_are_left_alone(evidence, tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    code, out, _ = evidence(ROOT, "--out", first)
    assert (code, out.startswith("wrote ")) == (0, True)
    evidence(ROOT, "--out", second)
    assert [path.read_bytes() for path in sorted(first.iterdir())] == [
        path.read_bytes() for path in sorted(second.iterdir())
    ]
    [one] = json.loads(evidence(ROOT, "--out", first, "--json")[1])
    assert (one["changed"], one["signed"]) == (False, False)
    code, out, _ = evidence(ROOT, "--verify", one["bundle"])
    assert (code, "NOT SIGNED" in out) == (1, True)


def test_the_builder_signs_and_the_trust_of_the_checkout_verifies(evidence, imported, tmp_path):
    key = ("--key", f"file2:{imported / 'builder.pem'}")
    [one] = json.loads(evidence(imported, "--out", tmp_path, *key, "--json")[1])
    assert (one["changed"], one["signed"]) == (True, True)
    # Another signature has other bytes: a bundle that is signed stays.
    [again] = json.loads(evidence(imported, "--out", tmp_path, *key, "--json")[1])
    assert again == {**one, "changed": False}
    code, out, _ = evidence(imported, "--verify", one["bundle"])
    assert (code, "signed by builder" in out) == (0, True)
    # The sample's trust knows none of these keys.
    assert evidence(ROOT, "--verify", one["bundle"])[0] == 2


def test_a_key_of_another_role_signs_nothing(evidence, imported, tmp_path):
    code, _, err = evidence(
        imported, "--out", tmp_path, "--key", f"file2:{imported / 'evaluator.pem'}"
    )
    assert (code, "active key of role builder" in err) == (2, True)
    assert [*tmp_path.iterdir()] == []


@pytest.fixture(scope="module")
def signed(imported, tmp_path_factory):
    out = tmp_path_factory.mktemp("signed")
    arguments = ["evidence", "--stack", "dev", "--out", str(out)]
    with pytest.MonkeyPatch.context() as patch, suppress(SystemExit):
        patch.chdir(imported)
        cli.main([*arguments, "--key", f"file2:{imported / 'builder.pem'}"])
    [path] = out.glob("*.zip")
    return read_archive(path.read_bytes(), name="x")


def changed(files, path):
    return {**files, path: files[path].replace(b"a", b"b", 1)}


def reindexed(files, path):
    """A file that was changed together with the digest in the index."""
    other = changed(files, path)
    old, new = sha256_bytes(files[path]), sha256_bytes(other[path])
    return {**other, "index.json": files["index.json"].replace(old.encode(), new.encode())}


ALTERED = {
    "a file": lambda files: changed(files, "deployment.json"),
    "the manifest": lambda files: changed(files, "manifest.yaml"),
    "the page": lambda files: changed(files, "technical-documentation.html"),
    "the index": lambda files: changed(files, "index.json"),
    "the signature": lambda files: changed(files, SIGNATURE),
    "a file and its digest": lambda files: reindexed(files, "deployment.json"),
    "a statement and its digest": lambda files: reindexed(files, "evidence/evaluation.dsse.json"),
    "no file": lambda files: {k: v for k, v in files.items() if k != "trust.yaml"},
    "no index": lambda files: {k: v for k, v in files.items() if k != "index.json"},
    "no manifest": lambda files: {k: v for k, v in files.items() if k != "manifest.yaml"},
    "another file": lambda files: {**files, "more.txt": b"x"},
    "a file outside": lambda files: {**files, "../x": b"x"},
    "the provenance of the model as the signature": lambda files: {
        **files,
        SIGNATURE: files["evidence/provenance.dsse.json"],
    },
}


@pytest.mark.parametrize("how", ALTERED)
def test_an_altered_bundle_is_refused(how, signed, imported, evidence, tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(archive(ALTERED[how](signed)))
    code, out, err = evidence(imported, "--verify", path)
    assert (code, out) == (2, "")
    assert "Next: " in err


def test_what_is_no_plain_archive_is_refused(imported, evidence, tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(b"no archive")
    assert evidence(imported, "--verify", path)[0] == 2
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("index.json", "{}" * 1_000)
    code, _, err = evidence(imported, "--verify", path)
    assert (code, "a plain file, not packed" in err) == (2, True)


def _commented(data):
    file = io.BytesIO(data)
    with zipfile.ZipFile(file, "a") as opened:
        opened.comment = b"approved by the authority"
    return file.getvalue()


def _dated(data):
    # The time of the first file, in its local header.
    return data[:10] + b"\x01\x02" + data[12:]


JUNK = {
    "bytes behind": lambda data: data + b"x",
    "bytes before": lambda data: b"#!/bin/sh\n" + data,
    "a comment": _commented,
    "a time": _dated,
    "a second archive behind": lambda data: data + data,
}


@pytest.mark.parametrize("how", JUNK)
def test_an_archive_with_more_than_its_files_is_refused(how, signed):
    data = archive(signed)
    assert read_archive(data, name="x") == signed

    with pytest.raises(EvidenceError, match="Next: "):
        read_archive(JUNK[how](data), name="x")


def reported(root, tmp_path, **source):
    report = assemble_report(run_of("passed", exit_code=0), TIMING)
    digest = read_stack_file(root / "Pulumi.dev.yaml").text.encode()
    source = {"stack_file_sha256": sha256_bytes(digest), **source}
    report = report.model_copy(update={"source": report.source.model_copy(update=source)})
    path = tmp_path / "gate-dev.json"
    path.write_text(json.dumps(report.to_dict()))
    return path


def test_a_report_of_the_gate_fills_what_rules_say(tmp_path):
    path = reported(ROOT, tmp_path)
    found = points(documented(ROOT, report=path))
    assert any(fact.source == "gate/report.json" for fact in found["2(h)"].facts)
    assert any(fact.source == "gate/report.json" for fact in found["7"].facts)


def test_a_report_about_another_stack_file_is_refused(evidence, tmp_path):
    path = reported(ROOT, tmp_path, stack_file_sha256="0" * 64)
    code, _, err = evidence(ROOT, "--out", tmp_path / "out", "--report", path)
    assert (code, "expected stack file" in err) == (2, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("poison", POISON)
def test_the_document_is_text_whatever_is_in_it(poison, sample):
    kept = sample.model_copy(update={"sections": ()})
    harmless, hostile = (
        poisoned(sample, text).model_copy(update={"kind": kept.kind}) for text in ("word", poison)
    )
    hostile, harmless = (
        one.model_copy(
            update={"sections": tuple(map(with_statuses, one.sections, sample.sections))}
        )
        for one in (hostile, harmless)
    )
    found, expected = map(render_document_markdown, (hostile, harmless))
    assert structure(found) == structure(expected)
    page, plain = map(render_document_html, (hostile, harmless))
    assert page.count("<") == plain.count("<")
    for line in f"{found}{page}".split("\n"):
        assert line.isprintable()


def with_statuses(section, sane):
    points = zip(section.points, sane.points, strict=True)
    kept = [one.model_copy(update={"status": was.status}) for one, was in points]
    return section.model_copy(update={"points": tuple(kept)})
