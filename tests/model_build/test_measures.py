from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.contracts.manifest import TensorSpec
from mobile_ai.model_build.importance import features, permutation_importance
from mobile_ai.model_build.profile_ import _over_rounds, energy_mj, latencies, peak_memory
from mobile_ai.model_build.recipe import Source
from mobile_ai.model_build.robustness import SEVERITY, corrupt
from mobile_ai.model_build.rows import Rows
from mobile_ai.model_build.synthetic_inputs import generated_inputs, probe_samples
from mobile_ai.model_build.train import reweigh


def table(count=400):
    values = np.random.default_rng(0).random((count, 3)).astype(np.float32)
    labels = (values[:, 1] > 0.5).astype(np.int64)
    names = {"row": ("noise", "signal", "kind=a")}
    groups = {"sex": np.where(np.arange(count) % 4 == 0, "f", "m")}
    return Rows(inputs={"row": values}, labels=labels, groups=groups, features=names)


def by_signal(inputs):
    return np.stack([0.5 - inputs["row"][:, 1], inputs["row"][:, 1] - 0.5], axis=1)


def test_the_feature_that_decides_is_the_important_one_and_the_others_are_not():
    found = permutation_importance(by_signal, table(), seed=1)
    assert found[0].feature == "signal"
    assert found[0].loss_pt > 30
    assert [each.loss_pt for each in found[1:]] == [0, 0]


def test_columns_of_one_word_list_are_one_feature():
    rows = table(4)
    rows = Rows(inputs=rows.inputs, labels=rows.labels, features={"row": ("age", "job=a", "job=b")})
    assert [name for name, _ in features(rows)] == ["age", "job"]


@pytest.mark.parametrize(
    ("shape", "count"), [((2, 28, 28, 1), 16), ((2, 25, 12), 12), ((2, 64), 4)]
)
def test_images_have_patches_series_channels_and_texts_blocks(shape, count):
    rows = Rows(inputs={"x": np.zeros(shape)}, labels=np.zeros(2, dtype=np.int64))
    assert len(list(features(rows))) == count


@pytest.mark.parametrize("kind", sorted(SEVERITY))
def test_a_corruption_changes_the_inputs_the_same_way_each_time_and_keeps_their_type(kind):
    text = np.full((4, 64), 101, dtype=np.int32)
    inputs = {"x": text + np.arange(64, dtype=np.int32) % 7}
    once, again = (corrupt(inputs, kind, seed=1)["x"] for _ in range(2))
    assert np.array_equal(once, again)
    assert once.dtype == np.int32
    assert not np.array_equal(once, inputs["x"])


def test_a_typo_never_fills_the_padding():
    padded = np.zeros((8, 64), dtype=np.int32)
    padded[:, :5] = 97
    assert not corrupt({"x": padded}, "typo", seed=1)["x"][:, 5:].any()


def test_after_reweighing_group_and_label_are_independent():
    rows = table()
    rows.labels[rows.groups["sex"] == "f"] = 0
    rows.labels[:4] = 1
    weights = reweigh(rows, "sex")
    shares = [
        np.average(
            rows.labels[rows.groups["sex"] == sex], weights=weights[rows.groups["sex"] == sex]
        )
        for sex in ("f", "m")
    ]
    assert shares[0] == pytest.approx(shares[1])


class Clock:
    """Goes on when it is told to."""

    now = 0

    def __call__(self) -> int:
        return self.now

    def pass_(self, microseconds: int) -> None:
        self.now += 1000 * microseconds


class Busy:
    """A machine on which everything takes three times as long in every other round."""

    def __init__(self, clock, *, calibrations):
        self.clock, self.calibrations, self.calls = clock, calibrations, 0

    @property
    def factor(self) -> int:
        return 1 + 2 * (self.calls // self.calibrations % 2)

    def load(self) -> None:
        self.clock.pass_(100 * self.factor)
        self.calls += 1

    def infer(self) -> None:
        self.clock.pass_(200 * (1 + 2 * ((self.calls - 1) // self.calibrations % 2)))


def test_a_slower_call_has_a_larger_ratio_to_the_reference(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("mobile_ai.model_build.profile_.time.perf_counter_ns", clock)
    calls = {"fp32": lambda: clock.pass_(200), "slow": lambda: clock.pass_(2000)}
    found = latencies(calls, reference="fp32", rounds=3)
    assert found["fp32"].ratio == 1
    assert found["slow"].ratio == pytest.approx(10)
    assert found["slow"].p50.value <= found["slow"].p95.value


def test_a_round_that_other_work_slows_is_corrected_by_the_load(monkeypatch):
    clock = Clock()
    busy = Busy(clock, calibrations=6)
    monkeypatch.setattr("mobile_ai.model_build.profile_.time.perf_counter_ns", clock)
    monkeypatch.setattr("mobile_ai.model_build.profile_._load", busy.load)
    found = latencies({"fp32": busy.infer}, reference="fp32", rounds=9)["fp32"]
    assert busy.calls == 9 * 6
    assert found.p50.value == pytest.approx(0.2)
    assert (found.p50.low, found.p50.high) == (pytest.approx(0.2), pytest.approx(0.2))


def test_the_interval_of_a_latency_covers_its_median_as_often_as_it_says():
    generator = np.random.default_rng(0)
    drawn = generator.lognormal(0, 0.3, (2000, 15))
    covered = 0
    for rounds in drawn:
        found = _over_rounds(rounds, float(np.median(rounds)), 300)
        covered += found.low <= 1.0 <= found.high
    assert covered / len(drawn) >= 0.95


@given(st.lists(st.floats(1e-6, 1e4), min_size=2, max_size=2))
def test_energy_never_contradicts_the_measured_time(times):
    assert (times[0] < times[1]) == (energy_mj(times[0]) < energy_mj(times[1]))


def test_growth_of_nothing_is_no_measurement(monkeypatch, tmp_path):
    done = SimpleNamespace(returncode=0, stdout='{"bytes": 0}')
    monkeypatch.setattr("mobile_ai.model_build.profile_.subprocess.run", lambda *_, **__: done)
    assert peak_memory(tmp_path / "x.onnx", "onnx") is None


SPECS = (
    TensorSpec(name="input", dtype="FP32", shape=(-1, -1)),
    TensorSpec(name="state", dtype="FP32", shape=(2, -1, 128)),
    TensorSpec(name="sr", dtype="INT64", shape=()),
)


def test_generated_inputs_have_the_files_types_and_the_shapes_it_leaves_free():
    found = generated_inputs(SPECS, rows=1, seed=0, shapes={"input": (1, 576)})
    assert found["input"].shape == (1, 576)
    assert found["sr"].dtype == np.int64
    assert found["sr"].shape == ()


def test_sound_probes_start_from_an_empty_state_and_keep_the_fixed_values():
    source = Source(
        kind="file",
        path="x.onnx",
        probe="sound",
        probe_rows=3,
        probe_shapes={"input": (1, 576), "state": (2, 1, 128)},
        probe_values={"sr": 16000},
    )
    samples = probe_samples(SPECS, source, seed=1)
    assert len(samples) == 3
    assert all(not sample["state"].any() for sample in samples)
    assert all(int(sample["sr"]) == 16000 for sample in samples)
    assert 0 < np.abs(samples[0]["input"]).max() <= 1
