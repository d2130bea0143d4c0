"""SARIF 2.1.0 form of a report, which code scanning shows at the line of the stack file.

Specification: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

import hashlib
from collections.abc import Iterable
from typing import Any, Final

from mobile_ai.contracts.printable import printable, printable_json, relative_uri, sarif_text
from mobile_ai.gate.render.blocks import Findings, Listing, blocks
from mobile_ai.gate.render.sarif_rules import (
    LEVELS,
    STACK_ERROR,
    information_uri,
    reporting_descriptors,
)
from mobile_ai.gate.report.report import ErrorResult, Report, ViolationResult

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def render_sarif(report: Report) -> str:
    """Return the report as a SARIF log with one run."""
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(report)]}
    return printable_json(log, indent=2) + "\n"


def _run(report: Report) -> dict[str, Any]:
    rules = reporting_descriptors(report)
    positions = {rule["id"]: index for index, rule in enumerate(rules)}
    found = blocks(report)
    listed = {item.title: item.entries for item in found if isinstance(item, Listing)}
    violations = [one for item in found if isinstance(item, Findings) for one in item.violations]
    return {
        "tool": {
            "driver": {
                "name": f"mobile-ai {report.command}",
                "semanticVersion": report.pack.version,
                **information_uri(report),
                "rules": rules,
            }
        },
        "automationDetails": {"id": f"mobile-ai-{report.command}/{report.stack}/"},
        "invocations": [_invocation(report, listed.get("Cannot be trusted", ()))],
        "columnKind": "unicodeCodePoints",
        "results": [
            *(
                _error(item, report) | _index(STACK_ERROR, positions)
                for item in listed.get("Errors", ())
            ),
            *(_result(item) | _index(item.rule, positions) for item in violations),
        ],
        "properties": {"verdict": report.verdict, "packSha256": report.pack.sha256},
    }


def _invocation(report: Report, doubts: Iterable[object]) -> dict[str, Any]:
    return {
        "executionSuccessful": report.verdict != "undecided",
        "exitCode": report.exit_code,
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": sarif_text(str(text))}} for text in doubts
        ],
    }


def _error(item: ErrorResult | str, report: Report) -> dict[str, Any]:
    if isinstance(item, str):
        item = ErrorResult(message=item)
    # A result instead of a notification, so that the error is shown at its line.
    return {
        "ruleId": STACK_ERROR,
        "level": "error",
        "message": {"text": sarif_text(item.message)},
        "locations": [_location(item, item.file or report.source.stack_file)],
    }


def _index(rule: str, positions: dict[str, int]) -> dict[str, int]:
    # An unexpected rule has no descriptor; its result is identified by the rule ID alone.
    return {"ruleIndex": positions[rule]} if rule in positions else {}


def _result(item: ViolationResult) -> dict[str, Any]:
    subject = {"fullyQualifiedName": printable(item.urn), "kind": "resource"}
    result: dict[str, Any] = {
        "ruleId": item.rule,
        # A deferred finding needs no action, so that it is no alert.
        "level": "note" if item.outcome == "deferred" else LEVELS.get(item.level, "note"),
        "message": {"text": sarif_text(_message(item))},
        # Code scanning requires a location: line 1 of the stack file is the fallback.
        "locations": [_location(item, item.file) | {"logicalLocations": [subject]}],
        "partialFingerprints": {"mobileAiRuleUrn/v1": _fingerprint(item)},
    }
    if item.changed_by:
        result["properties"] = {"changedBy": item.changed_by.model_dump()}
    if item.outcome == "waived":
        result["suppressions"] = [{"kind": "external", "status": "accepted"}]
    return result


def _message(item: ViolationResult) -> str:
    told = f"{item.name}: {item.message}"
    return f"{told}; {item.changed_by}" if item.changed_by else told


def _location(item: ErrorResult | ViolationResult, file: str) -> dict[str, Any]:
    column = {"startColumn": item.column} if item.column else {}
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": relative_uri(file), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": item.line or 1, **column},
        }
    }


def _fingerprint(item: ViolationResult) -> str:
    # Without the message, which may contain changing figures: a finding keeps its identity.
    return hashlib.sha256(f"{item.rule}\0{item.urn}".encode(errors="surrogatepass")).hexdigest()
