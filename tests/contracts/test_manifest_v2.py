"""Manifests of both versions are read into one form, in which the unknown is said."""

from __future__ import annotations

import json
from copy import deepcopy
from math import inf
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from mobile_ai.contracts.canonical import canonical_bytes, manifest_digest, sha256_bytes
from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.errors import ManifestError
from mobile_ai.contracts.manifest import (
    API_VERSIONS,
    UNSTATED,
    ModelManifest,
    manifest_schema,
    read_manifest,
    undeliverable,
)
from mobile_ai.contracts.manifest_v2 import ArtifactFile, files_digest
from mobile_ai.testing import Signers, make_version
from tests.contracts.manifests import manifests_v1

GOLDENS = Path(__file__).parent / "goldens"
MODELS = Path(__file__).parents[2] / "models"
V1 = {
    **{path.parent.name: path for path in sorted(MODELS.glob("digits/*/manifest.yaml"))},
    **{name: GOLDENS / f"v1-{name}.yaml" for name in ("trained", "fine-tuned")},
}
GOOD = make_version(Signers.shared(), v2=lambda _: None)


def read(values: Any) -> ModelManifest:
    return read_manifest(json.dumps(values, ensure_ascii=False), name="manifest")[0]


def changed(*path: str | int, to: Any) -> dict[str, Any]:
    values = deepcopy(dict(GOOD.values))
    *way, last = path
    place: Any = values
    for step in way:
        place = place[step]
    if to is None:
        del place[last]
    else:
        place[last] = to
    return values


@pytest.mark.parametrize("name", V1)
def test_a_manifest_of_v1_always_gives_the_same_form(name, golden):
    text = V1[name].read_text(encoding="utf-8")
    manifest, values = read_manifest(text, name=name)
    assert values["apiVersion"] == "mobile-ai/v1"
    golden(GOLDENS / f"{name}.v2.canonical", canonical_bytes(manifest.to_dict()).decode())


@given(values=manifests_v1())
def test_every_manifest_of_v1_has_one_form_which_reads_as_itself(values):
    upgraded = read(values)
    assert read(upgraded.to_dict()) == upgraded


@given(values=manifests_v1())
def test_what_v1_states_is_kept(values):
    upgraded = read(values)
    for was, now in zip(values["artifacts"], upgraded.artifacts, strict=True):
        assert (now.digest, now.file.path, now.bytes) == (was["sha256"], was["file"], was["bytes"])
        known = was["requirements"].items()
        assert now.requirements.facts() == {"delegates": ["cpu"], **dict(known)}
        quality, fairness = was.get("quality"), was.get("fairness", [])
        assert (now.quality and now.quality.value) == (quality and quality["value"])
        assert [item.group for item in now.fairness] == [item["worstGroup"] for item in fairness]
    stated = [item["sha256"] for item in values["evidence"]]
    assert [item.sha256 for item in upgraded.statements] == stated


@given(values=manifests_v1())
def test_no_unmeasured_figure_is_0(values):
    for artifact in read(values).artifacts:
        if artifact.profile is not None:
            figures = artifact.profile.model_dump(exclude={"machine", "energy_method"})
            assert 0 not in figures.values()


def test_a_manifest_of_v2_is_read_back_as_written():
    manifest, values = read_manifest(GOOD.manifest, name="manifest")
    assert values == GOOD.values
    assert dump_yaml({**manifest.to_dict(), "statements": values["statements"]}) == GOOD.manifest


@pytest.mark.parametrize(
    "figure", ["latencyP50Ms", "latencyP95Ms", "peakMemoryBytes", "macs", "energyMj"]
)
def test_a_figure_of_v2_is_measured_or_unknown(figure):
    path = ("artifacts", 0, "profile", figure)
    profile = read(changed(*path, to=UNSTATED)).artifacts[0].profile
    assert UNSTATED in profile.model_dump().values()
    for wrong in (0, None, "none", -1):
        with pytest.raises(ManifestError, match=figure):
            read(changed(*path, to=wrong))


FILES = [
    {"path": "artifacts/b.onnx", "sha256": "b" * 64, "bytes": 7, "kind": "model"},
    {"path": "artifacts/a.data", "sha256": "a" * 64, "bytes": 9, "kind": "weights"},
]


def of_files(*files: dict[str, Any], digest: str = "") -> dict[str, Any]:
    values = changed("artifacts", 0, "files", to=list(files))
    digest = digest or files_digest(tuple(ArtifactFile(**item) for item in files))
    values["artifacts"][0]["digest"] = digest
    return values


def test_the_digest_of_several_files_is_that_of_the_list_sorted_by_path():
    by_hand = sha256_bytes(
        b'[{"bytes":9,"kind":"weights","path":"artifacts/a.data","sha256":"' + b"a" * 64 + b'"},'
        b'{"bytes":7,"kind":"model","path":"artifacts/b.onnx","sha256":"' + b"b" * 64 + b'"}]'
    )
    for order in (FILES, FILES[::-1]):
        artifact = read(of_files(*order, digest=by_hand)).artifacts[0]
        assert (artifact.digest, artifact.bytes) == (by_hand, 16)


def test_the_digest_of_one_file_is_its_own():
    assert read(of_files(FILES[0], digest="b" * 64)).artifacts[0].file.path == "artifacts/b.onnx"


UNDELIVERABLE = {
    "2 files": of_files(*FILES),
    "an adapter of cccccccccccc": changed("artifacts", 0, "base", to="c" * 64),
    "format gguf": changed("artifacts", 0, "format", to="gguf"),
    "minRamMb unknown": changed("artifacts", 0, "requirements", "minRamMb", to=UNSTATED),
    "staleAfter 72 hours, which no client keeps": changed("fallback", "staleAfter", to=72),
}


def test_an_artifact_that_is_not_delivered_yet_says_why():
    several = read(of_files(*FILES)).artifacts[0]
    with pytest.raises(ManifestError, match=r"2 files.*docs/manifest\.md"):
        _ = several.file
    found = {
        kept: undeliverable(manifest.artifacts[0], manifest)
        for kept, values in UNDELIVERABLE.items()
        for manifest in [read(values)]
    }
    assert list(found) == list(found.values())
    manifest = read(GOOD.values)
    assert undeliverable(manifest.artifacts[0], manifest) is None


def test_a_self_test_by_seed_is_read_and_not_run():
    seeded = {
        "seed": 7,
        "generator": "philox",
        "cases": 3,
        "tolerance": 0.1,
        "answers": {"file": "artifacts/answers.json", "digest": "d" * 64},
    }
    manifest = read({**GOOD.values, "selfTest": seeded})
    with pytest.raises(ManifestError, match=r"seed 7 of philox.*self-test file"):
        _ = manifest.stored_self_test


WRONG = {
    "digest of other files": of_files(*FILES, digest="0" * 64),
    "digest of another file": of_files(FILES[0], digest="0" * 64),
    "one path twice": of_files(FILES[0], {**FILES[0], "kind": "weights"}),
    "kind of no list": of_files({**FILES[0], "kind": "code"}, digest="b" * 64),
    "path out of the folder": of_files({**FILES[0], "path": "../b"}, digest="b" * 64),
    "empty file": of_files({**FILES[0], "bytes": 1}, digest="b" * 64)
    | changed("artifacts", 0, "files", 0, "bytes", to=0),
    "two contents of a path": changed(
        "artifacts", 1, "files", 0, "path", to=GOOD.values["artifacts"][0]["files"][0]["path"]
    ),
    "no io": changed("io", to=None),
    "no licence": changed("licence", to=None),
    "no origin": changed("origin", to=None),
    "no way of a requirement": changed("artifacts", 0, "requirements", "minRamMb", to=64),
    "requirement left out": changed("artifacts", 0, "requirements", "minRamMb", to=None),
    "guessed requirement": changed(
        "artifacts", 0, "requirements", "minRamMb", to={"value": 64, "how": "guessed"}
    ),
    "batching forbidden without a reason": changed("serving", "batching", to="forbidden"),
    "measurement by nobody": changed("artifacts", 0, "evidence", 0, "by", to="someone"),
    "unknown field of a measurement": changed("artifacts", 0, "evidence", 0, "note", to="x"),
    "pre-processing of no input": changed(
        "io",
        "preprocessing",
        to=[{"operation": "scale", "tensor": "other", "factor": 1.0, "offset": 0.0}],
    ),
    "unknown parameter of an operation": changed(
        "io",
        "preprocessing",
        to=[{"operation": "scale", "tensor": "image", "factor": 1.0, "offset": 0.0, "x": 1}],
    ),
    "operation of no list": changed(
        "io", "postprocessing", to=[{"operation": "run", "tensor": "scores"}]
    ),
    "labels from nowhere": changed(
        "io", "postprocessing", to=[{"operation": "labels", "tensor": "scores"}]
    ),
    "interval upside down": changed(
        "artifacts", 0, "evidence", 0, "interval", to={"low": 1.0, "high": 0.0}
    ),
    "state of no tensor": changed("io", "state", to=[{"input": "image", "output": "hidden"}]),
    "range upside down": changed("io", "inputs", 0, "range", to={"low": 1.0, "high": 0.0}),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_manifest_that_breaks_the_schema_is_refused(case):
    with pytest.raises(ManifestError):
        read(WRONG[case])


def test_processing_is_data():
    values = changed("io", "inputs", 0, "range", to={"low": 0.0, "high": 1.0})
    values["io"]["preprocessing"] = [
        {"operation": "decode-image", "tensor": "image", "channels": "grey"},
        {
            "operation": "resize",
            "tensor": "image",
            "height": 28,
            "width": 28,
            "method": "bilinear",
            "fit": "stretch",
        },
        {"operation": "normalise", "tensor": "image", "mean": [0.1307], "deviation": [0.3081]},
    ]
    values["io"]["postprocessing"] = [
        {"operation": "softmax", "tensor": "scores", "axis": -1},
        {"operation": "labels", "tensor": "scores", "names": ["zero", "one"]},
    ]
    io = read(values).io
    assert [step.operation for step in io.preprocessing] == ["decode-image", "resize", "normalise"]
    assert io.postprocessing[1].names == ("zero", "one")


def test_limits_of_generation_are_read():
    limits = {
        "contextLength": 4096,
        "maxOutputTokens": UNSTATED,
        "stop": ["<end>"],
        "temperature": 0.0,
        "topK": 1,
        "topP": UNSTATED,
        "chatTemplate": {"file": "artifacts/chat.jinja", "digest": "e" * 64},
    }
    assert read({**GOOD.values, "generation": limits}).generation.context_length == 4096


def test_measurements_are_signed_and_statements_are_not():
    other = changed("artifacts", 0, "evidence", 0, "value", to=0.5)
    assert manifest_digest(other) != manifest_digest(GOOD.values)
    assert manifest_digest({**GOOD.values, "statements": []}) == manifest_digest(GOOD.values)
    assert manifest_digest({**GOOD.values, "evidence": []}) != manifest_digest(GOOD.values)


def test_an_unknown_figure_proves_nothing():
    for interval, n in ((UNSTATED, UNSTATED), ({"low": 0.9, "high": 0.98}, 500)):
        values = changed("artifacts", 0, "evidence", 0, "interval", to=interval)
        values["artifacts"][0]["evidence"][0]["n"] = n
        figure = read(values).artifacts[0].quality
        known = interval != UNSTATED
        assert figure.bounds == ((0.9, 0.98) if known else (-inf, inf))
        assert [figure.counts(least) for least in (0, 500, 501)] == [known, known, False]


def test_a_slice_of_several_groups_names_them_all():
    groups = [{"attribute": "sex", "group": "female"}, {"attribute": "age", "group": "60+"}]
    values = changed("artifacts", 0, "evidence", 0, "slice", to=groups)
    figure = read(values).artifacts[0].evidence[0]
    assert (figure.attribute, figure.group) == ("sex x age", "female x 60+")
    assert not figure.compares_groups


@pytest.mark.parametrize("api_version", API_VERSIONS)
def test_the_schema_of_each_version_refuses_unknown_fields(api_version):
    schema = manifest_schema(api_version)
    parts = [schema, *(item for item in schema["$defs"].values() if item["type"] == "object")]
    assert all(item["additionalProperties"] is False for item in parts)
