"""Model monitoring: detects changes, tests their significance, and states the allowed actions."""

from mobile_ai.operations.monitor.compare_windows import Settings
from mobile_ai.operations.monitor.errors import MonitorError
from mobile_ai.operations.monitor.finding import Finding, read_findings, write_findings
from mobile_ai.operations.monitor.judge import judge
from mobile_ai.operations.monitor.load import load

__all__ = [
    "Finding",
    "MonitorError",
    "Settings",
    "judge",
    "load",
    "read_findings",
    "write_findings",
]
