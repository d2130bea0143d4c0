"""Cohorts: uniform, monotone, reshuffled by salt, and equal in every language."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.delivery.rings import (
    COHORTS,
    Ring,
    cohort,
    millionths,
    point,
    ring_of,
)
from tests.delivery.fleet.cohorts import cohorts

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((Path(__file__).parent / "vectors/cohorts.json").read_text())
POINTS = st.integers(0, 2**64 - 1)


@pytest.mark.parametrize("vector", VECTORS["cohorts"])
def test_vectors_hold_in_python(vector):
    assert f"{point(vector['installation']):016x}" == vector["point"]
    found = cohort(point(vector["installation"]), point(vector["salt"]))
    assert found == vector["cohort"]


@pytest.mark.parametrize("vector", VECTORS["shares"])
def test_shares_are_rounded_alike(vector):
    assert millionths(vector["percent"]) == vector["millionths"]


def test_vectors_hold_in_javascript():
    code = (
        "const r=require('./src/mobile_ai/delivery/rings.js');"
        "const v=require('./tests/delivery/vectors/cohorts.json');"
        "for(const c of v.cohorts){const p=r.point(c.installation);"
        "const hex=p.map(x=>x.toString(16).padStart(8,'0')).join('');"
        "if(hex!==c.point||r.cohort(p,r.point(c.salt))!==c.cohort)throw JSON.stringify(c)}"
        "for(const s of v.shares)if(r.millionths(s.percent)!==s.millionths)throw JSON.stringify(s);"
        "console.log(v.cohorts.length)"
    )
    assert int(_node(code)) == len(VECTORS["cohorts"])


@pytest.mark.slow
def test_a_million_ids_fall_alike_in_python_numpy_and_javascript():
    count, key = 1_000_000, point("camera-digits")
    points = np.fromiter((point(f"{n:032x}") for n in range(count)), np.uint64, count)
    found = cohorts(points, key)
    assert found[:20_000].tolist() == [cohort(int(p), key) for p in points[:20_000]]
    code = (
        "const r=require('./src/mobile_ai/delivery/rings.js');const k=r.point('camera-digits');"
        "const a=new Uint32Array(1000000);"
        "for(let n=0;n<1000000;n++)a[n]=r.cohort(r.point(n.toString(16).padStart(32,'0')),k);"
        "console.log(require('crypto').createHash('sha256')"
        ".update(Buffer.from(a.buffer)).digest('hex'))"
    )
    assert _node(code) == hashlib.sha256(found.astype("<u4").tobytes()).hexdigest()


@given(st.lists(POINTS, min_size=1, max_size=50), POINTS)
def test_the_vectorised_decision_is_the_same(points, key):
    found = cohorts(np.array(points, np.uint64), key)
    assert found.tolist() == [cohort(item, key) for item in points]


@given(POINTS, POINTS)
def test_a_cohort_is_below_a_million(device, key):
    assert 0 <= cohort(device, key) < COHORTS


@given(POINTS, POINTS, st.integers(0, COHORTS), st.integers(0, COHORTS))
def test_a_larger_share_only_adds_devices(device, key, one, other):
    small, large = sorted((one, other))
    number = cohort(device, key)
    if ring_of([Ring(name="a", share=small)], number) is not None:
        assert ring_of([Ring(name="a", share=large)], number) == "a"


def test_cohorts_are_even():
    points = np.random.default_rng(1).integers(0, 2**64, 1_000_000, dtype=np.uint64)
    counts = np.bincount(cohorts(points, point("salt")) // 1_000, minlength=1_000)
    chi = float(((counts - 1_000) ** 2 / 1_000).sum()) / 999
    assert 0.8 < chi < 1.2


def test_sequential_ids_are_even_too():
    points = np.array([point(str(number)) for number in range(100_000)], np.uint64)
    early = int((cohorts(points, point("salt")) < 100_000).sum())
    assert abs(early - 10_000) < 4 * 95  # 4 standard deviations


def test_another_salt_draws_other_devices():
    points = np.random.default_rng(2).integers(0, 2**64, 100_000, dtype=np.uint64)
    first = cohorts(points, point("one")) < 100_000
    second = cohorts(points, point("two")) < 100_000
    assert abs(int((first & second).sum()) - 1_000) < 4 * 32


def test_a_ring_table_that_ends_early_leaves_devices_out():
    rings = [Ring(name="a", share=10), Ring(name="b", share=20)]
    assert [ring_of(rings, number) for number in (9, 10, 19, 20)] == ["a", "b", "b", None]


def _node(code):
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed; the vectors hold in Python")
    done = subprocess.run([node, "-e", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
