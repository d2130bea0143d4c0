"""A report as SARIF 2.1.0, which code scanning shows at the line of the stack file.

Specification: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

import hashlib
import json
from typing import Any, Final

from gate.report import ErrorResult, Report, RuleResult, ViolationResult

__all__ = ["render_sarif"]

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS: Final = {"mandatory": "error", "remediate": "error", "advisory": "warning"}
# GitHub's scale for the `security-severity` of a rule: over 9 is critical, over 7 high.
_SCORES: Final = {"critical": "9.5", "high": "8.0", "medium": "5.0", "low": "2.0"}


def render_sarif(report: Report) -> str:
    """Return the report as a SARIF log with one run."""
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(report)]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _run(report: Report) -> dict[str, Any]:
    positions = {rule.id: index for index, rule in enumerate(report.rules)}
    return {
        "tool": {
            "driver": {
                "name": "mobile-ai gate",
                "semanticVersion": report.pack.version,
                "rules": [_rule(item) for item in report.rules],
            }
        },
        "automationDetails": {"id": f"mobile-ai-gate/{report.stack}/"},
        "invocations": [_invocation(report)],
        "columnKind": "unicodeCodePoints",
        "results": [
            *(_error(item, report) for item in report.errors),
            *(_result(item, positions) for item in report.violations),
        ],
        "properties": {"verdict": report.verdict, "packSha256": report.pack.sha256},
    }


def _rule(rule: RuleResult) -> dict[str, Any]:
    properties: dict[str, Any] = {"tags": [rule.kind]}
    if rule.severity in _SCORES:
        properties |= {"tags": [rule.kind, "security"], "security-severity": _SCORES[rule.severity]}
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title or rule.id},
        "defaultConfiguration": {"level": _LEVELS.get(rule.level, "note")},
        "properties": properties,
    }


def _invocation(report: Report) -> dict[str, Any]:
    return {
        "executionSuccessful": report.verdict != "undecided",
        "exitCode": report.exit_code,
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": text}} for text in report.doubts
        ],
    }


def _error(item: ErrorResult, report: Report) -> dict[str, Any]:
    # A result and no notification: what is wrong in a stack file is shown at its line.
    return {
        "ruleId": "stack-error",
        "level": "error",
        "message": {"text": item.message},
        "locations": [_location(item.file or report.source.stack_file, item.line or 1)],
    }


def _result(item: ViolationResult, positions: dict[str, int]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": item.rule,
        "level": _LEVELS.get(item.level, "note"),
        "message": {"text": _message(item)},
        # Every result of a stack has a place in its file: the first line stands for the whole.
        "locations": [
            _location(item.file, item.line or 1)
            | {"logicalLocations": [{"fullyQualifiedName": item.urn, "kind": "resource"}]}
        ],
        "partialFingerprints": {"mobileAiRuleUrn/v1": _fingerprint(item)},
    }
    if item.rule in positions:
        result["ruleIndex"] = positions[item.rule]
    if item.changed_by:
        result["properties"] = {"changedBy": item.changed_by.model_dump()}
    if item.outcome == "waived":
        result["suppressions"] = [{"kind": "external", "status": "accepted"}]
    return result


def _message(item: ViolationResult) -> str:
    told = f"{item.name}: {item.message}"
    return f"{told}; {item.changed_by}" if item.changed_by else told


def _location(file: str, line: int) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": file, "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": line},
        }
    }


def _fingerprint(item: ViolationResult) -> str:
    # Not the message, which may name a changing figure: the same finding stays the same.
    return hashlib.sha256(f"{item.rule}\0{item.urn}".encode()).hexdigest()
