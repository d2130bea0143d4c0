"""What cannot be judged."""

from governance.errors import GovernanceError

__all__ = ["MonitorError"]


class MonitorError(GovernanceError):
    """Data or thresholds that no honest judgement can be made from."""
