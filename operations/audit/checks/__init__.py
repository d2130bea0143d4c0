"""Checks that need only the state, the policy pack and Git."""

from typing import Final

from operations.audit.checks.expiry import approvals_not_near_expiry
from operations.audit.checks.pins import pins_as_in_git
from operations.audit.checks.tags import tags_deployed
from operations.audit.contract import Check

__all__ = ["STATE_CHECKS"]

STATE_CHECKS: Final[tuple[Check, ...]] = (
    pins_as_in_git,
    approvals_not_near_expiry,
    tags_deployed,
)
