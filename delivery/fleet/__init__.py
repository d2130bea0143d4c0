"""Fleet simulation of a rollout."""

from delivery.fleet.simulate import FleetPlan, Step, simulate

__all__ = ["FleetPlan", "Step", "simulate"]
