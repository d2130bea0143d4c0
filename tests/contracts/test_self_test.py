"""A self-test file is validated against the limits of releases and devices."""

import json
from base64 import b64decode
from copy import deepcopy
from pathlib import Path

import pytest

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.manifest import read_manifest
from mobile_ai.contracts.self_test import (
    MAX_DEVICE_DOCUMENT_BYTES,
    MAX_SELF_TEST_BYTES,
    SelfTestSizeError,
    check_self_test,
)

ROOT = Path(__file__).parents[2]


def sample(version):
    folder = ROOT / "models/digits" / version
    manifest, values = read_manifest((folder / "manifest.yaml").read_text(), name="manifest")
    return (folder / "artifacts/selftest.json").read_bytes(), manifest, values


DATA, MANIFEST, VALUES = sample("1.1.0")


def edited(edit):
    value = json.loads(DATA)
    edit(value)
    return json.dumps(value).encode()


def with_outputs(*shapes):
    values = deepcopy(VALUES)
    values["outputs"] = [
        {"name": f"out-{number}", "dtype": "FP32", "shape": shape}
        for number, shape in enumerate(shapes)
    ]
    return read_manifest(dump_yaml(values), name="manifest")[0]


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
@pytest.mark.parametrize("variant", ["int8", "int8-onnx"])
def test_the_documents_of_a_signed_sample_are_the_released_ones(version, variant):
    data, manifest, _ = sample(version)
    documents = check_self_test(data, manifest)
    released = ROOT / "releases/dev/targets"
    digest = sha256_bytes(documents.variants[variant])
    name = f"{digest}.digits-{version}-{variant}.selftest.json"
    assert (released / name).read_bytes() == documents.variants[variant]
    assert (released / documents.inputs_name).read_bytes() == documents.inputs


@pytest.mark.parametrize(
    ("shapes", "accepted"),
    [
        ([[1, 10]], True),
        ([[-1, 10]], True),
        ([[1, 4], [1, 6]], True),
        ([[-1, 4], [-1, 2]], True),  # dynamic sizes: the expected outputs may be longer
        ([[1, 10], [1, 3]], False),
        ([[-1, 10], [-1, 3]], False),
        ([[1, 4]], False),
        ([[1, 10], []], False),
    ],
)
def test_answers_cover_every_output(shapes, accepted):
    manifest = with_outputs(*shapes)
    if accepted:
        assert check_self_test(DATA, manifest).variants
        return
    with pytest.raises(GovernanceError, match=r"got \[10, 10, 10\] numbers.*every output"):
        check_self_test(DATA, manifest)


def without_a_variant(value):
    del value["variants"]["int4"]


def with_many_cases(value):
    value["variants"]["int4"] *= 22


def with_a_case_that_is_not_there(value):
    value["variants"]["int4"][0]["case"] = 9


def with_other_sizes(value):
    value["cases"][0]["shapes"]["image"] = [1, 2]


def with_shapes_of_another_input(value):
    value["cases"][0]["shapes"] = {"other": [1, 28, 28, 1]}


def with_a_double(value):
    value["cases"][0]["inputs"]["image"][0] = 0.1


def with_a_huge_number(value):
    value["cases"][0]["inputs"]["image"][0] = 1e300


def with_an_unknown_field(value):
    value["seed"] = 7


def with_text_for_a_number(value):
    value["variants"]["int4"][0]["expected"][0] = "much"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (without_a_variant, "int4: got 0 cases"),
        (with_many_cases, "int4: got 66 cases; expected 1 to 64"),
        (with_a_case_that_is_not_there, "got case 9; expected one of 3 inputs"),
        (with_other_sizes, "got 784 numbers; expected 2"),
        (with_shapes_of_another_input, r"got shapes of \['other'\]"),
        (with_a_double, "a number that 32 bits round"),
        (with_a_huge_number, "a number beyond 32-bit floats"),
        (with_an_unknown_field, "seed: got 7"),
        (with_text_for_a_number, "'much'"),
        (lambda value: value.clear(), "apiVersion"),
    ],
)
def test_what_no_device_could_repeat_is_refused(edit, message):
    with pytest.raises(GovernanceError, match=message):
        check_self_test(edited(edit), MANIFEST)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe", b"[]", b"{}", b'{"cases": NaN}', b"[" * 100_000]
)
def test_what_is_no_self_test_is_refused(data):
    with pytest.raises(GovernanceError):
        check_self_test(data, MANIFEST)


def test_a_file_over_the_limit_is_refused_before_it_is_read():
    with pytest.raises(SelfTestSizeError, match=f"at most {MAX_SELF_TEST_BYTES} bytes"):
        check_self_test(b"[" * (MAX_SELF_TEST_BYTES + 1), MANIFEST)


def test_inputs_that_no_device_fetches_are_refused_though_the_file_is_small_enough():
    def grow(value):
        numbers = 400_000
        value["cases"][0] = {"inputs": {"x": [0] * numbers}, "shapes": {"x": [numbers]}}

    data = edited(grow)
    assert len(data) < MAX_SELF_TEST_BYTES
    with pytest.raises(SelfTestSizeError, match=f"inputs: .*at most {MAX_DEVICE_DOCUMENT_BYTES}"):
        check_self_test(data, MANIFEST)


def test_inputs_are_little_endian_floats():
    documents = check_self_test(DATA, MANIFEST)
    packed = json.loads(documents.inputs)["cases"][0]["image"]
    assert packed["shape"] == [1, 28, 28, 1]
    assert len(b64decode(packed["data"])) == 4 * 28 * 28
