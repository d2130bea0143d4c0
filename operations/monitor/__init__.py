"""Model monitoring: detects changes, tests their significance, and states the allowed actions."""

from operations.monitor.errors import MonitorError
from operations.monitor.finding import Finding, read_findings, write_findings
from operations.monitor.judge import judge
from operations.monitor.load import load
from operations.monitor.observe import Settings

__all__ = [
    "Finding",
    "MonitorError",
    "Settings",
    "judge",
    "load",
    "read_findings",
    "write_findings",
]
