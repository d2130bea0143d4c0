"""What a shadow version may cost, and how differences are told."""

import asyncio
import threading

import numpy as np
import pytest

from edge.models.shadow import Shadow, compare
from edge.serving import Run, Served
from tests.edge.models.world import in_loop, ones

ROWS = np.array([[0.1, 0.9], [0.8, 0.2]], np.float32)


@pytest.mark.parametrize(
    ("other", "disagreeing", "worst"),
    [
        (ROWS, 0, 0.0),
        (ROWS + np.float32(0.25), 0, 0.25),
        (ROWS[:, ::-1], 2, 0.8),
        (np.where(ROWS[0, 0] == ROWS, np.nan, ROWS), 1, np.inf),
        (ROWS[:1], 2, np.inf),
        (ROWS.astype(np.float64), 0, 0.0),
    ],
)
def test_a_difference_is_told_in_rows_and_numbers(other, disagreeing, worst):
    found = compare({"y": ROWS}, {"y": other})
    assert found.rows == 2
    assert found.disagreeing == disagreeing
    assert found.worst == pytest.approx(worst, abs=1e-6)


def test_other_outputs_disagree_everywhere():
    assert compare({"y": ROWS}, {"z": ROWS}).disagreeing == 2


def test_words_are_compared_as_they_are():
    one, other = (np.array([word], object) for word in (b"yes", b"no"))
    assert compare({"y": one}, {"y": one}).disagreeing == 0
    assert compare({"y": one}, {"y": other}).disagreeing == 1


class Model:
    """A model that waits until it may answer."""

    inputs, batchable = (), True

    def __init__(self, *, error=None):
        self.may, self.seen, self.error = threading.Event(), [], error

    def run(self, batch):
        self.may.wait(10)
        self.seen.append(batch)
        if self.error:
            raise self.error
        return {"y": batch["x"]}


def run_of(batch):
    return Run(served=None, inputs=batch, outputs={"y": batch["x"]}, rows=1, seconds=0.001)


@in_loop
async def test_it_never_waits_and_never_holds_more_than_a_few_batches():
    told, model = [], Model()
    shadow, version = Shadow(100, report=told.append), Served(model)
    for _ in range(20):
        shadow.offer(run_of(ones()), version)  # returns although the model hangs
    assert shadow.left_out == 16
    assert version.in_flight == 4
    model.may.set()
    await shadow.close()
    assert version.in_flight == 0
    assert [item.worst for item in told] == [0.0] * 4


@in_loop
async def test_it_sees_the_batch_as_it_was():
    told, model = [], Model()
    shadow, batch = Shadow(100, report=told.append), ones()
    shadow.offer(run_of(batch), Served(model))
    batch["x"][:] = 99.0  # the server uses the buffer for the next request
    model.may.set()
    await shadow.close()
    assert model.seen[0]["x"].tolist() == [[1.0] * 4]
    assert told[0].worst == 0.0


@in_loop
async def test_its_failure_is_a_difference():
    told, model = [], Model(error=RuntimeError("boom"))
    model.may.set()
    shadow, version = Shadow(100, report=told.append), Served(model)
    shadow.offer(run_of(ones()), version)
    await shadow.close()
    assert told == [None]
    assert version.in_flight == 0


@in_loop
async def test_its_share_is_drawn():
    model = Model()
    model.may.set()
    shadow, told = Shadow(10, report=lambda _: None, seed=1), 0
    for _ in range(2_000):
        shadow.offer(run_of(ones()), Served(model))
        if len(shadow._waiting) > 2:
            await asyncio.sleep(0.001)
    await shadow.close()
    told = len(model.seen) + shadow.left_out
    assert 130 < told < 270


@in_loop
async def test_a_failed_run_and_a_huge_batch_are_left_out():
    shadow = Shadow(100, report=lambda _: None)
    model = Model()
    run = Run(served=None, inputs=ones(), outputs=None, rows=1, seconds=0.0, error=OSError())
    shadow.offer(run, Served(model))
    shadow.offer(run_of({"x": np.zeros(5_000_000, np.float32)}), Served(model))
    assert shadow.left_out == 1
    await shadow.close()
    assert not model.seen
