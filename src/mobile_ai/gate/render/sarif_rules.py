"""SARIF reporting descriptors of a report's rules, with the texts that code scanning shows.

GitHub requires `fullDescription` and `help` in addition to SARIF's own requirements, and shows
`help.markdown` under each alert:
https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support
"""

from typing import Any, Final

from mobile_ai.gate.report.report import Report, RuleResult

LEVELS: Final = {"mandatory": "error", "remediate": "error", "advisory": "warning"}
"""SARIF level of each enforcement level."""
STACK_ERROR: Final = "stack-error"
"""Rule id of errors of the program or the engine."""
# GitHub's scale for the `security-severity` of a rule: over 9 is critical, over 7 high.
_SCORES: Final = {"critical": "9.5", "high": "8.0", "medium": "5.0", "low": "2.0"}
_PAGES: Final = {"gate": "gitops.md", "audit": "audit.md"}
_AUDIT_GROUP: Final = "audit"
_AUDIT_CHECKS: Final = "audit.md#checks"


def information_uri(report: Report) -> dict[str, str]:
    """Return `informationUri` of the tool; empty if the checkout has no documentation."""
    page = _PAGES[report.command]
    return {"informationUri": f"{report.source.documentation}{page}"} if _documented(report) else {}


def reporting_descriptors(report: Report) -> list[dict[str, Any]]:
    """Return a descriptor for each rule, and for a failed program if there are errors."""
    rules = [_descriptor(item, report) for item in report.rules]
    return [*rules, _stack_error(report)] if report.errors else rules


def _descriptor(rule: RuleResult, report: Report) -> dict[str, Any]:
    properties: dict[str, Any] = {"tags": [rule.kind]}
    if rule.severity in _SCORES:
        properties |= {"tags": [rule.kind, "security"], "security-severity": _SCORES[rule.severity]}
    title = rule.title or rule.id
    facts = [f"Level: {rule.level}, {rule.severity}"]
    facts += [f"Serves: {'; '.join(rule.frameworks)}"] if rule.frameworks else []
    page = _AUDIT_CHECKS if rule.group == _AUDIT_GROUP else f"policies.md#{rule.id}"
    return {
        "id": rule.id,
        "name": _name(rule.id),
        "shortDescription": {"text": title},
        "fullDescription": {"text": " ".join([title, *(f"{fact}." for fact in facts)])},
        **_help(title, _next_step(rule), facts, _page(report, page)),
        "defaultConfiguration": {"level": LEVELS.get(rule.level, "note")},
        "properties": properties,
    }


def _name(rule: str) -> str:
    # SARIF recommends one Pascal-case identifier beside the id.
    return "".join(part.capitalize() for part in rule.split("-"))


def _next_step(rule: RuleResult) -> str:
    return rule.remediation or "do what the finding names as its next step"


def _stack_error(report: Report) -> dict[str, Any]:
    title = "The program runs, and the stack file has no error."
    step = "correct what the message names; `mobile-ai check` reads the file again in a second"
    return {
        "id": STACK_ERROR,
        "name": _name(STACK_ERROR),
        "shortDescription": {"text": title},
        "fullDescription": {"text": f"{title} Nothing is deployed from a program that failed."},
        **_help(title, step, [], _page(report, f"policies.md#{STACK_ERROR}")),
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["stack"]},
    }


def _help(title: str, step: str, facts: list[str], page: str) -> dict[str, Any]:
    text = "\n".join([title, f"When it fails: {step}.", *facts])
    lines = [title, "", f"**When it fails:** {step}.", "", *(f"- {fact}" for fact in facts)]
    if not page:
        return {"help": {"text": text, "markdown": "\n".join(lines)}}
    lines += ["", f"[Reference]({page})"]
    return {"help": {"text": text, "markdown": "\n".join(lines)}, "helpUri": page}


def _page(report: Report, page: str) -> str:
    return f"{report.source.documentation}{page}" if _documented(report) else ""


def _documented(report: Report) -> bool:
    return bool(report.source.documentation)
