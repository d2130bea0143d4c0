import numpy as np
import pytest

from mobile_ai.contracts.manifest import TensorSpec
from mobile_ai.model_build.importance import features, permutation_importance
from mobile_ai.model_build.profile_ import energy_mj, latencies
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


def test_a_slower_call_has_a_larger_ratio_to_the_reference(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("mobile_ai.model_build.profile_.time.perf_counter_ns", clock)
    calls = {"fp32": lambda: clock.pass_(200), "slow": lambda: clock.pass_(2000)}
    found = latencies(calls, reference="fp32", rounds=3)
    assert found["fp32"].ratio == 1
    assert found["slow"].ratio == pytest.approx(10)
    assert found["slow"].p50_ms <= found["slow"].p95_ms


def test_energy_counts_arithmetic_by_its_width_and_every_byte_once():
    # 10^9 int8 operations of 0.3 pJ are 0.3 mJ; 10^6 bytes of 160 pJ are 0.16 mJ.
    assert energy_mj({"int8": 10**9}, 0) == pytest.approx(0.3)
    assert energy_mj({"fp32": 10**9}, 10**6) == pytest.approx(4.76)


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
