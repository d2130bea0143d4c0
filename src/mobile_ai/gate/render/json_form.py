"""JSON form of a report, described by `gate.report.report.report_schema`."""

import json

from mobile_ai.gate.report.report import Report

__all__ = ["render_json"]


def render_json(report: Report) -> str:
    """Return the report as indented JSON."""
    return json.dumps(report.to_dict(), indent=2, ensure_ascii=False) + "\n"
