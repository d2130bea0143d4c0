"""Patches transform the old file into the new one, or are refused."""

import functools
import hashlib
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from mobile_ai.delivery.delta import (
    apply_patch,
    best_patch,
    candidates,
    codec_of,
    general,
    patched_pieces,
    residual,
    weights,
    zstd,
)
from mobile_ai.delivery.delta.container import pack
from mobile_ai.delivery.delta.segments import Reader, Segment, gaps, read_table, varint, write_table
from mobile_ai.delivery.delta.tensors import find_tensors
from mobile_ai.delivery.errors import PatchError

MODELS = Path(__file__).parents[3] / "models/digits"
FILES = ("digits-int8.tflite", "digits-int8-onnx.onnx", "digits-int4.tflite", "digits-fp32.tflite")
OLD = np.random.default_rng(1).bytes(3_000)
NEW = OLD[:1_000] + b"inserted" + OLD[1_000:2_500] + bytes(700)
CODECS = {
    "bsdiff": (general.make_bsdiff, general.apply_bsdiff),
    "hdiff": (general.make_hdiff, general.apply_hdiff),
}


def pair(name):
    paths = [MODELS / version / "artifacts" / name for version in ("1.0.0", "1.1.0")]
    return [path.read_bytes() for path in paths]


VECTORS = json.loads((Path(__file__).parents[1] / "vectors/patches.json").read_text())


def digest(data):
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("name", FILES)
def test_every_codec_leads_to_the_new_model(name):
    old, new = pair(name)
    found = {patch.codec: patch.data for patch in candidates(old, new)}
    assert set(found) == {"zstd", "bsdiff", "hdiff", "weights"}
    for codec, data in found.items():
        assert codec_of(data) == codec
        assert apply_patch(data, old, sha256=digest(new), length=len(new)) == new


@pytest.mark.parametrize("name", FILES[:2])
def test_a_fine_tune_costs_a_fifth_and_beats_patches_that_know_no_weights(name):
    old, new = pair(name)
    sizes = {patch.codec: len(patch.data) for patch in candidates(old, new)}
    from_old = len(zstd.compress(new, old))
    assert sizes["weights"] <= 0.20 * len(new)
    assert sizes["weights"] <= 0.92 * min(sizes["bsdiff"], sizes["hdiff"], from_old)
    assert best_patch(old, new).codec == "weights"


def test_head_only_changes_cost_a_hundredth():
    old, _ = pair(FILES[0])
    head = min(
        (t for t in find_tensors(old) if t.width == 8 and t.length >= 500),
        key=lambda t: abs(t.length - 640),
    )
    body = bytearray(old)
    rng = np.random.default_rng(3)
    for at in range(head.offset, head.offset + head.length):
        body[at] = (body[at] + int(rng.choice((0, 1, 255)))) % 256
    assert len(best_patch(old, bytes(body)).data) <= 0.01 * len(old)


def test_a_patch_that_saves_little_is_not_made():
    one, other = (np.random.default_rng(seed).bytes(5_000) for seed in (1, 2))
    assert best_patch(one, other) is None


@pytest.mark.parametrize("name", ["digits-fp32.tflite", "digits-int8.tflite"])
def test_applying_takes_the_memory_of_less_than_two_files(name):
    old, new = pair(name)
    patches = {p.codec: p.data for p in candidates(old, new)}
    for codec, most in (("weights", 2), ("bsdiff", 2)):
        tracemalloc.start()
        for _ in patched_pieces(patches[codec], old, length=len(new)):
            pass
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < most * len(new), codec


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_coded_differences_come_back(data):
    half = data.draw(st.sampled_from([8, 128]))
    values = data.draw(st.lists(st.integers(-half, half - 1), max_size=300))
    columns = data.draw(st.integers(1, 40))
    coded = residual.encode(list(values), columns, half)
    assert _decoded(coded, len(values), columns, half) == values


@given(st.binary(max_size=200), st.integers(0, 300), st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_any_bytes_decode_to_differences_within_bounds(data, count, columns):
    assert all(abs(item) <= 128 for item in _decoded(data, count, columns, 128))


@pytest.mark.parametrize("codec", CODECS)
@given(st.data())
@settings(max_examples=80, deadline=None)
def test_a_changed_general_patch_never_gives_another_file(codec, data):
    make, apply = CODECS[codec]
    patch = bytearray(make(OLD, NEW))
    for _ in range(data.draw(st.integers(1, 4))):
        patch[data.draw(st.integers(0, len(patch) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del patch[data.draw(st.integers(0, len(patch) - 1)) :]
    container = pack(codec, bytes(patch), old_length=len(OLD), new_length=len(NEW))
    _same_or_refused(container, OLD, NEW)
    assert b"".join(apply(make(OLD, NEW), OLD, len(NEW))) == NEW


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_a_changed_weight_patch_never_gives_another_file(data):
    old, new = _small_pair()
    patch = bytearray(weights.make(old, new))
    for _ in range(data.draw(st.integers(1, 4))):
        patch[data.draw(st.integers(0, len(patch) - 1))] = data.draw(st.integers(0, 255))
    container = pack("weights", bytes(patch), old_length=len(old), new_length=len(new))
    _same_or_refused(container, old, new)


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_random_bytes_are_no_patch(data):
    for codec in ("zstd", "bsdiff", "hdiff", "weights"):
        container = pack(codec, data, old_length=0 if codec == "zstd" else len(OLD), new_length=50)
        with pytest.raises(PatchError):
            apply_patch(container, OLD, sha256="0" * 64, length=50)
    with pytest.raises(PatchError):
        apply_patch(data, OLD, sha256="0" * 64, length=50)


def test_a_frame_that_declares_more_than_it_may_unpack_is_refused_before_memory_is_taken():
    header = b"\x28\xb5\x2f\xfd\xe0" + (1 << 60).to_bytes(8, "little")  # RFC 8878, 3.1.1.1
    patch = pack("zstd", header + b"\x01\x00\x00", old_length=0, new_length=100)

    with pytest.raises(PatchError, match="declares 1152921504606846976 bytes"):
        apply_patch(patch, b"", sha256="0" * 64, length=100)


def test_a_zstd_bomb_is_cut():
    bomb = pack("zstd", zstd.compress(bytes(50_000_000)), old_length=0, new_length=100)
    tracemalloc.start()
    with pytest.raises(PatchError, match="a zstd frame of 100 bytes"):
        apply_patch(bomb, b"", sha256="0" * 64, length=100)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_a_patch_for_another_old_file_is_refused():
    patch = {p.codec: p.data for p in candidates(OLD, NEW)}["bsdiff"]
    with pytest.raises(PatchError):
        apply_patch(patch, OLD[::-1], sha256=digest(NEW), length=len(NEW))
    with pytest.raises(PatchError, match="lengths"):
        apply_patch(patch, OLD + b"x", sha256=digest(NEW), length=len(NEW))


def test_segments_come_back_as_written():
    segments = [
        Segment(width=8, old=100, new=0, length=64, columns=8),
        Segment(width=0, old=10, new=70, length=30, columns=1),
        Segment(width=32, old=400, new=100, length=128, columns=32),
    ]
    reader = Reader(write_table(segments))
    assert read_table(reader, old_length=1_000, new_length=1_000) == segments
    reader.end()


@pytest.mark.parametrize(
    "segment",
    [
        Segment(width=8, old=990, new=0, length=64, columns=8),
        Segment(width=8, old=0, new=990, length=64, columns=8),
        Segment(width=32, old=0, new=0, length=63, columns=8),
        Segment(width=8, old=0, new=0, length=64, columns=0),
    ],
)
def test_a_segment_outside_its_file_is_refused(segment):
    with pytest.raises(PatchError):
        read_table(Reader(write_table([segment])), old_length=1_000, new_length=1_000)


@given(st.integers(0, 2**35 - 1))
def test_numbers_come_back_as_written(value):
    assert Reader(varint(value)).varint() == value


def test_gaps_are_what_segments_leave():
    assert gaps([(5, 5), (0, 2)], 12) == [(2, 5), (10, 12)]


def test_a_file_that_is_no_model_has_no_tensors():
    assert find_tensors(np.random.default_rng(5).bytes(500)) == []
    assert find_tensors(b"\x1c\0\0\0TFL3" + bytes(20)) == []


@functools.cache
def _small_pair():
    """Return two ONNX files with two tensors of 600 weights, some of which differ."""
    rng = np.random.default_rng(1)
    first = rng.integers(-100, 100, (20, 30), dtype=np.int8)
    second = rng.normal(size=600).astype(np.float32)
    moved = first + rng.integers(-1, 2, first.shape, dtype=np.int8)
    return _onnx(first, second), _onnx(moved, second * 1.001)


def _onnx(*tensors):
    named = [numpy_helper.from_array(value, f"w{at}") for at, value in enumerate(tensors)]
    return helper.make_model(helper.make_graph([], "g", [], [], named)).SerializeToString()


@pytest.mark.parametrize("vector", VECTORS["patches"], ids=lambda vector: vector["codec"])
def test_patch_vectors_hold(vector):
    old, new, patch = (bytes.fromhex(vector[name]) for name in ("old", "new", "patch"))
    assert codec_of(patch) == vector["codec"]
    assert apply_patch(patch, old, sha256=digest(new), length=len(new)) == new


@pytest.mark.parametrize("vector", VECTORS["residuals"])
def test_residual_vectors_hold(vector):
    values, columns, limit = vector["differences"], vector["columns"], vector["limit"]
    coded = bytes.fromhex(vector["coded"])
    assert residual.encode(list(values), columns, limit) == coded
    assert _decoded(coded, len(values), columns, limit) == values


def _decoded(data, count, columns, limit):
    """Return the differences, decoded in pieces that end in the middle of rows."""
    pieces = residual.decode(data, count, columns, limit, piece=7)
    return [item for piece in pieces for item in piece]


def _same_or_refused(container, old, new):
    try:
        assert apply_patch(container, old, sha256=digest(new), length=len(new)) == new
    except PatchError:
        return
