"""The simulated fleet follows the rules of the real one."""

from dataclasses import replace

import pytest

from mobile_ai.delivery.rings import Ring
from tests.delivery.fleet.simulate import FleetPlan, simulate

PLAN = FleetPlan(
    devices=200_000,
    rings=(Ring(name="canary", share=50_000), Ring(name="general", share=1_000_000)),
    soak_hours=(24, 0),
    salt="camera-digits",
    patch_bytes=20_000,
    whole_bytes=100_000,
)


def test_before_the_soak_ends_only_the_canary_runs_it():
    steps = simulate(PLAN, 60)
    assert steps[23].running == pytest.approx(0.05 * PLAN.devices, rel=0.05)
    assert steps[59].running > 0.98 * PLAN.devices


def test_bytes_follow_who_had_an_earlier_version():
    total = sum(step.bytes for step in simulate(replace(PLAN, online=1.0), 60))
    assert total == pytest.approx(PLAN.devices * (0.9 * 20_000 + 0.1 * 100_000), rel=0.01)


def test_a_halt_in_the_canary_spares_everybody_else():
    steps = simulate(replace(PLAN, online=1.0, halt_hour=12), 60)
    assert max(step.running for step in steps) <= 0.052 * PLAN.devices
    assert steps[19].running == 0  # all have asked once more within a period


def test_load_is_even_over_the_period():
    even = PLAN.devices / (6 * 3_600)
    assert simulate(PLAN, 1)[0].peak_per_second < 4 * even


def test_devices_beyond_the_last_ring_never_get_it():
    plan = replace(PLAN, rings=(Ring(name="canary", share=50_000),), soak_hours=(0,), online=1.0)
    assert simulate(plan, 48)[-1].running == pytest.approx(0.05 * PLAN.devices, rel=0.05)


def test_the_same_seed_gives_the_same_rollout():
    assert simulate(PLAN, 10, seed=3) == simulate(PLAN, 10, seed=3)
