"""Fleet simulation of a rollout."""

from mobile_ai.delivery.fleet.simulate import FleetPlan, Step, simulate

__all__ = ["FleetPlan", "Step", "simulate"]
