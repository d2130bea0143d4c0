"""Several updaters in one folder: one works, the others report busy and load the present model."""

import json
import multiprocessing
import threading
from dataclasses import replace
from itertools import pairwise

import pytest

from mobile_ai.delivery.client import Device, active_model, load_model, reject, update
from mobile_ai.delivery.client.disk import write_pieces, write_whole
from mobile_ai.delivery.client.lock import BusyError, only_updater
from mobile_ai.delivery.client.state import load_state
from tests.delivery.world import QUICK, answer, check, deployment, device, weights

FORK = multiprocessing.get_context("fork")
SECONDS = 60


def in_process(work):
    """Return the result of a function run in another process."""
    inlet, outlet = FORK.Pipe(duplex=False)
    child = FORK.Process(target=lambda: outlet.send(work()))
    child.start()
    assert inlet.poll(SECONDS)
    found = inlet.recv()
    child.join(SECONDS)
    return found


def test_a_second_process_is_told_that_another_is_at_work(phone):
    with only_updater(phone.folder):
        outcome = in_process(lambda: check(phone))
        assert outcome.word == "busy"
        assert in_process(lambda: load_model(phone).data) == weights(1)
    assert in_process(lambda: check(phone)).word == "current"


def test_a_second_thread_is_told_too(phone):
    found = []
    with only_updater(phone.folder):
        thread = threading.Thread(target=lambda: found.append(check(phone).word))
        thread.start()
        thread.join(SECONDS)
    assert found == ["busy"]


def test_two_paths_of_one_folder_are_one(phone):
    (phone.folder.parent / "link").symlink_to(phone.folder)
    with only_updater(phone.folder):
        assert check(replace(phone, folder=phone.folder.parent / "link")).word == "busy"


def test_a_child_of_the_holder_does_not_hold(phone):
    with only_updater(phone.folder):
        assert in_process(lambda: check(phone).word) == "busy"
    with only_updater(phone.folder):
        pass


def test_a_killed_holder_holds_no_more(phone):
    def die():
        with only_updater(phone.folder):
            outlet.send("held")
            threading.Event().wait(SECONDS)

    inlet, outlet = FORK.Pipe(duplex=False)
    child = FORK.Process(target=die)
    child.start()
    assert inlet.poll(SECONDS)
    assert check(phone).word == "busy"
    child.kill()
    child.join(SECONDS)
    assert check(phone).word == "current"


def test_the_lock_file_stays(phone):
    before = (phone.folder / "update.lock").stat().st_ino
    check(phone)
    assert (phone.folder / "update.lock").stat().st_ino == before


def test_a_patient_updater_waits_for_its_turn(phone):
    held, free = threading.Event(), threading.Event()

    def hold():
        with only_updater(phone.folder):
            held.set()
            free.wait(SECONDS)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(SECONDS)
    threading.Timer(0.1, free.set).start()
    assert update(phone, run=answer, patience=SECONDS).word == "current"
    thread.join(SECONDS)


def test_a_rejection_waits_and_is_not_lost(phone):
    with only_updater(phone.folder), pytest.raises(BusyError, match="another updater"):
        reject(phone, "0" * 64, "crashes", patience=0.0)
    reject(phone, "0" * 64, "crashes")
    assert load_state(phone.state_file).failed == {"0" * 64: "crashes"}


def _updates(arguments):
    url, folder, root, count = arguments
    one = Device(
        folder=folder, root=root, url=url, app="camera", model="digits", app_version="2.0.0",
        place={"deviceClass": "mid-range"}, ring="general", limits=QUICK,
    )  # fmt: skip
    return [(update(one, run=answer).word, load_model(one).version) for _ in range(count)]


def test_many_updaters_leave_one_identity_and_a_state_that_is_always_whole(world, cdn):
    pin = world.make("1.0.0", weights(1, size=200_000))
    world.publish(deployment(pin))
    folder = world.folder / "shared"
    seen = []
    with FORK.Pool(5) as pool:
        running = pool.map_async(_updates, [(cdn.url, folder, world.root, 6)] * 5)
        while not running.ready():
            try:
                seen.append(json.loads((folder / "state.json").read_bytes()))
            except FileNotFoundError:
                continue
        outcomes = [item for items in running.get(SECONDS) for item in items]
    words = {word for word, _ in outcomes}
    assert words <= {"installed", "current", "busy"}, outcomes
    assert sum(word == "installed" for word, _ in outcomes) == 1
    assert len({value["installation"] for value in seen}) == 1
    assert all(a["generation"] <= b["generation"] for a, b in pairwise(seen))
    assert load_model(device(world, cdn.url, folder=folder)).version == "1.0.0"
    assert not list(folder.rglob("*.new"))


def test_a_check_that_began_before_a_halt_does_not_undo_it(world, phone, monkeypatch):
    """The second check runs while the first is between reading the halts and saving."""
    import sys  # noqa: PLC0415

    from mobile_ai.delivery.client import update as _  # noqa: F401, PLC0415

    module = sys.modules["mobile_ai.delivery.client.update"]
    real, nested = module._consider, []

    def consider(*arguments):
        if not nested:
            nested.append("")
            world.publish(deployment(world.old, halted=True))
            nested.append(in_process(lambda: check(phone).word))
        return real(*arguments)

    monkeypatch.setattr(module, "_consider", consider)
    check(phone)
    assert nested == ["", "busy"]
    assert check(phone).word == "halted"
    assert active_model(phone).path is None
    assert load_state(phone.state_file).halts


def test_writers_of_one_file_never_share_what_is_half_written(tmp_path):
    path = tmp_path / "file"
    begun = threading.Event()

    def pieces():
        yield b"a" * 100
        begun.set()
        write_whole(path, b"b" * 10)
        yield b"a" * 100

    write_pieces(path, pieces())
    assert begun.is_set()
    assert path.read_bytes() == b"a" * 200
    assert [item.name for item in tmp_path.iterdir()] == ["file"]


def test_a_failed_write_leaves_nothing_beside(tmp_path):
    def pieces():
        yield b"a"
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        write_pieces(tmp_path / "file", pieces())
    assert list(tmp_path.iterdir()) == []
