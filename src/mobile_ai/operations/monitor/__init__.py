"""Model monitoring: detects changes, tests their significance, and states the allowed actions."""

from mobile_ai.operations.monitor.compare_windows import ComparisonSettings
from mobile_ai.operations.monitor.errors import MonitorError
from mobile_ai.operations.monitor.finding import MonitorFinding, read_findings, write_findings
from mobile_ai.operations.monitor.judge import judge_history
from mobile_ai.operations.monitor.load import load_history

__all__ = [
    "ComparisonSettings",
    "MonitorError",
    "MonitorFinding",
    "judge_history",
    "load_history",
    "read_findings",
    "write_findings",
]
