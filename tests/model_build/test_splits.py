import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.model_build.rows import Rows, concatenate
from mobile_ai.model_build.splits import split, split_index

LABELS = np.repeat(np.arange(5), 40)


def shares(**named):
    return {name: lambda _label, share=share: share for name, share in named.items()}


@given(seed=st.integers(0, 1000), first=st.floats(0.1, 0.6))
def test_splits_are_disjoint_and_cover_everything_when_the_shares_add_up_to_one(seed, first):
    parts = split_index(LABELS, shares(train=first, held_out=1 - first), seed=seed)
    together = np.concatenate(list(parts.values()))
    assert sorted(together) == list(range(len(LABELS)))


@given(seed=st.integers(0, 1000))
def test_every_label_has_its_share_in_every_split(seed):
    parts = split_index(LABELS, shares(train=0.25, held_out=0.5), seed=seed)
    assert np.bincount(LABELS[parts["train"]]).tolist() == [10] * 5
    assert np.bincount(LABELS[parts["held_out"]]).tolist() == [20] * 5


def test_the_same_seed_gives_the_same_rows_and_another_seed_others():
    plan = shares(train=0.5)
    once, again = (split_index(LABELS, plan, seed=3)["train"] for _ in range(2))
    other = split_index(LABELS, plan, seed=4)["train"]
    assert once.tolist() == again.tolist()
    assert once.tolist() != other.tolist()


def test_a_label_can_be_scarce_in_one_split():
    plan = {"train": lambda label: 0.1 if label == 2 else 0.5}
    counts = np.bincount(LABELS[split_index(LABELS, plan, seed=1)["train"]])
    assert counts.tolist() == [20, 20, 4, 20, 20]


@pytest.mark.parametrize("named", [{"a": 0.7, "b": 0.4}, {"a": 0.0}, {"a": -0.2}])
def test_impossible_shares_are_refused(named):
    with pytest.raises(ValueError, match="share"):
        split_index(LABELS, shares(**named), seed=1)


def rows(labels=LABELS):
    inputs = {"x": np.arange(len(labels), dtype=np.float32)[:, None]}
    groups = {"sex": np.where(labels % 2, "f", "m")}
    return Rows(inputs=inputs, labels=labels.astype(np.int64), groups=groups)


def test_the_digest_changes_with_any_value_and_not_with_a_copy():
    changed = rows()
    changed.inputs["x"][7, 0] += 1
    assert rows().digest() == rows().digest()
    assert rows().digest() != changed.digest()


def test_the_digest_depends_on_the_order_of_rows():
    assert rows().digest() != rows().take(np.arange(len(LABELS))[::-1]).digest()


def test_concatenated_splits_keep_inputs_labels_and_groups_together():
    parts = split(rows(), shares(a=0.25, b=0.25), seed=9)
    whole = concatenate(tuple(parts.values()))
    source = rows()
    for value, label, sex in zip(
        whole.inputs["x"][:, 0], whole.labels, whole.groups["sex"], strict=True
    ):
        assert source.labels[int(value)] == label
        assert source.groups["sex"][int(value)] == sex


def test_nothing_cannot_be_concatenated():
    with pytest.raises(ValueError, match="no rows"):
        concatenate(())
