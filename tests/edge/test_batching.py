"""Batching: requests are joined, kept apart, shed in time, and served fairly."""

import asyncio
import gc
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mobile_ai.edge.batching import BatchQueue
from mobile_ai.edge.errors import BAD_REQUEST, DEADLINE, INTERNAL, UNAVAILABLE, RefusedError
from mobile_ai.edge.jobs import Outputs
from mobile_ai.edge.limits import BatchLimits
from mobile_ai.edge.serving import ModelRun, Served, ServedTensor
from mobile_ai.edge.shapes import Shapes
from mobile_ai.edge.stats import ModelStats
from tests.edge.server_world import Scripted
from tests.waiting import stall, until, until_async


class Asked:
    """A job with rows of one number."""

    def __init__(self, value: float, rows: int = 1, *, patience: float = 60.0) -> None:
        self.given = {"x": np.full((rows, 2), value, dtype=np.float32)}
        self.rows, self.key = rows, ((2,),)
        self.start = time.perf_counter()
        self.deadline = self.start + patience
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def complete(self, outputs: Outputs, at: int) -> None:
        if self.answer.done():
            return
        self.answer.set_result(outputs.part("y", at, self.rows))

    def fail(self, error: RefusedError) -> None:
        if self.answer.done():
            return
        self.answer.set_result(error)


def lane(run: Callable[[Any], Any], **options: Any) -> tuple[BatchQueue, Served, list[ModelRun]]:
    limits = BatchLimits(**{"rows": 8, "wait": 0.01, "queue": 16, **options.pop("limits", {})})
    served, runs = Served(Scripted("m", run, **options)), []
    made = BatchQueue(served, limits=limits, stats=ModelStats(), observe=runs.append)
    return made, served, runs


def submit(lane_: BatchQueue, served: Served, job: Asked) -> Asked:
    served.acquire()
    try:
        lane_.make_room()
        lane_.submit(job)
    except RefusedError:
        served.release()
        raise
    return job


def double(batch: Any) -> Any:
    return {"y": batch["x"] * 2}


def test_concurrent_requests_are_one_call_and_each_gets_its_rows() -> None:
    async def main() -> None:
        made, served, runs = lane(double)
        jobs = [
            submit(made, served, Asked(value, rows)) for value, rows in ((1, 1), (2, 3), (5, 2))
        ]
        answers = [await job.answer for job in jobs]
        assert [answer.tolist() for answer in answers] == [
            [[2, 2]],
            [[4, 4]] * 3,
            [[10, 10]] * 2,
        ]
        assert [run.rows for run in runs] == [6]
        assert served.in_flight == 0

    asyncio.run(main())


def test_a_batch_has_no_more_rows_than_the_limit_and_a_larger_request_runs_alone() -> None:
    async def main() -> None:
        made, served, runs = lane(double)
        jobs = [submit(made, served, Asked(1, rows)) for rows in (5, 4, 20, 3)]
        for job in jobs:
            assert len(await job.answer) == job.rows
        assert sorted(run.rows for run in runs) == [4, 5 + 3, 20]

    asyncio.run(main())


def test_requests_of_other_shapes_are_not_joined() -> None:
    async def main() -> None:
        made, served, runs = lane(double)
        jobs = [Asked(1), Asked(2), Asked(3)]
        jobs[1].given, jobs[1].key = {"x": np.ones((1, 3), np.float32)}, ((3,),)
        made._model.outputs = ()  # any width
        for job in jobs:
            submit(made, served, job)
        shapes = [(await job.answer).shape for job in jobs]
        assert shapes == [(1, 2), (1, 3), (1, 2)]
        assert [run.rows for run in runs] == [2, 1]

    asyncio.run(main())


def test_a_model_that_is_not_batchable_gets_one_request_at_a_time() -> None:
    async def main() -> None:
        made, served, runs = lane(double, batchable=False)
        jobs = [Asked(value, 3) for value in (1, 2)]
        for job in jobs:
            job.rows, job.key = 1, ((3, 2),)
            submit(made, served, job)
        assert [(await job.answer).shape for job in jobs] == [(3, 2)] * 2
        assert [len(run.inputs["x"]) for run in runs] == [3, 3]

    asyncio.run(main())


def test_one_request_that_fails_does_not_fail_those_beside_it() -> None:
    def run(batch: Any) -> Any:
        if (batch["x"] == 13).any():
            raise RuntimeError("13")
        if (batch["x"] == 14).any():
            raise ValueError("14")
        return double(batch)

    async def main() -> None:
        made, served, runs = lane(run)
        jobs = [submit(made, served, Asked(value)) for value in (1, 13, 14, 4)]
        first, failed, refused, last = [await job.answer for job in jobs]
        assert (first.tolist(), last.tolist()) == ([[2, 2]], [[8, 8]])
        assert (failed.status, refused.status) == (INTERNAL, BAD_REQUEST)
        assert "13" not in failed.message
        assert sum(run.error is not None for run in runs) == 2
        assert served.in_flight == 0

    asyncio.run(main())


def test_outputs_of_a_shape_that_the_model_does_not_declare_are_a_failure() -> None:
    async def main() -> None:
        made, served, _ = lane(lambda batch: {"y": batch["x"][:, :1]})
        answer = await submit(made, served, Asked(1)).answer
        assert answer.status == INTERNAL

    asyncio.run(main())


def test_a_full_queue_sheds_at_once_and_says_when_to_come_back() -> None:
    async def main() -> None:
        made, served, _ = lane(double)
        taken = [submit(made, served, Asked(1)) for _ in range(16)]
        with pytest.raises(RefusedError) as refused:
            submit(made, served, Asked(1))
        assert refused.value.status == UNAVAILABLE
        assert refused.value.retry_after >= 1
        for job in taken:
            assert (await job.answer).shape == (1, 2)
        assert made.stats.outcomes == {
            **dict.fromkeys(("failed", "unfit", "expired"), 0),
            "ok": 16,
            "shed": 1,
        }

    asyncio.run(main())


def test_a_request_that_could_not_be_in_time_is_shed_before_it_waits() -> None:
    def slow(batch: Any) -> Any:
        stall(0.05)
        return double(batch)

    async def main() -> None:
        made, served, _ = lane(slow)
        await submit(made, served, Asked(1)).answer
        first = submit(made, served, Asked(1))
        second = submit(made, served, Asked(1))
        with pytest.raises(RefusedError, match="more requests"):
            submit(made, served, Asked(1, patience=0.01))
        await asyncio.gather(first.answer, second.answer)

    asyncio.run(main())


def test_a_request_whose_time_is_over_is_not_run() -> None:
    its_time_is_over = threading.Event()

    def slow(batch: Any) -> Any:
        its_time_is_over.wait(60)
        return double(batch)

    async def main() -> None:
        made, served, runs = lane(slow, limits={"rows": 1})
        first = submit(made, served, Asked(1))
        await until_async(lambda: made.running_seconds() > 0)
        late = submit(made, served, Asked(2, patience=0.01))
        await until_async(lambda: time.perf_counter() > late.deadline)
        its_time_is_over.set()
        assert (await late.answer).status == DEADLINE
        await first.answer
        assert len(runs) == 1
        assert served.in_flight == 0

    asyncio.run(main())


def test_a_call_that_hangs_keeps_nobody_waiting_beyond_their_time() -> None:
    hangs = threading.Event()

    def run(batch: Any) -> Any:
        hangs.wait(60)
        return double(batch)

    async def main() -> None:
        made, served, _ = lane(run, limits={"rows": 1})
        running = submit(made, served, Asked(1, patience=0.05))
        await until_async(lambda: made.running_seconds() > 0)
        waiting = submit(made, served, Asked(2, patience=0.02))
        patient = submit(made, served, Asked(3))

        def both_are_answered() -> bool:
            made.expire()
            return running.answer.done() and waiting.answer.done()

        await until_async(both_are_answered)
        assert [job.answer.result().status for job in (running, waiting)] == [DEADLINE] * 2
        hangs.set()
        assert (await patient.answer).tolist() == [[6, 6]]
        assert served.in_flight == 0

    asyncio.run(main())


def test_a_slow_model_does_not_starve_another() -> None:
    others_had_their_turn = threading.Event()

    def slow(batch: Any) -> Any:
        others_had_their_turn.wait(60)
        return double(batch)

    async def main() -> None:
        made, served, _ = lane(slow)
        other, quick, _ = lane(double)
        waiting = [submit(made, served, Asked(1)) for _ in range(10)]
        await until_async(lambda: made.running_seconds() > 0)
        for _ in range(20):
            await submit(other, quick, Asked(1)).answer
        assert not waiting[0].answer.done()
        others_had_their_turn.set()
        await asyncio.gather(*(job.answer for job in waiting))

    asyncio.run(main())


def test_no_call_ever_runs_on_the_thread_of_the_event_loop() -> None:
    threads: set[threading.Thread] = set()

    def run(batch: Any) -> Any:
        threads.add(threading.current_thread())
        return double(batch)

    async def main() -> None:
        made, served, _ = lane(run)
        for _ in range(200):
            await submit(made, served, Asked(1)).answer

    asyncio.run(main())
    (one,) = threads
    assert one is not threading.main_thread()
    assert one.daemon  # one that hangs keeps no process from ending


def test_a_lane_that_is_forgotten_ends_its_thread() -> None:
    found: list[threading.Thread] = []

    def run(batch: Any) -> Any:
        found.append(threading.current_thread())
        return double(batch)

    async def main() -> None:
        made, served, _ = lane(run)
        await submit(made, served, Asked(1)).answer

    asyncio.run(main())
    gc.collect()
    until(lambda: not found[0].is_alive())


def test_a_call_that_runs_is_timed_by_itself_not_with_those_before_it() -> None:
    """Requests of a failed joined call run again one by one: each has its own time."""
    hangs = threading.Event()
    starts: list[float] = []

    def run(batch: Any) -> Any:
        starts.append(made_[0]._since)
        if len(batch["x"]) > 1:
            raise RuntimeError("apart")
        if (batch["x"] == 2).all():
            hangs.wait(30)
        return double(batch)

    made_: list[BatchQueue] = []

    async def main() -> None:
        made, served, _ = lane(run)
        made_.append(made)
        jobs = [submit(made, served, Asked(value)) for value in (1, 2)]
        assert made.running_seconds() == 0
        await until_async(lambda: len(starts) == 3)
        assert sorted(set(starts)) == starts
        await until_async(lambda: made.running_seconds() > 0.01)
        hangs.set()
        assert [(await job.answer).shape for job in jobs] == [(1, 2)] * 2
        assert made.running_seconds() == 0

    asyncio.run(main())


FREE, OUT = ((ServedTensor(name=name, datatype="FP32", shape=(-1, -1)),) for name in "xy")


def picky(batch: Any) -> Any:
    """A model that declares any width, and whose operators accept only four."""
    if batch["x"].shape[1] != 4:
        raise RuntimeError("a runtime's words")
    return double(batch)


def wide(width: int) -> Asked:
    job = Asked(1)
    job.given, job.key = {"x": np.ones((1, width), np.float32)}, ((width,),)
    return job


def free_lane(run: Callable[[Any], Any], before: Served | None = None) -> Any:
    model = Scripted("m", run, outputs=OUT)
    model.inputs = FREE
    served, runs = Served(model, before=before), []
    limits = BatchLimits(rows=8, wait=0.01, queue=16)
    return BatchQueue(served, limits=limits, stats=ModelStats(), observe=runs.append), served, runs


def test_a_shape_that_never_worked_is_the_clients_mistake_and_not_the_models() -> None:
    async def main() -> None:
        made, served, runs = free_lane(picky)
        assert (await submit(made, served, wide(5)).answer).status == BAD_REQUEST
        assert (await submit(made, served, wide(4)).answer).shape == (1, 4)
        assert (await submit(made, served, wide(5)).answer).status == BAD_REQUEST
        assert made.stats.outcomes["unfit"] == 2
        assert made.stats.outcomes["failed"] == 0
        assert all(isinstance(run.error, ValueError) for run in (runs[0], runs[2]))

    asyncio.run(main())


def test_a_shape_that_the_version_before_took_counts_against_the_new_one() -> None:
    def broken(_: Any) -> Any:
        raise RuntimeError("broken")

    async def main() -> None:
        made, served, _ = free_lane(picky)
        await submit(made, served, wide(4)).answer
        new, after, runs = free_lane(broken, before=served)
        assert (await submit(new, after, wide(4)).answer).status == INTERNAL
        assert (await submit(new, after, wide(5)).answer).status == BAD_REQUEST
        assert [isinstance(run.error, ValueError) for run in runs] == [False, True]

    asyncio.run(main())


def test_remembered_shapes_are_bounded() -> None:
    shapes = Shapes({"x": (-1, -1)}, batchable=True)
    for width in range(3000):
        shapes.worked({"x": np.empty((1, width), np.float32)})
    assert len(shapes.found) == 1024
    assert shapes.known({"x": np.empty((7, 2999), np.float32)})
    assert not shapes.known({"x": np.empty((7, 1), np.float32)})


def test_a_version_is_idle_when_its_last_request_is_answered() -> None:
    async def main() -> None:
        made, served, _ = lane(double)
        job = submit(made, served, Asked(1))
        idle: list[bool] = []
        served.when_idle(lambda: idle.append(job.answer.done()))
        assert idle == []
        await job.answer
        assert len(idle) == 1

    asyncio.run(main())


def test_concurrent_requests_get_what_they_get_alone() -> None:
    from tests.edge.server_world import FEATURES, mlp  # noqa: PLC0415

    model = mlp()
    rows = np.random.default_rng(3).normal(size=(32, FEATURES)).astype(np.float32)
    alone = np.concatenate([model.run({"x": rows[i : i + 1]})["y"] for i in range(len(rows))])
    assert np.allclose(model.run({"x": rows})["y"], alone, rtol=1e-5, atol=1e-6)
