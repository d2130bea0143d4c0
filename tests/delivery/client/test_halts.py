"""Halted models are never loaded; only a lift by role models lets them run again."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tuf.api.metadata import TargetFile

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.delivery.client import active_model, explain, load_model
from mobile_ai.delivery.client.state import load_state, save_state
from mobile_ai.delivery.halts import HaltDocument, LiftDocument
from mobile_ai.delivery.repository.folder import read_releases
from tests.delivery.world import NOW, check, deployment, device, new_signers, weights

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/halts.json").read_bytes())


@pytest.fixture
def updated(world, phone):
    """Return a device that went from 1.0.0 to 1.1.0."""
    world.publish(deployment(world.new, previous=world.old))
    assert check(phone).version == "1.1.0"
    return phone


@pytest.fixture
def embedded(world, cdn, tmp_path):
    """Return a device that runs the embedded model, version 1.0.0."""
    world.old = world.make("1.0.0", weights(1))
    path = tmp_path / "embedded.tflite"
    path.write_bytes(weights(1))
    return device(world, cdn.url, embedded=path)


def halt_document(world, entries):
    """Return a halt document as a target that the halt key can sign, and put it in the bucket."""
    data = json.dumps({"kind": "Halt", "halted": entries}).encode()
    world.put(f"targets/{sha256_bytes(data)}.halt.json", data)
    return TargetFile(len(data), {"sha256": sha256_bytes(data)}, "halt.json")


def halted_ids(world):
    return [item.id for item in read_releases(world.releases).halts]


def test_a_halted_version_gives_way_to_the_last_known_good(world, updated):
    world.publish(deployment(world.new, previous=world.old, halted=True))
    outcome = check(updated)
    assert (outcome.word, outcome.version) == ("halted", "1.1.0")
    assert load_model(updated).data == weights(1)


def test_nothing_halted_is_left_to_load(world, updated):
    world.publish(deployment(world.new, previous=world.old, halted=True))
    check(updated)
    world.publish(deployment(world.old, halted=True))
    assert check(updated).word == "halted"
    assert active_model(updated).path is None
    assert load_model(updated).data is None
    assert "1.1.0 is halted; last known good 1.0.0 is halted" in active_model(updated).reason


def test_a_halted_embedded_model_is_not_loaded(world, embedded):
    world.publish(deployment(world.old, halted=True))
    outcome = check(embedded)
    assert outcome.word == "halted"
    assert active_model(embedded).path is None
    assert load_model(embedded).data is None
    assert "the embedded model is halted" in active_model(embedded).reason


def test_a_fallback_to_a_halted_embedded_model_is_off(world, embedded):
    world.publish(deployment(world.old))
    assert check(embedded).word == "installed"
    world.publish(deployment(world.old, halted=True))
    check(embedded)
    assert active_model(embedded).path is None


def test_a_halted_model_is_no_base_of_patches(world, updated, cdn):
    third = world.make("1.2.0", weights(1, moved=0.06))
    world.publish(deployment(world.new, previous=world.old, halted=True))
    world.publish(deployment(third, previous=world.old))
    assert check(updated).version == "1.2.0"
    used = [path for path in cdn.asked if path.endswith(".mdp")]
    assert not [path for path in used if ".from-1.1.0." in path]
    assert load_state(updated.state_file).previous is None


def test_the_halt_is_stored_before_rings_and_models_are_read(world, updated):
    world.publish(deployment(world.new, previous=world.old, halted=True))
    other = new_signers()
    for role in ("models", "ring-general"):  # nothing of either verifies any more
        number = world.forge(role, lambda _: None, signers=other[role])
        world.vouch(**{role.replace("-", "_"): number})
    assert check(updated).word == "refused"
    assert load_model(updated).data == weights(1)


def test_a_halt_is_read_before_the_ring_table(world, updated, cdn):
    world.publish(deployment(world.new, previous=world.old, halted=True))
    cdn.asked.clear()
    check(updated)
    names = [path.rpartition("/")[2] for path in cdn.asked]
    halt = next(at for at, name in enumerate(names) if name.endswith(".halt.json"))
    others = [at for at, name in enumerate(names) if "models.json" in name or "ring-" in name]
    assert all(halt < at for at in others)


@pytest.mark.parametrize("then", ["resumed", "rolled back", "another version"])
def test_no_stack_file_lifts_a_halt(world, updated, then):
    world.publish(deployment(world.new, previous=world.old, halted=True))
    check(updated)
    third = world.make("1.2.0", weights(7))
    after = {
        "resumed": deployment(world.new, previous=world.old),
        "rolled back": deployment(world.old),
        "another version": deployment(third, previous=world.new),
    }[then]
    world.publish(after)
    check(updated)
    halted = sha256_bytes(weights(1, moved=0.05))
    assert load_state(updated.state_file).stops(halted)
    assert load_model(updated).data != weights(1, moved=0.05)
    world.publish(deployment(world.new, previous=world.old))
    assert check(updated).word == "halted"
    assert load_model(updated).data != weights(1, moved=0.05)


def test_a_new_device_is_told_of_halts_that_the_stack_file_forgot(world, updated):
    world.publish(deployment(world.new, previous=world.old, halted=True))
    world.publish(deployment(world.old))
    fresh = replace(updated, folder=world.folder / "fresh")
    check(fresh)
    assert load_state(fresh.state_file).stops(sha256_bytes(weights(1, moved=0.05)))


def test_a_shorter_halt_document_lifts_nothing(world, updated):
    world.publish(deployment(world.new, previous=world.old, halted=True))
    check(updated)
    empty = halt_document(world, [])
    world.vouch(halt=world.forge("halt", lambda signed: signed.targets.update({empty.path: empty})))
    check(updated)
    assert load_model(updated).data == weights(1)


def test_the_halt_key_cannot_lift(world, updated):
    world.publish(deployment(world.new, previous=world.old, halted=True))
    check(updated)
    data = json.dumps({"kind": "Lift", "lifted": halted_ids(world)}).encode()
    world.put(f"targets/{sha256_bytes(data)}.lifts.json", data)
    target = TargetFile(len(data), {"sha256": sha256_bytes(data)}, "lifts.json")
    add = lambda signed: signed.targets.update({target.path: target})  # noqa: E731
    world.vouch(halt=world.forge("halt", add), ring_general=world.forge("ring-general", add))
    check(updated)
    assert load_model(updated).data == weights(1)
    number = world.forge("models", add, signers=world.signers["models"][:1])
    world.vouch(models=number)
    check(updated)
    assert load_model(updated).data == weights(1)


def test_a_lift_by_role_models_lets_the_version_run_again(world, updated):
    world.publish(deployment(world.new, previous=world.old, halted=True))
    check(updated)
    world.lift()
    world.publish(deployment(world.new, previous=world.old))
    assert check(updated).word == "current"
    assert load_model(updated).data == weights(1, moved=0.05)
    assert not load_state(updated.state_file).halts


def test_a_lift_that_cannot_be_read_lifts_nothing(world, updated, cdn):
    world.publish(deployment(world.new, previous=world.old, halted=True))
    check(updated)
    world.lift()
    world.publish(deployment(world.new, previous=world.old))
    cdn.fault = lambda handler: "lifts.json" in handler.path and (handler.give(404, b"") or True)
    assert check(updated).word == "halted"
    assert load_model(updated).data == weights(1)
    assert "404" in dict(explain(updated))["lifts"]


def test_a_halt_after_a_lift_is_another_halt(world, updated):
    world.publish(deployment(world.new, previous=world.old, halted=True))
    first = halted_ids(world)
    world.lift()
    world.publish(deployment(world.new, previous=world.old))
    world.publish(deployment(world.new, previous=world.old, halted=True))
    assert set(halted_ids(world)).isdisjoint(first)
    assert check(updated).word == "halted"


def stale(world, cdn, how):
    if how == "expired":

        def change(signed):
            signed.expires = NOW.replace(microsecond=0) - timedelta(days=1)

        world.vouch(halt=world.forge("halt", change))
    elif how == "not signed":
        world.vouch(halt=world.forge("halt", lambda _: None, signers=new_signers()["halt"]))
    elif how == "names nothing":
        world.vouch(halt=world.forge("halt", lambda signed: signed.targets.clear()))
    elif how == "no document":
        bad = TargetFile(2, {"sha256": sha256_bytes(b"{}")}, "halt.json")
        world.put(f"targets/{sha256_bytes(b'{}')}.halt.json", b"{}")
        world.vouch(halt=world.forge("halt", lambda signed: signed.targets.update({bad.path: bad})))
    else:
        world.vouch(halt=world.forge("halt", lambda _: None))
        cdn.fault = lambda handler: "halt.json" in handler.path and (handler.give(404, b"") or True)


STALE = ["expired", "not signed", "names nothing", "no document", "missing"]


@pytest.mark.parametrize("how", STALE)
def test_without_todays_halts_nothing_new_is_activated(world, phone, cdn, how):
    world.publish(deployment(world.new, previous=world.old))
    stale(world, cdn, how)
    cdn.asked.clear()
    outcome = check(phone)
    assert outcome.word == "halt-stale"
    assert "halts are stale" in outcome.reason
    assert load_model(phone).data == weights(1)
    assert not any("tflite" in path or ".mdp" in path for path in cdn.asked)


@pytest.mark.parametrize("how", STALE)
def test_without_todays_halts_a_device_goes_back_to_what_it_ran(world, updated, cdn, how):
    world.publish(deployment(world.old))
    stale(world, cdn, how)
    assert check(updated).version == "1.0.0"
    assert load_model(updated).data == weights(1)


@pytest.mark.parametrize("how", STALE)
def test_without_todays_halts_the_remembered_ones_stay(world, updated, cdn, how):
    world.publish(deployment(world.new, previous=world.old, halted=True))
    check(updated)
    stale(world, cdn, how)
    check(updated)
    assert load_model(updated).data == weights(1)


def test_without_todays_halts_and_nothing_new_it_is_said(world, phone, cdn):
    stale(world, cdn, "expired")
    assert check(phone).word == "halt-stale"
    assert load_model(phone).data == weights(1)


def test_a_state_of_the_schema_before_does_not_let_a_halted_model_run(phone):
    value = json.loads(phone.state_file.read_bytes())
    before = {key: value[key] for key in value if key not in {"generation", "halts", "ran"}}
    before |= {"schema": 1, "halted": None}
    phone.state_file.write_text(json.dumps(before))
    assert active_model(phone).version == "1.0.0"
    phone.state_file.write_text(json.dumps(before | {"halted": "embedded"}))
    assert active_model(phone).path is None
    assert load_state(phone.state_file).installation == value["installation"]


def test_a_save_by_who_read_before_another_is_refused(phone):
    begun = load_state(phone.state_file)
    save_state(phone.state_file, begun.with_halts({"0" * 64: ("1" * 64,)}))
    with pytest.raises(Exception, match="generation"):
        save_state(phone.state_file, begun)
    assert load_state(phone.state_file).stops("1" * 64)


def test_why_names_the_halt_by_its_whole_id(world, updated):
    world.publish(deployment(world.new, previous=world.old, halted=True))
    check(updated)
    assert halted_ids(world)[0] in dict(explain(updated))["halted"]


@pytest.mark.parametrize("case", VECTORS["ids"], ids=lambda case: case["says"])
def test_ids_of_halts_are_those_of_the_vectors(case):
    document = HaltDocument.model_validate_json(json.dumps(case["document"]))
    assert [item.id for item in document.halted] == case["ids"]


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["says"])
def test_documents_that_are_none_are_those_of_the_vectors(case):
    kind = HaltDocument if case["document"]["kind"] != "Lift" else LiftDocument
    with pytest.raises(ValueError, match="validation error"):
        kind.model_validate_json(json.dumps(case["document"]))


@pytest.mark.parametrize("case", VECTORS["memory"], ids=lambda case: case["says"])
def test_what_a_device_remembers_is_what_the_vectors_say(phone, case):
    state = load_state(phone.state_file)
    for step in case["steps"]:
        state = state.with_halts({key: tuple(value) for key, value in step["listed"].items()})
        state = state.without_halts(step["lifted"])
    assert sorted(state.halts) == case["remembered"]
