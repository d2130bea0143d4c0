"""Encrypted cache: updates work as before, and no model is stored in plain text."""

from dataclasses import replace

import pytest

from mobile_ai.delivery.client import active_model, load_model
from mobile_ai.delivery.client.cache_encryption import read_key, seal, unseal
from mobile_ai.delivery.errors import UpdateError
from tests.delivery.world import check, deployment, device, weights

KEY = bytes(range(32))
OLD, NEW = weights(1), weights(1, moved=0.05)


@pytest.fixture
def sealed(world, cdn):
    """Return a device with a key that runs 1.0.0."""
    world.old, world.new = world.make("1.0.0", OLD), world.make("1.1.0", NEW)
    world.publish(deployment(world.old))
    made = device(world, cdn.url, key=KEY)
    assert check(made).word == "installed"
    return made


def test_a_sealed_device_updates_by_patch_and_loads_what_it_installed(world, sealed):
    world.publish(deployment(world.new, previous=world.old))
    assert check(sealed).reason == "1.1.0 came hdiff"
    loaded = load_model(sealed)
    assert (loaded.data, loaded.version) == (NEW, "1.1.0")


def test_no_file_of_a_sealed_device_holds_the_model(sealed):
    pieces = [OLD[at : at + 64] for at in range(0, len(OLD), 512)]
    for path in sealed.folder.rglob("*"):
        if path.is_file():
            assert not any(piece in path.read_bytes() for piece in pieces), path


def test_with_another_key_the_model_is_downloaded_again(sealed):
    other = replace(sealed, key=bytes(32))
    assert load_model(other).data is None
    assert check(other).word == "installed"
    assert load_model(other).data == OLD


def test_a_sealed_file_that_was_changed_or_swapped_is_not_loaded(sealed):
    path = active_model(sealed).path
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert load_model(sealed).data is None
    path.write_bytes(seal(KEY, "0" * 64, OLD))
    assert load_model(sealed).data is None


def test_an_open_cache_gets_sealed_when_a_key_comes(phone):
    later = replace(phone, key=KEY)
    assert check(later).word == "installed"
    assert load_model(later).data == OLD


def test_every_seal_is_another():
    assert seal(KEY, "a", b"model") != seal(KEY, "a", b"model")
    assert unseal(KEY, "a", seal(KEY, "a", b"model")) == b"model"
    assert unseal(KEY, "a", b"") is None


@pytest.mark.parametrize("content", [KEY, KEY.hex().encode(), KEY.hex().encode() + b"\n"])
def test_a_key_file_holds_bytes_or_hexadecimal(tmp_path, content):
    (tmp_path / "key").write_bytes(content)
    assert read_key(tmp_path / "key") == KEY


@pytest.mark.parametrize("content", [b"", b"short", b"00" * 15, b"\xff" * 33])
def test_any_other_key_file_is_refused(tmp_path, content):
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(UpdateError, match="32 random bytes"):
        read_key(tmp_path / "key")
    with pytest.raises(UpdateError):
        read_key(tmp_path / "none")


def test_what_is_loaded_was_verified_at_this_load(phone):
    assert load_model(phone).data == OLD
    active_model(phone).path.write_bytes(NEW)
    assert load_model(phone).data is None


def test_an_embedded_model_that_was_changed_is_not_loaded(tmp_path, phone):
    embedded = tmp_path / "embedded"
    embedded.write_bytes(OLD)
    fresh = replace(phone, folder=tmp_path / "fresh", embedded=embedded)
    assert load_model(fresh).data == OLD
    checked = replace(fresh, embedded_sha256="0" * 64)
    assert (load_model(checked).data, active_model(checked).path) == (None, None)
    assert "embedded model was changed" in active_model(checked).reason
