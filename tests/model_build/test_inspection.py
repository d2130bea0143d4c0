"""Inspection accepts valid model files and refuses others before or while they load."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobile_ai.model_build.inspection import (
    InspectionError,
    InspectionLimits,
    inspect_file,
    sandbox,
)
from mobile_ai.model_build.inspection.sniff import sniff
from mobile_ai.model_build.inspection.tflite_file import tflite_operators
from tests.model_build import hostile

pytestmark = pytest.mark.build
SHIPPED = Path(__file__).resolve().parents[2] / "models" / "digits" / "1.0.0" / "artifacts"


def saved(folder: Path, content: bytes, name: str = "model.bin") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def refusal(path: Path, **limits: int) -> str:
    with pytest.raises(InspectionError) as caught:
        inspect_file(path, limits=InspectionLimits(**limits))
    return str(caught.value)


def test_a_well_formed_onnx_file_is_described(tmp_path):
    found = inspect_file(saved(tmp_path, hostile.well_formed_onnx()))
    assert (found.format, found.operators, found.ran) == ("onnx", {"Relu": 1}, True)
    assert found.inputs == ({"name": "x", "type": "float32", "shape": [1, 4]},)


def test_a_shipped_tflite_file_is_described_whatever_it_is_called(tmp_path):
    content = (SHIPPED / "digits-int8.tflite").read_bytes()
    found = inspect_file(saved(tmp_path, content, "model.onnx"))
    assert found.format == "tflite"
    assert found.operators["DEPTHWISE_CONV_2D"] >= 1


def test_a_small_file_that_asks_for_terabytes_is_refused_by_the_memory_limit(tmp_path):
    content = hostile.greedy_onnx()
    assert len(content) < 1024
    assert "got" in refusal(saved(tmp_path, content), seconds=30)


def test_an_endless_loop_is_refused_by_the_time_limit(tmp_path):
    message = refusal(saved(tmp_path, hostile.endless_onnx()), seconds=4)
    assert "over 4 s" in message or "SIGXCPU" in message or "SIGKILL" in message


@pytest.mark.parametrize("location", ["../weights.bin", "/etc/passwd", "weights.bin"])
def test_external_data_is_refused_wherever_it_points(tmp_path, location):
    assert f"external data in '{location}'" in refusal(
        saved(tmp_path, hostile.external_onnx(location))
    )


def test_external_data_inside_a_branch_is_found(tmp_path):
    assert "/etc/passwd" in refusal(saved(tmp_path, hostile.hidden_external_onnx()))


@pytest.mark.parametrize(
    ("domain", "operator"),
    [("evil.corp", "Run"), ("com.microsoft", "PyOp"), ("", "NoSuchOperator")],
)
def test_an_operator_that_is_not_listed_is_refused(tmp_path, domain, operator):
    assert operator in refusal(saved(tmp_path, hostile.foreign_onnx(domain, operator)))


def test_a_tensor_larger_than_any_file_is_refused(tmp_path):
    assert "a tensor of shape" in refusal(saved(tmp_path, hostile.huge_tensor_onnx()))


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (hostile.pickled() + b" " * 16, "pickle"),
        (hostile.zipped(**{"archive/data.pkl": b"x"}), "pickle"),
        (hostile.zipped(**{"config.json": b"{}", "metadata.json": b"{}"}), "Lambda"),
        (hostile.zipped(**{"a.txt": b"x" * 40}), "a zip file of"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 40, "Lambda"),
        (b"#!/bin/sh\necho hello world\n", "script"),
        (b"\x7fELF" + b"\0" * 40, "program"),
        (b"\x9c\x31\xe5\x07" + b"TFL3" + b"\xff" * 40, "got"),
        (b"", "0 bytes"),
        (b"\xff" * 64, "got"),
    ],
    ids=["pickle", "torch", "keras", "zip", "hdf5", "script", "elf", "tflite", "empty", "noise"],
)
def test_what_is_no_model_is_refused_by_its_content(tmp_path, content, word):
    assert word in refusal(saved(tmp_path, content, "model.tflite"))


def test_a_core_ml_package_that_leaves_its_folder_is_refused(tmp_path):
    content = hostile.zipped(**{"m.mlpackage/Manifest.json": b"{}", "../../evil.json": b"{}"})
    assert "evil.json" in refusal(saved(tmp_path, content))


def test_a_core_ml_package_that_unpacks_to_too_much_is_refused(tmp_path):
    content = hostile.zipped(
        **{"m.mlpackage/Manifest.json": b"{}", "m.mlpackage/weights.bin": b"\0" * 3_000_000}
    )
    assert "when unpacked" in refusal(saved(tmp_path, content), max_bytes=1_000_000)


PACKAGE = json.dumps(
    {"itemInfoEntries": {"a": {"path": "m/model.mlmodel"}}, "rootModelIdentifier": "a"}
).encode()
# specificationVersion 7, an empty description, an empty neural network (field 500)
SPECIFICATION = b"\x08\x07\x12\x00\xa2\x1f\x00"


def package(specification=SPECIFICATION, manifest=PACKAGE, **more):
    return hostile.zipped(
        **{
            "m.mlpackage/Manifest.json": manifest,
            "m.mlpackage/Data/m/model.mlmodel": specification,
            **more,
        }
    )


@pytest.mark.parametrize(
    "content",
    [
        package(),
        hostile.zipped(**{"m.mlmodel": SPECIFICATION}),
        (SHIPPED.parents[1] / "1.1.0/artifacts/digits-coreml.mlpackage.zip").read_bytes(),
    ],
    ids=["package", "model", "shipped"],
)
def test_a_core_ml_model_is_known_by_its_content(tmp_path, content):
    assert inspect_file(saved(tmp_path, content)).format == "coreml"


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (hostile.zipped(**{"m.mlpackage/Manifest.json": b"{}"}), "without a root model"),
        (package(manifest=b"\xff"), "without a root model"),
        (package(manifest=PACKAGE.replace(b"m/model", b"../../model")), "no entry"),
        (package(**{"n.mlpackage/Manifest.json": PACKAGE}), "2 packages"),
        (package(**{"m.mlpackage/Data/M/model.mlmodel": b""}), "twice"),
        (package(hostile.pickled()), "got"),
        (package(b"\0" * 64), "a message of fields"),
        (package(b""), "a message of fields"),
        (package(SPECIFICATION[:-1] + b"\x09"), "cut off"),
        (package(SPECIFICATION + b"\xaa\x1f\x00"), "a message of fields"),
        (hostile.zipped(**{"junk.mlmodel": b"junk" * 16}), "got"),
        (hostile.zipped(**{"a.mlmodel": SPECIFICATION, "b.mlmodel": SPECIFICATION}), "2 models"),
    ],
)
def test_a_zip_that_holds_no_core_ml_model_is_refused(tmp_path, content, word):
    assert word in refusal(saved(tmp_path, content))


def test_a_core_ml_package_with_damaged_content_is_refused(tmp_path):
    content = package(**{"m.mlpackage/weights.bin": b"0123456789" * 9})
    place = content.index(b"0123456789") if b"0123456789" in content else None
    if place is None:  # deflated: the checksum of the central directory is changed instead
        place = content.rindex(b"PK\x01\x02") + 16
    damaged = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
    assert "cannot be read" in refusal(saved(tmp_path, damaged))


def test_a_link_is_refused(tmp_path):
    saved(tmp_path, hostile.well_formed_onnx())
    link = tmp_path / "link.onnx"
    link.symlink_to(tmp_path / "model.bin")
    assert "regular" in refusal(link)


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "regular" in refusal(tmp_path / "pipe")


def test_a_file_over_the_size_limit_is_refused_unread(tmp_path):
    assert "over the limit" in refusal(saved(tmp_path, hostile.well_formed_onnx()), max_bytes=20)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("name", ["digits-int8.tflite", "digits-int8-onnx.onnx"])
def test_a_truncated_model_is_refused(tmp_path, name, share):
    content = (SHIPPED / name).read_bytes()
    refusal(saved(tmp_path, content[: int(len(content) * share)]))


def test_a_loader_that_dies_by_a_signal_is_a_refusal(tmp_path, monkeypatch):
    dying = ["/bin/sh", "-c", "kill -SEGV $$"]
    monkeypatch.setattr(sandbox, "_command", lambda *_: dying)
    assert "SIGSEGV" in refusal(saved(tmp_path, hostile.well_formed_onnx()))


def test_a_loader_that_says_nothing_is_a_refusal(tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "_command", lambda *_: ["/bin/sh", "-c", "exit 0"])
    assert "no answer" in refusal(saved(tmp_path, hostile.well_formed_onnx()))


def test_the_loader_sees_no_credentials(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert "AWS_SECRET_ACCESS_KEY" not in sandbox._environment(tmp_path)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_either_a_format_or_refused(content):
    with contextlib.suppress(InspectionError):
        assert sniff(content, name="x") in {"tflite", "onnx", "coreml"}


@given(place=st.integers(0, 100_000), value=st.binary(min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_a_damaged_tflite_file_is_read_or_refused_and_never_crashes_the_reader(place, value):
    content = bytearray((SHIPPED / "digits-int8.tflite").read_bytes())
    place %= len(content) - len(value)
    content[place : place + len(value)] = value
    with contextlib.suppress(InspectionError):
        assert isinstance(
            tflite_operators(bytes(content), limits=InspectionLimits(), name="x"), dict
        )
