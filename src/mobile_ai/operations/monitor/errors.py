"""Errors of the monitor."""

from mobile_ai.contracts.errors import GovernanceError


class MonitorError(GovernanceError):
    """Data or thresholds from which no valid judgement can be made."""
