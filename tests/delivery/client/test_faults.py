"""Faults of servers, networks, disks and clocks."""

import errno
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tuf.ngclient._internal import trusted_metadata_set

from mobile_ai.delivery.client import active_model, disk, explain
from mobile_ai.delivery.client.state import load_state, save_state
from tests.delivery.world import check, deployment, device, flip, weights


@pytest.fixture
def release(world, phone):
    """Release 1.1.0 to a device that runs 1.0.0."""
    world.publish(deployment(world.new, previous=world.old))
    return phone


def only(part, answer):
    """Return a fault for paths that contain a text; ``answer`` gets the handler."""

    def fault(handler):
        if part not in handler.path:
            return False
        return answer(handler) is not False

    return fault


def keeps(phone):
    model = active_model(phone)
    return model.version == "1.0.0" and model.path.read_bytes() == weights(1)


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_server_that_fails_once_is_asked_again(cdn, release, status):
    failed = []

    def once(handler):
        if failed:
            return False
        failed.append(handler.path)
        handler.give(status, b"")
        return True

    cdn.fault = once
    assert check(release).version == "1.1.0"


def test_a_server_that_fails_always_is_out_of_reach(cdn, release):
    cdn.fault = only("timestamp", lambda handler: handler.give(503, b""))
    outcome = check(release)
    assert (outcome.word, keeps(release)) == ("unreachable", True)
    assert "503" in outcome.reason


def test_a_truncated_download_goes_on_where_it_broke_off(world, cdn, release):
    for path in (world.bucket / "targets").glob("*.mdp"):
        path.unlink()

    def cut(handler):
        data = (world.bucket / handler.path.lstrip("/")).read_bytes()
        if handler.headers.get("Range"):
            return False
        handler.give(200, data[:1000], length=len(data))
        return True

    cdn.fault = only("digits-int8.tflite", cut)
    assert check(release).word == "unreachable"
    assert keeps(release)
    assert check(release).version == "1.1.0"


def test_a_resumed_download_with_a_bad_beginning_starts_anew(world, release):
    for path in (world.bucket / "targets").glob("*.mdp"):
        path.unlink()
    new = weights(1, moved=0.05)
    target = next(p for p in (world.bucket / "targets").glob("*.tflite") if p.read_bytes() == new)
    part = release.folder / "parts" / target.name.split(".")[0]
    disk.write_whole(part, flip(new[:500]))
    assert check(release).version == "1.1.0"


def test_a_server_without_ranges_sends_the_whole_file(world, cdn, release):
    for path in (world.bucket / "targets").glob("*.mdp"):
        path.unlink()
    new = weights(1, moved=0.05)
    cdn.fault = only("digits-int8.tflite", lambda handler: handler.give(200, new))
    target = next(p for p in (world.bucket / "targets").glob("*.tflite") if p.read_bytes() == new)
    disk.write_whole(release.folder / "parts" / target.name.split(".")[0], new[:500])
    assert check(release).version == "1.1.0"


@pytest.mark.parametrize("change", [flip, lambda data: data + b"x", lambda data: data[:-1]])
@pytest.mark.parametrize("part", ["timestamp.json", "snapshot.json", ".models.json", "/rings/"])
def test_wrong_bytes_of_any_document_change_nothing(cdn, release, part, change):
    cdn.fault = only(part, lambda handler: handler.file(change))
    outcome = check(release)
    assert outcome.word in {"refused", "unreachable", "installed"}
    # Trailing white space does not change metadata whose length is not signed.
    assert keeps(release) or outcome.word == "installed"
    cdn.fault = None
    assert check(release).version == "1.1.0"


@pytest.mark.slow
def test_a_stalled_server_is_given_up(cdn, release):
    def stall(handler):
        stall(3)
        handler.close_connection = True

    cdn.fault = only("timestamp", stall)
    assert check(release).word == "unreachable"
    assert keeps(release)


def test_redirects_are_not_followed(cdn, release):
    def loop(handler):
        handler.give(302, b"", Location=handler.path)

    cdn.fault = only("timestamp", loop)
    outcome = check(release)
    assert outcome.word == "unreachable"
    assert sum("timestamp" in path for path in cdn.asked) <= 2 * 2
    assert keeps(release)


def test_a_full_disk_keeps_the_old_model(release, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        outcome = check(release)
    assert (outcome.word, keeps(release)) == ("refused", True)
    assert "No space left" in outcome.reason
    assert check(release).version == "1.1.0"


@pytest.mark.parametrize(("days", "word"), [(-2, "installed"), (3, "refused"), (4_000, "refused")])
def test_a_wrong_clock_breaks_nothing(release, monkeypatch, days, word):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz or UTC) + timedelta(days=days)

    with monkeypatch.context() as patched:
        patched.setattr(trusted_metadata_set.datetime, "datetime", Clock)
        outcome = check(release)
    assert outcome.word == word
    assert keeps(release) == (word == "refused")
    assert check(release).version == "1.1.0"


@pytest.mark.usefixtures("phone")
def test_no_network_at_all_starts_with_what_is_there(world):
    offline = device(world, "http://127.0.0.1:9")
    assert check(offline).word == "unreachable"
    assert keeps(offline)


def test_a_damaged_state_file_counts_as_a_new_device(phone):
    phone.state_file.write_bytes(b"{")
    assert active_model(phone).path is None
    assert check(phone).word == "installed"
    assert active_model(phone).version == "1.0.0"


def test_damaged_local_metadata_is_taken_anew(phone):
    for path in (phone.folder / "metadata").glob("*.json"):
        if not path.is_symlink():
            path.write_bytes(b"{")
    assert check(phone).word == "current"


@pytest.mark.parametrize("code", [errno.EMFILE, errno.EACCES, errno.EIO])
def test_a_state_that_cannot_be_read_now_keeps_its_halts(phone, monkeypatch, code):
    before = load_state(phone.state_file).with_halts({"1" * 64: ("0" * 64,)})
    save_state(phone.state_file, before)
    read = Path.read_bytes

    def fail(path):
        if path == phone.state_file:
            raise OSError(code, os.strerror(code))
        return read(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", fail)
        outcome = check(phone)
        model = active_model(phone)
        told = dict(explain(phone))
    assert outcome.word == "refused"
    assert (model.path, model.version) == (None, "none")
    assert "the state cannot be read now" in model.reason
    assert told["last check"].startswith("not readable now")
    after = load_state(phone.state_file)
    assert (after.installation, after.halts) == (before.installation, before.halts)


@pytest.mark.parametrize("kind", ["folder", "loop"])
def test_what_no_later_attempt_can_read_counts_as_a_new_device(tmp_path, kind):
    path = tmp_path / "state.json"
    path.mkdir() if kind == "folder" else path.symlink_to(path)
    assert load_state(path).active is None


def test_an_application_that_is_not_released_is_named(phone):
    outcome = check(replace(phone, app="nobody"))
    assert outcome.word == "refused"
    assert f"deployment nobody-{phone.model}: got no " in outcome.reason
    assert "mobile-ai release status" in outcome.reason


def test_a_state_that_was_refused_keeps_its_installation_id(release, cdn):
    before = load_state(release.state_file).installation
    cdn.fault = only("timestamp", lambda handler: handler.give(503, b""))
    check(release)
    assert load_state(release.state_file).installation == before
