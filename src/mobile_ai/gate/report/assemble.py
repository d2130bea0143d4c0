"""Assembles the report from the expected pack and the observation; pure, without I/O."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from mobile_ai.gate.engine.events import Violation
from mobile_ai.gate.engine.observation import EngineObservation
from mobile_ai.gate.engine.pack import PolicyPack
from mobile_ai.gate.report.cost import NOT_PLANNED
from mobile_ai.gate.report.report import (
    EXIT_CODES,
    Advice,
    Change,
    CostReport,
    EngineFacts,
    ErrorResult,
    GateVerdict,
    Outcomes,
    Pack,
    ProviderReport,
    Report,
    Resources,
    RuleResult,
    SettingChange,
    Source,
    Timing,
    ViolationResult,
)
from mobile_ai.gate.report.sections import ModelChange
from mobile_ai.gate.state.baseline import DeployedModels
from mobile_ai.gate.verdict import verdict
from mobile_ai.gate.verdict.verdict import message_of, outcome_of
from mobile_ai.governance.rule import Rule
from mobile_ai.stack.reader import Position, StackFile

_TRACEBACK: Final = "Traceback (most recent call last):"
# Excludes tags with the same prefix, which follow a dot, a quote or a brace.
_KEY: Final = re.compile(r"(?<![\w.'\"{])mobile-ai:[A-Za-z]\w*(?:\[\d+\]|\.\w+)*")
# Message about a value that a stand-in provider rejects; see `sandbox.providers.aws.schemas.judge`.
_REFUSED: Final = re.compile(r"is not what AWS accepts: got (?P<value>'[^']+'|-?[\d.]+);")
_HEADER: Final = "Program failed with an unhandled exception:"
_PROBLEM: Final = re.compile(r"^\s+- ", re.MULTILINE)
# Summary lines that the engine prints after the errors themselves.
_ECHOES: Final = re.compile(
    r"(error: )?(preview failed|update failed|an unhandled error occurred: program exited.*"
    r"|resource monitor shut down.*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRun:
    """One run of the engine with its context.

    Attributes:
        stack: The stack's name.
        source: Files that were evaluated.
        stack_file: The stack file, for positions.
        engine: Engine of the run.
        expected: The pack that had to run, read from the repository.
        observation: Observation, from the engine's events.
        exit_code: The engine's exit code.
        stderr: Standard error of the engine.
        baseline: Baseline that changes are compared with.
        changes: Every deployment that differs from the baseline.
        settings: Values of the stack file that differ from the base commit.
        doubts: Additional reasons of the caller not to trust the run.
        warnings: Additional warnings of the caller.
        cost: Cost of the plan.
        models: Model changes of the plan.
        providers: The providers of the plan.
        advice: What an advisory verdict was bound to; `None` where the state is judged.
        proposed_roots: What would differ under proposed roots.
    """

    stack: str
    source: Source
    stack_file: StackFile
    engine: EngineFacts
    expected: PolicyPack
    observation: EngineObservation
    exit_code: int
    stderr: str = ""
    baseline: DeployedModels | None = None
    changes: tuple[Change, ...] = ()
    settings: tuple[SettingChange, ...] = ()
    doubts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    cost: CostReport = NOT_PLANNED
    models: tuple[ModelChange, ...] = ()
    providers: tuple[ProviderReport, ...] = ()
    advice: Advice | None = None
    proposed_roots: tuple[str, ...] = ()


def assemble_report(run: EngineRun, timing: Timing) -> Report:
    """Return the report of a run."""
    seen, expected = run.observation, run.expected
    errors = error_texts(seen, run.stderr)
    doubts = (*run.doubts, *verdict.doubts(seen, expected, exit_code=run.exit_code, errors=errors))
    decided = verdict.decide_verdict(seen, doubts, errors)
    return Report(
        verdict=decided,
        exit_code=EXIT_CODES[decided],
        stack=run.stack,
        advice=run.advice,
        proposed_roots=run.proposed_roots,
        source=run.source,
        engine=run.engine,
        providers=run.providers,
        pack=Pack(
            name=expected.name,
            version=expected.version,
            sha256=expected.sha256,
            ran=seen.packs,
            weakenings=expected.weakenings,
        ),
        rules=tuple(_rule(item, run) for item in expected.rules.values()),
        violations=_violations(run),
        doubts=doubts,
        errors=tuple(item for text in errors for item in located(text, run.stack_file)),
        warnings=(*run.warnings, *_warnings(seen)),
        resources=Resources(
            total=len(seen.steps),
            judged=len(verdict.accounted(seen, expected)),
            by_type=_counts(seen.types.values()),
            by_operation=_counts(seen.steps.values()),
        ),
        cost=_cost(run, decided),
        baseline=run.baseline.source if run.baseline else "",
        # A failed program declares no deployments, which must not read as removals.
        changes=() if errors else run.changes,
        settings=run.settings,
        models=() if errors else run.models,
        outputs=dict(seen.outputs),
        timing=timing,
    )


def _counts(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _cost(run: EngineRun, decided: GateVerdict) -> CostReport:
    """Return the cost of the plan; none of a plan that could not be judged, which may be a part."""
    cost, unpriced = run.cost, len(run.observation.judged)
    if decided == "undecided":
        reason = "unknown, as the plan could not be judged" if cost.estimated else cost.reason
        return CostReport(estimated=False, unpriced=unpriced, reason=reason)
    return cost if cost.estimated else cost.model_copy(update={"unpriced": unpriced})


def _rule(rule: Rule, run: EngineRun) -> RuleResult:
    return RuleResult(
        id=rule.id,
        title=rule.title,
        kind=rule.kind,
        group=rule.group,
        level=run.expected.levels[rule.id],
        severity=rule.severity,
        frameworks=rule.frameworks,
        remediation=rule.remediation,
        outcomes=_outcomes(rule, run.observation),
    )


def _outcomes(rule: Rule, seen: EngineObservation) -> Outcomes:
    if rule.kind == "stack":
        accounts: Iterable[tuple[str, ...]] = (item.passed for item in seen.stack_summaries)
        subjects = len(seen.stack_summaries)
    else:
        accounts = (item.passed for item in seen.resource_summaries)
        subjects = len(seen.resource_summaries)
    passed = sum(rule.id in account for account in accounts)
    worst = Counter(_worst_by_urn(rule.id, seen.violations).values())
    judged = passed + sum(worst.values())
    return Outcomes(
        passed=passed,
        fail=worst["fail"],
        unknown=worst["unknown"],
        deferred=worst["deferred"],
        warned=worst["warned"],
        waived=worst["waived"],
        not_applicable=max(subjects - judged, 0),
    )


# A resource counts once per rule, with the rule's worst outcome on it.
_WEIGHT: Mapping[str, int] = {"fail": 4, "unknown": 3, "deferred": 2, "warned": 1, "waived": 0}


def _worst_by_urn(rule: str, violations: Iterable[Violation]) -> dict[str, str]:
    worst: dict[str, str] = {}
    for item in violations:
        if item.rule == rule:
            said = [outcome_of(item), *([worst[item.urn]] if item.urn in worst else [])]
            worst[item.urn] = max(said, key=lambda outcome: _WEIGHT[outcome])
    return worst


def _violations(run: EngineRun) -> tuple[ViolationResult, ...]:
    unique = dict.fromkeys(run.observation.violations)
    found = [_violation(item, run) for item in unique]
    return tuple(sorted(found, key=lambda item: item.order))


def _violation(item: Violation, run: EngineRun) -> ViolationResult:
    name = item.urn.rpartition("::")[2]
    rule = run.expected.rules.get(item.rule)
    message = message_of(item)
    line, column = position_in(message, run.stack_file)
    if not line:
        line, column = run.stack_file.position_of_resource(name)
    return ViolationResult(
        rule=item.rule,
        urn=item.urn,
        name=name,
        type=run.observation.types.get(item.urn, ""),
        outcome=outcome_of(item),
        level=item.level,
        severity=item.severity or (rule.severity if rule else ""),
        message=message,
        file=run.stack_file.name,
        line=line,
        column=column,
    )


def _warnings(seen: EngineObservation) -> tuple[str, ...]:
    said = (item.message for item in seen.diagnostics if item.severity == "warning")
    return tuple(dict.fromkeys(said))


def error_texts(seen: EngineObservation, stderr: str) -> tuple[str, ...]:
    """Return the errors of the engine, the program and plugins, without duplicates.

    Args:
        seen: Observation of the run.
        stderr: Standard error of the engine, which holds errors before the first event.
    """
    said = [item.message for item in seen.diagnostics if item.severity == "error"]
    if seen.finished is None:
        # The output of a plugin that fails to start is the only explanation, line by line.
        said.append("\n".join(i.message for i in seen.diagnostics if i.severity == "info#err"))
    said += [line.strip() for line in stderr.splitlines() if line.startswith("error:")]
    plain = (without_traceback(text).removeprefix("error: ").strip() for text in said)
    return tuple(dict.fromkeys(text for text in plain if text and not _ECHOES.fullmatch(text)))


def located(text: str, stack_file: StackFile) -> tuple[ErrorResult, ...]:
    """Return an error with its position; an error that lists problems is split into several."""
    _, *problems = _PROBLEM.split(text)
    return tuple(
        ErrorResult(
            message=item.strip(), file=stack_file.name if line else "", line=line, column=column
        )
        for problem in problems or [text]
        for item in [_with_setting(problem, stack_file)]
        for line, column in [position_in(item, stack_file)]
    )


def _with_setting(text: str, stack_file: StackFile) -> str:
    """Append the setting that holds a rejected value, if exactly one setting does."""
    match = _REFUSED.search(text)
    keys = stack_file.keys_of(match["value"].strip("'")) if match else ()
    return f"{text} ({stack_file.name} has this value at `{keys[0]}`)" if len(keys) == 1 else text


def without_traceback(text: str) -> str:
    r"""Return an error without Python's traceback: the text before it, and the exception.

    >>> without_traceback("Traceback (most recent call last):\n  File 'x'\nKeyError: 'a'")
    "KeyError: 'a'"
    """
    before, found, after = text.rpartition(_TRACEBACK)
    if not found:
        return text.removeprefix(_HEADER).strip()
    lines = after.strip("\n").splitlines()
    # Frames are indented; the exception starts at the first unindented line and may span several.
    start = next((i for i, line in enumerate(lines) if line[:1].strip()), 0)
    said = before.partition(_TRACEBACK)[0].strip().removesuffix(_HEADER).strip()
    kept = [said, "\n".join(lines[start:]).strip()]
    return "\n".join(part for part in kept if part)


def position_in(message: str, stack_file: StackFile) -> Position:
    """Return line and column of the first stack file key in a message, zeros if there is none."""
    match = _KEY.search(message)
    return stack_file.position_of_key(match.group()) if match else (0, 0)
