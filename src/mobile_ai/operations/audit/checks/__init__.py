"""Checks that need only the state, the policy pack and Git."""

from typing import Final

from mobile_ai.operations.audit.checks.expiry import approvals_not_near_expiry
from mobile_ai.operations.audit.checks.pins import pins_as_in_git
from mobile_ai.operations.audit.checks.tags import tags_deployed
from mobile_ai.operations.audit.contract import Check

__all__ = ["STATE_CHECKS"]

STATE_CHECKS: Final[tuple[Check, ...]] = (
    pins_as_in_git,
    approvals_not_near_expiry,
    tags_deployed,
)
"""Checks that need the state and Git alone."""
