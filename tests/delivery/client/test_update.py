"""Checks for updates: their cost, outcome and recorded decision."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mobile_ai.contracts.telemetry import check_event
from mobile_ai.delivery.client import active_model, explain, next_check
from mobile_ai.delivery.client.events import EventSpool
from mobile_ai.delivery.client.state import DeviceState, Installed, load_state, save_state
from mobile_ai.delivery.rings import cohort, point
from tests.delivery.world import check, deployment, device, weights


def test_nothing_new_costs_two_requests_and_four_kilobytes(cdn, phone):
    cdn.asked.clear()
    cdn.sent = 0
    assert check(phone).word == "current"
    assert cdn.asked == ["/metadata/2.root.json", "/metadata/timestamp.json"]
    assert cdn.sent <= 4_000


def test_a_small_change_comes_as_a_patch(world, phone):
    world.publish(deployment(world.new, previous=world.old))
    outcome = check(phone)
    assert outcome.version == "1.1.0"
    assert outcome.downloaded < 0.6 * len(weights(1))
    assert active_model(phone).path.read_bytes() == weights(1, moved=0.05)


def test_a_device_outside_the_ring_reached_keeps_the_previous_version(world, phone):
    world.publish(deployment(world.new, previous=world.old, stage="canary"))
    assert check(phone).word == "current"
    assert check(replace(phone, ring="canary")).version == "1.1.0"


def test_the_cohort_decides_the_ring(world, cdn):
    world.old = world.make("1.0.0", weights(1))
    world.new = world.make("1.1.0", weights(1, moved=0.05))
    world.publish(deployment(world.new, previous=world.old, stage="canary"))
    for number in range(30):
        one = device(world, cdn.url, ring=None, folder=world.folder / f"device-{number}")
        state = DeviceState(installation=f"{number:032x}")
        save_state(one.state_file, state)
        early = cohort(point(state.installation), point("camera-digits")) < 100_000
        assert check(one).version == ("1.1.0" if early else "1.0.0")


def test_a_rollback_is_a_newer_release_of_older_content(world, phone):
    world.publish(deployment(world.new, previous=world.old))
    assert check(phone).version == "1.1.0"
    world.publish(deployment(world.old))
    assert check(phone).version == "1.0.0"
    assert active_model(phone).version == "1.0.0"
    assert load_state(phone.state_file).previous is None


@pytest.mark.parametrize(("mode", "path"), [("embedded", "embedded.tflite"), ("off", None)])
def test_a_halted_version_falls_back_as_its_manifest_says(world, cdn, tmp_path, mode, path):
    pin = world.make("1.0.0", weights(1), fallback=mode)
    world.publish(deployment(pin))
    (tmp_path / "embedded.tflite").write_bytes(weights(5))
    phone = device(world, cdn.url, embedded=tmp_path / "embedded.tflite")
    check(phone)
    world.publish(deployment(pin, halted=True))
    assert check(phone).word == "halted"
    found = active_model(phone).path
    assert (found.name if found else None) == path


def test_a_halted_version_reaches_nobody_new(world, phone, cdn):
    world.publish(deployment(world.new, previous=world.old, halted=True))
    cdn.asked.clear()
    assert check(phone).word == "halted"
    assert active_model(phone).version == "1.0.0"
    assert not any("tflite" in path or ".mdp" in path for path in cdn.asked)


def test_a_model_that_answers_otherwise_is_refused_and_remembered(world, phone, cdn):
    wrong = world.make("2.0.0", weights(3), wrong_answer=True)
    world.publish(deployment(wrong, previous=world.old))
    outcome = check(phone)
    assert outcome.word == "refused"
    assert "self-test" in outcome.reason
    assert active_model(phone).version == "1.0.0"
    cdn.asked.clear()
    again = check(phone)
    assert "failed here before" in again.reason
    assert len(cdn.asked) == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"app_version": "0.9"}, "app version 0.9, needs 1.0.0"),
        ({"ram_mb": 32}, "memory MB 32, needs 64"),
        ({"ios": "14.8"}, "iOS 14.8, needs 15.0"),
    ],
)
def test_a_device_that_lacks_something_is_told_what(world, cdn, changes, words):
    world.publish(deployment(world.make("1.0.0", weights(1))))
    outcome = check(device(world, cdn.url, **changes))
    assert (outcome.word, words in outcome.reason) == ("none", True)


def test_a_weaker_phone_gets_nothing_made_for_stronger_ones(world, cdn):
    strong = ({"target": "on-device", "variant": "int8", "deviceClass": "high-end"},)
    world.publish(deployment(world.make("1.0.0", weights(1)), placement=strong))
    assert check(device(world, cdn.url)).word == "none"


def test_an_edge_pod_subscribes_as_a_phone_does(world, cdn):
    edge = ({"target": "edge", "variant": "int8", "site": "lab"},)
    world.publish(deployment(world.make("1.0.0", weights(1)), placement=edge))
    pod = device(world, cdn.url, target="edge", place={"site": "lab"})
    assert check(pod).word == "installed"
    assert check(replace(pod, place={"site": "elsewhere"})).word == "none"


def test_events_are_as_the_telemetry_api_takes_them(phone):
    events = EventSpool(phone.folder / "events.jsonl").read()
    assert [event["outcome"] for event in events] == ["installed"]
    assert check_event(events[0], now=datetime.now(UTC)) is None
    EventSpool(phone.folder / "events.jsonl").sent([events[0]["event_id"]])
    assert EventSpool(phone.folder / "events.jsonl").read() == []


def test_no_event_holds_the_installation_id(phone):
    text = (phone.folder / "events.jsonl").read_text()
    assert load_state(phone.state_file).installation not in text


def test_why_names_ring_and_reason(phone):
    lines = dict(explain(phone))
    assert lines["runs"] == "digits 1.0.0: installed"
    assert lines["ring"] == "general (configured)"
    assert "installed" in lines["last check"]


def test_only_what_is_needed_stays_on_the_device(world, phone):
    world.publish(deployment(world.new, previous=world.old))
    check(phone)
    third = world.make("1.2.0", weights(1, moved=0.1))
    world.publish(deployment(third, previous=world.new))
    check(phone)
    models = [p for p in (phone.folder / "objects").iterdir() if p.stat().st_size == 4096]
    assert len(models) == 2
    assert list((phone.folder / "parts").iterdir()) == []


def test_devices_ask_at_different_times_and_back_off():
    period = 3_600.0
    times = sorted(next_check(f"{n:032x}", period=period, now=1e9) for n in range(1_000))
    assert times[-1] - times[0] > 0.98 * period
    assert max(b - a for a, b in itertools.pairwise(times)) < 0.02 * period
    one = "0" * 32
    assert next_check(one, period=period, now=1e9, failures=3) - next_check(
        one, period=period, now=1e9
    ) == pytest.approx(7 * period)


def test_a_halted_model_is_nothing_to_fall_back_to():
    item = Installed(
        sha256="0" * 64, length=1, version="1.0.0", variant="int8", format="tflite",
        manifest_sha256="0" * 64, ring="general", fallback="off",
    )  # fmt: skip
    state = DeviceState(installation="x", active=item, halts={"1" * 64: ("0" * 64,)})
    assert state.with_active(replace(item, version="2.0.0")).previous is None


def test_a_signed_policy_goes_with_model_files_only_and_into_no_message(world, cdn, phone):
    world.publish(deployment(world.new, previous=world.old))
    allowed = replace(phone, access="Policy=secret-policy")
    cdn.asked = []
    assert check(allowed).version == "1.1.0"
    assert {path for path in cdn.asked if "?" in path} == {
        path for path in cdn.asked if path.startswith("/targets/")
    }
    fresh = replace(allowed, folder=world.folder / "fresh")
    cdn.fault = lambda handler: "?" in handler.path and (handler.give(403, b"") or True)
    outcome = check(fresh)
    assert (outcome.word, "status 403" in outcome.reason) == ("unreachable", True)
    assert not any(
        b"secret-policy" in path.read_bytes() for path in fresh.folder.rglob("*") if path.is_file()
    )
    assert "secret-policy" not in f"{outcome}{fresh}"
