"""The monitor: what has changed, whether it matters, and what may be done about it."""

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
