"""A fleet in numbers: what a rollout does to millions of devices before it does it."""

from delivery.fleet.simulate import FleetPlan, Step, simulate

__all__ = ["FleetPlan", "Step", "simulate"]
