"""Checks of live systems beyond the state: objects, budgets, registry, clusters, devices.

Each is created with a client of its system and returns a ``Check``. The state records what the
engine made; these find changes made outside of it.
"""

from mobile_ai.operations.audit.live.budgets import budgets_there
from mobile_ai.operations.audit.live.devices import versions_heard
from mobile_ai.operations.audit.live.objects import objects_released, objects_unchanged
from mobile_ai.operations.audit.live.registry import aliases_follow_git
from mobile_ai.operations.audit.live.releases import released_objects
from mobile_ai.operations.audit.live.trail import Trail, no_trail
from mobile_ai.operations.audit.live.workloads import workloads_as_declared

__all__ = [
    "Trail",
    "aliases_follow_git",
    "budgets_there",
    "no_trail",
    "objects_released",
    "objects_unchanged",
    "released_objects",
    "versions_heard",
    "workloads_as_declared",
]
