"""The table under change: swaps, rollbacks, canaries, unloading."""

import asyncio
import contextlib
import errno
import gc
import json
import os
import resource
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from mobile_ai.delivery.client import UpdateOutcome
from mobile_ai.delivery.client.state import load_state, save_state
from mobile_ai.edge.models.signals import REGISTRY
from mobile_ai.edge.models.split import TRACK_HEADER
from mobile_ai.edge.server import make_front
from mobile_ai.edge.serving import ModelRun, ModelUnavailableError, UnknownModelError
from tests.edge.models.world import (
    ask,
    failing,
    in_loop,
    ones,
    opened,
    scaled,
    settings,
    states,
    subscribed,
    wide,
)
from tests.edge.server_world import settings as server_settings
from tests.waiting import until_async

QUICK = {"min_runs": 5, "error_rate": 0.2, "window_seconds": 60, "probation_seconds": 600}
pytestmark = pytest.mark.usefixtures("here")
CANARY = [(TRACK_HEADER, b"canary")]


@pytest.fixture
def two(git):
    """Have 1.0.0, and a way to bring 1.1.0."""
    git.add("1.0.0", scaled(2.0), 2.0)
    return lambda data=None, answer=3.0: git.add("1.1.0", data or scaled(3.0), answer)


@in_loop
async def test_a_swap_ends_no_request_that_has_begun(two, tmp_path):
    async with opened(settings(tmp_path)) as table:
        begun = table.route("digits", None, [])
        two()
        await table.load("digits")

        assert ask(table) == ("1.1.0", 3.0)
        assert states(table) == [("1.1.0", "READY"), ("1.0.0", "UNLOADING")]
        assert float(begun.model.run(ones())["y"][0, 0]) == 2.0
        begun.release()
        assert states(table) == [("1.1.0", "READY")]


@in_loop
async def test_a_drained_version_is_freed(two, tmp_path):
    async with opened(settings(tmp_path)) as table:
        begun = table.route("digits", None, [])
        gone = weakref.ref(begun.model)
        two()
        await table.load("digits")
        assert gone() is not None
        begun.release()
        del begun
        gc.collect()
        assert gone() is None


@in_loop
async def test_no_request_fails_while_versions_change_under_load(two, tmp_path):
    """Threads run batches while one version after another is swapped in and rejected again."""
    async with opened(settings(tmp_path, watch=QUICK)) as table:
        two()
        stop, failures, answers = asyncio.Event(), [], set()
        pool = ThreadPoolExecutor(4)
        loop = asyncio.get_running_loop()

        async def client():
            while not stop.is_set():
                try:
                    served = table.route("digits", None, [])
                    outputs = await loop.run_in_executor(pool, served.model.run, ones())
                    served.release()
                    answers.add(float(outputs["y"][0, 0]))
                except Exception as error:  # noqa: BLE001
                    failures.append(error)

        async def answered(value):
            answers.discard(value)
            await until_async(lambda: failures or value in answers)

        clients = [asyncio.create_task(client()) for _ in range(8)]
        follower = table._entries["digits"].stable
        for _ in range(5):
            await follower.refresh()
            await answered(3.0)
            assert await follower.take_back(follower.served, "as a test")
            await answered(2.0)
            _forget(follower)
        stop.set()
        await asyncio.gather(*clients)
        pool.shutdown()

        assert not failures
        assert answers == {2.0, 3.0}


def _forget(follower):
    """Forget that a version failed, so that it is installed again."""
    path = follower.shelf.device.state_file
    save_state(path, replace(load_state(path), failed={}))


@in_loop
async def test_a_version_that_fails_in_use_is_taken_back_and_stays_away(two, tmp_path):
    given = settings(tmp_path, watch=QUICK)
    async with opened(given) as table:
        two(failing(1.0), 1.0)
        await table.load("digits")
        assert ask(table) == ("1.1.0", 1.0)
        for _ in range(6):
            ask(table, value=7.0)  # 4 values make no 7 rows
        await until_async(lambda: ask(table) == ("1.0.0", 2.0))
        assert ("1.1.0", "UNAVAILABLE") in states(table)
        with pytest.raises(ModelUnavailableError, match="failed here before"):
            await table.load("digits")
    async with opened(given) as table:
        assert ask(table) == ("1.0.0", 2.0)


@in_loop
async def test_without_a_version_before_it_a_failing_one_goes_on(git, tmp_path):
    git.add("1.0.0", failing(1.0), 1.0)
    async with opened(settings(tmp_path, watch=QUICK)) as table:
        polls = len(table._tasks)
        for _ in range(20):
            ask(table, value=7.0)
        await until_async(lambda: len(table._tasks) == polls)
        assert ask(table) == ("1.0.0", 1.0)


@in_loop
async def test_what_clients_do_wrong_takes_no_version_back(two, tmp_path):
    async with opened(settings(tmp_path, watch=QUICK)) as table:
        two()
        await table.load("digits")
        polls = len(table._tasks)
        for _ in range(20):
            served = table.route("digits", None, [])
            wrong = ValueError("another rank")
            table.observe(
                ModelRun(served=served, inputs={}, outputs=None, rows=1, seconds=0.001, error=wrong)
            )
            served.release()
        assert len(table._tasks) == polls  # nothing was begun that would take it back
        assert ask(table) == ("1.1.0", 3.0)


@in_loop
async def test_a_slower_version_is_taken_back(two, tmp_path):
    async with opened(settings(tmp_path, watch=QUICK)) as table:

        def run(seconds):
            served = table.route("digits", None, [])
            outputs = served.model.run(ones())
            table.observe(
                ModelRun(served=served, inputs=ones(), outputs=outputs, rows=1, seconds=seconds)
            )
            served.release()

        for _ in range(10):
            run(0.001)
        two()
        await table.load("digits")
        for _ in range(10):
            run(0.01)
        await until_async(lambda: ask(table) == ("1.0.0", 2.0))


@in_loop
async def test_several_models_and_versions_at_once(git, tmp_path):
    git.add("1.0.0", scaled(2.0), 2.0)
    git.add("2.0.0", scaled(5.0), 5.0, name="speaker")
    follow = [{"model": name, "variant": "int8-onnx"} for name in ("digits", "speaker")]

    async with opened(settings(tmp_path, follow=follow)) as table:
        assert ask(table, "digits") == ("1.0.0", 2.0)
        assert ask(table, "speaker", "2.0.0") == ("2.0.0", 5.0)
        with pytest.raises(UnknownModelError, match=r"got version 1\.0\.0; served now: 2\.0\.0"):
            table.route("speaker", "1.0.0", [])
        with pytest.raises(UnknownModelError, match="served here: digits, speaker"):
            table.route("face", None, [])


@pytest.mark.usefixtures("two")
@in_loop
async def test_an_unloaded_model_is_gone_until_it_is_loaded(tmp_path):
    async with opened(settings(tmp_path)) as table:
        await table.unload("digits")
        assert not table.ready()
        with pytest.raises(ModelUnavailableError):
            table.route("digits", None, [])
        follower = table._entries["digits"].stable
        await follower.refresh()  # what polling does
        assert follower.served is None
        await table.load("digits")
        assert ask(table) == ("1.0.0", 2.0)


@pytest.fixture
def trial(world, cdn):
    """Release 1.0.0 to all and 1.1.0 to the canary ring."""
    first = world.add("1.0.0", scaled(2.0), 2.0)
    world.release(first)
    world.release(world.add("1.1.0", scaled(3.0), 3.0), previous=first, stage="canary")

    def given(percent):
        follow = {"model": "digits", "canary": {"ring": "canary", "percent": percent}}
        return subscribed(world, cdn.url, follow=[follow])

    return given


@in_loop
async def test_a_canary_answers_its_share_and_whoever_asks_for_it(trial):
    async with opened(trial(0)) as table:
        assert {ask(table)[0] for _ in range(50)} == {"1.0.0"}
        assert ask(table, headers=CANARY) == ("1.1.0", 3.0)
        assert ask(table, version="1.1.0") == ("1.1.0", 3.0)
        assert table.versions("digits") == ("1.0.0", "1.1.0")
    async with opened(trial(50)) as table:
        assert {ask(table)[0] for _ in range(50)} == {"1.0.0", "1.1.0"}


@in_loop
async def test_a_release_comes_by_polling_and_so_does_a_network(world, cdn):
    cdn.fault = lambda request: request.give(503, b"") or True
    given = subscribed(world, cdn.url)
    quick = given.releases.model_copy(update={"period_seconds": 0.2})
    async with opened(given.model_copy(update={"releases": quick})) as table:
        assert not table.ready()
        first = world.add("1.0.0", scaled(2.0), 2.0)
        world.release(first)
        cdn.fault = None
        await until_async(table.ready)
        world.release(world.add("1.1.0", scaled(3.0), 3.0), previous=first)
        await until_async(lambda: ask(table) == ("1.1.0", 3.0))


@in_loop
async def test_a_defect_of_a_check_ends_no_polling(two, tmp_path, monkeypatch):
    monkeypatch.setattr("mobile_ai.edge.models.assemble._LOCAL_PERIOD", 0.1)
    async with opened(settings(tmp_path)) as table:
        check = table._entries["digits"].stable.source.__class__.check
        calls = []

        def failing_once(self):
            calls.append(self)
            if len(calls) == 1:
                raise RuntimeError("boom")
            return check(self)

        monkeypatch.setattr("mobile_ai.edge.models.folder.FolderSource.check", failing_once)
        two()
        await until_async(lambda: ask(table) == ("1.1.0", 3.0))
        assert len(calls) >= 2


@in_loop
async def test_a_full_disk_costs_no_served_version(two, tmp_path, monkeypatch):
    async with opened(settings(tmp_path)) as table:
        two()

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("mobile_ai.delivery.client.disk.write_whole", full)
        with pytest.raises(ModelUnavailableError, match="No space left"):
            await table.load("digits")
        assert ask(table) == ("1.0.0", 2.0)


@in_loop
async def test_changes_and_checks_are_counted(two, tmp_path):
    def count(name, *labels):
        keys = dict(
            zip(("model", "ring", *labels[:1]), ("digits", "general", *labels[1:]), strict=True)
        )
        return REGISTRY.get_sample_value(name, keys) or 0.0

    before = count("mobile_ai_model_swaps_total", "kind", "update")
    checks = count("mobile_ai_model_checks_total", "outcome", "current")
    async with opened(settings(tmp_path)) as table:
        two()
        await table.load("digits")
        await table.load("digits")
    assert count("mobile_ai_model_swaps_total", "kind", "update") == before + 2
    assert count("mobile_ai_model_checks_total", "outcome", "current") == checks + 1


@contextlib.contextmanager
def no_descriptors():
    """Have the process open no file, as when others hold its last descriptor."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@in_loop
async def test_what_runs_goes_on_while_no_file_can_be_opened(two, tmp_path):
    async with opened(settings(tmp_path)) as table:
        with no_descriptors():
            with pytest.raises(OSError, match="Too many open files"):
                (tmp_path / "any").read_bytes()
            with contextlib.suppress(ModelUnavailableError):
                await table.load("digits")
            assert ask(table) == ("1.0.0", 2.0)
            assert table.ready()
        two()
        await table.load("digits")
        assert ask(table) == ("1.1.0", 3.0)


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENOSPC, errno.EIO])
@in_loop
async def test_an_error_of_the_system_while_loading_bans_no_version(
    two, tmp_path, monkeypatch, code
):
    async with opened(settings(tmp_path)) as table:
        two()
        follower = table._entries["digits"].stable

        def fails(_self, _wanted):
            raise OSError(code, os.strerror(code))

        with monkeypatch.context() as patch:
            patch.setattr(type(follower), "_load", fails)
            await table.load("digits")
            assert ask(table) == ("1.0.0", 2.0)
            assert follower.last.reason == f"OSError: [Errno {code}] {os.strerror(code)}"
        await table.load("digits")
        assert ask(table) == ("1.1.0", 3.0)


@in_loop
async def test_a_file_that_became_another_is_withdrawn_while_it_runs(git, tmp_path):
    git.add("1.0.0", scaled(2.0), 2.0)
    async with opened(settings(tmp_path)) as table:
        follower = table._entries["digits"].stable
        follower.shelf.current().path.write_bytes(b"another")
        follower.source = Nothing()
        await follower.refresh()
        assert follower.served is None


class Nothing:
    """A source that has nothing."""

    def check(self):
        return UpdateOutcome(word="unreachable", reason="none")


@in_loop
async def test_a_client_that_sends_sizes_the_model_cannot_take_rolls_nothing_back(git, tmp_path):
    git.add("1.0.0", wide(2.0), 2.0)
    async with opened(settings(tmp_path, watch=QUICK)) as table:
        front = make_front(server_settings(), table)

        async def asked(width):
            answer = asyncio.get_running_loop().create_future()
            row = {"name": "x", "datatype": "FP32", "shape": [1, width], "data": [1.0] * width}
            front.infer(
                ("digits", None),
                (),
                json.dumps({"inputs": [row]}).encode(),
                address="",
                done=lambda head, _: answer.set_result(head.status),
            )
            return await answer

        assert await asked(4) == 200
        git.add("1.1.0", wide(3.0), 3.0)
        await table.load("digits")
        assert {await asked(5) for _ in range(60)} == {400}
        assert await asked(4) == 200
        assert states(table) == [("1.1.0", "READY")]
        # A width that worked before counts, also on a version that has served nothing yet.
        model = table._entries["digits"].stable.served.model
        model.run = _broken
        assert {await asked(4) for _ in range(10)} <= {500, 200}
        await until_async(lambda: ask(table) == ("1.0.0", 2.0))


def _broken(_batch):
    raise RuntimeError("broken")
