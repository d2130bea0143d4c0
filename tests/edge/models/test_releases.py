"""Signed releases as a source: attacks, halts, restarts; the old version keeps running."""

from datetime import timedelta

import pytest

from tests.delivery.world import NOW, Cdn, deployment, flip
from tests.edge.models.world import (
    PLACEMENT,
    RINGS,
    ask,
    in_loop,
    opened,
    reason,
    scaled,
    states,
    subscribed,
)

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def first(world):
    """Release 1.0.0 to everybody."""
    pin = world.add("1.0.0", scaled(2.0), 2.0)
    world.release(pin)
    return pin


@in_loop
async def test_a_release_is_served_without_a_restart(world, cdn, first):
    async with opened(subscribed(world, cdn.url)) as table:
        assert ask(table) == ("1.0.0", 2.0)
        world.release(world.add("1.1.0", scaled(3.0), 3.0), previous=first)
        await table.load("digits")
        assert ask(table) == ("1.1.0", 3.0)


@in_loop
async def test_a_pod_takes_the_release_of_its_ring(world, cdn, first):
    world.release(world.add("1.1.0", scaled(3.0), 3.0), previous=first, stage="canary")
    follow = [{"model": "digits", "ring": "canary"}]

    async with opened(subscribed(world, cdn.url)) as table:
        assert ask(table) == ("1.0.0", 2.0)
    async with opened(subscribed(world, cdn.url, follow=follow)) as table:
        assert ask(table) == ("1.1.0", 3.0)


@in_loop
async def test_a_release_without_this_site_changes_nothing(world, cdn, first):
    elsewhere = ({**PLACEMENT[0], "site": "frankfurt"},)
    async with opened(subscribed(world, cdn.url)) as table:
        pin = world.add("1.1.0", scaled(3.0), 3.0)
        world.publish(
            deployment(pin, previous=first, placement=elsewhere, rings=RINGS),
        )
        await table.load("digits")
        assert ask(table) == ("1.0.0", 2.0)


@pytest.mark.usefixtures("first")
@in_loop
async def test_a_restart_without_network_serves_the_last_verified_model(world, cdn):
    given = subscribed(world, cdn.url)
    async with opened(given):
        pass
    cdn.close()

    async with opened(given) as table:
        assert ask(table) == ("1.0.0", 2.0)
        with pytest.raises(Exception, match=r"2\.root\.json: no answer"):
            await table.load("digits")
        assert ask(table) == ("1.0.0", 2.0)


@in_loop
async def test_two_servers_share_a_volume(world, cdn, first):
    given = subscribed(world, cdn.url)
    async with opened(given) as one, opened(given) as other:
        world.release(world.add("1.1.0", scaled(3.0), 3.0), previous=first)
        await one.load("digits")
        await other.load("digits")
        assert ask(one) == ask(other) == ("1.1.0", 3.0)


@in_loop
async def test_a_halted_version_is_withdrawn_and_comes_back(world, cdn, first):
    async with opened(subscribed(world, cdn.url)) as table:
        world.release(first, halted=True)
        with pytest.raises(Exception, match="halted"):
            await table.load("digits")
        assert not table.ready()
        assert "halted" in reason(table)
        world.release(first)
        with pytest.raises(Exception, match="halted"):
            await table.load("digits")
        world.lift()
        world.release(first)
        await table.load("digits")
        assert ask(table) == ("1.0.0", 2.0)


@in_loop
async def test_a_halted_version_gives_way_to_the_one_before(world, cdn, first):
    async with opened(subscribed(world, cdn.url)) as table:
        second = world.add("1.1.0", scaled(3.0), 3.0)
        world.release(second, previous=first)
        await table.load("digits")
        assert ask(table) == ("1.1.0", 3.0)
        world.release(second, previous=first, halted=True)
        await table.load("digits")
        assert ask(table) == ("1.0.0", 2.0)


def spoilt(change):
    """Return a fault that changes the bytes of models and patches."""

    def fault(request):
        if ".onnx" not in request.path and ".mdp" not in request.path:
            return False
        request.file(change)
        return True

    return fault


def tampered_bytes(_world, cdn):
    cdn.fault = spoilt(flip)


def truncated_bytes(_world, cdn):
    cdn.fault = spoilt(lambda data: data[:-10])


def wrong_role(world, _cdn):
    """Let the ring's key sign what only role ``models`` may name."""
    world.forge("models", lambda _: None, signers=world.signers["ring-general"])
    world.vouch(models=world.newest("models").signed.version)


def unsigned(world, _cdn):
    world.forge("ring-general", lambda _: None, signers=[])
    world.vouch(ring_general=world.newest("ring-general").signed.version)


def expired(world, _cdn):
    world.refresh(now=NOW - timedelta(days=3), life=timedelta(days=1))


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (tampered_bytes, "other bytes than signed"),
        (truncated_bytes, "received "),
        (wrong_role, "UnsignedMetadataError"),
        (unsigned, "UnsignedMetadataError"),
        (expired, "ExpiredMetadataError"),
    ],
)
@in_loop
async def test_an_attack_on_the_way_changes_nothing(world, cdn, first, attack, said):
    async with opened(subscribed(world, cdn.url)) as table:
        world.release(world.add("1.1.0", scaled(3.0), 3.0), previous=first)
        attack(world, cdn)
        with pytest.raises(Exception, match=said):
            await table.load("digits")

        assert ask(table) == ("1.0.0", 2.0)
        assert table.ready()


@in_loop
async def test_a_version_that_answers_wrongly_here_is_refused_and_remembered(world, cdn, first):
    async with opened(subscribed(world, cdn.url)) as table:
        world.release(world.add("1.1.0", scaled(3.0), 9.0), previous=first)
        with pytest.raises(Exception, match="an answer 6 off"):
            await table.load("digits")
        cdn.asked.clear()
        with pytest.raises(Exception, match="failed here before"):
            await table.load("digits")
        assert not any(".onnx" in path or ".mdp" in path for path in cdn.asked)
        assert ask(table) == ("1.0.0", 2.0)
        assert ("1.1.0", "UNAVAILABLE") in states(table)


@in_loop
async def test_what_the_image_brought_is_served_before_the_first_release(world, git):
    git.add("1.0.0", scaled(2.0), 2.0)
    cdn = Cdn(world.bucket)
    given = subscribed(
        world,
        cdn.url,
        local={"folder": git.models, "trust": git.trust},
        follow=[{"model": "digits", "variant": "int8-onnx"}],
    )
    cdn.close()

    async with opened(given) as table:
        assert ask(table) == ("1.0.0", 2.0)
