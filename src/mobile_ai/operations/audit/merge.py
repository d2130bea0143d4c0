"""Merges the findings of checks into the report of rules."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.gate.report.report import (
    EXIT_CODES,
    Author,
    GateVerdict,
    Outcomes,
    Report,
    RuleResult,
    ViolationResult,
)
from mobile_ai.operations.audit.contract import Check, DeployedStack, Found
from mobile_ai.stack.reader import StackFile

_GROUP = "audit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Result of a check.

    Attributes:
        check: The check.
        found: Its findings.
        authors: Author of each, where known.
        failure: Reason why it failed to run; empty if it ran.
    """

    check: Check
    found: tuple[Found, ...] = ()
    authors: tuple[Author | None, ...] = ()
    failure: str = field(default="")


def look(checks: Iterable[Check], deployed: DeployedStack) -> list[Result]:
    """Run each check; one that raises has not passed, and does not stop the others."""
    return [_look(check, deployed) for check in checks]


def _look(check: Check, deployed: DeployedStack) -> Result:
    try:
        found = tuple(check.look(deployed))
    # Fail closed: any error in a check, or in a system that it queries, becomes a doubt.
    except Exception as error:  # noqa: BLE001
        return Result(check=check, failure=f"Check {check.id} could not run: {_said(error)}.")
    return Result(check=check, found=found, authors=tuple(map(_author, found)))


def _author(found: Found) -> Author | None:
    """Look up a finding's author; a record that cannot be read never hides the finding."""
    if found.author is None:
        return None
    try:
        return found.author()
    except Exception as error:  # noqa: BLE001  as above
        return Author(note=f"the record could not be read: {_said(error)}")


def _said(error: Exception) -> str:
    if isinstance(error, GovernanceError):
        return str(error)
    answer = getattr(error, "response", None)  # of botocore's ClientError
    code = answer.get("Error", {}).get("Code", "") if isinstance(answer, dict) else ""
    return f"{type(error).__name__} {code}".strip()


def merge(report: Report, results: Sequence[Result], stack_file: StackFile) -> Report:
    """Return the report of the pack's verdicts with the checks' findings added."""
    found = [
        _violation(result.check, item, author, stack_file)
        for result in results
        for item, author in zip(result.found, result.authors, strict=True)
    ]
    violations = tuple(sorted((*report.violations, *found), key=lambda item: item.order))
    doubts = (*report.doubts, *(item.failure for item in results if item.failure))
    verdict = _verdict(report, violations, doubts)
    return report.model_copy(
        update={
            "command": "audit",
            "verdict": verdict,
            "exit_code": EXIT_CODES[verdict],
            "rules": (*report.rules, *(_rule(item) for item in results)),
            "violations": violations,
            "doubts": doubts,
        }
    )


def _verdict(
    report: Report, violations: Iterable[ViolationResult], doubts: tuple[str, ...]
) -> GateVerdict:
    if any(item.level == "mandatory" for item in violations):
        return "denied"
    return "undecided" if doubts or report.errors else "pass"


def _violation(
    check: Check, item: Found, author: Author | None, stack_file: StackFile
) -> ViolationResult:
    name = item.urn.rpartition("::")[2]
    line, column = stack_file.position_of_resource(name)
    token = item.urn.split("::")[2].rpartition("$")[2] if item.urn else ""
    return ViolationResult(
        rule=check.id,
        urn=item.urn,
        name=name or "the stack",
        type=token,
        outcome="fail" if item.denies else "warned",
        level="mandatory" if item.denies else "advisory",
        severity=check.severity,
        message=str(item.finding),
        file=stack_file.name,
        line=line,
        column=column,
        changed_by=author,
    )


def _rule(result: Result) -> RuleResult:
    failed = len({item.urn for item in result.found if item.denies})
    warned = len({item.urn for item in result.found if not item.denies})
    passed = not (failed or warned or result.failure)
    counted: Mapping[str, int] = {"fail": failed, "warned": warned, "passed": int(passed)}
    return RuleResult(
        id=result.check.id,
        title=result.check.title,
        kind="stack",
        group=_GROUP,
        level="mandatory",
        severity=result.check.severity,
        frameworks=result.check.frameworks,
        outcomes=Outcomes(**counted),
    )
