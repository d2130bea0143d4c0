"""Assembles the report from the expected pack and the observation; pure, without I/O."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mobile_ai.gate.engine.error_text import error_texts, located, position_in
from mobile_ai.gate.engine.events import Violation
from mobile_ai.gate.engine.observation import EngineObservation
from mobile_ai.gate.engine.pack import PolicyPack
from mobile_ai.gate.report.plan_summary import NOT_VALUED, Valued
from mobile_ai.gate.report.report import (
    EXIT_CODES,
    Change,
    CostReport,
    EngineFacts,
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
from mobile_ai.gate.state.baseline import DeployedModels
from mobile_ai.gate.verdict import verdict
from mobile_ai.gate.verdict.verdict import message_of, outcome_of
from mobile_ai.governance.rule import Rule
from mobile_ai.stack.reader import StackFile


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
        valued: Cost and model changes of the plan.
        providers: The providers of the plan.
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
    valued: Valued = NOT_VALUED
    providers: tuple[ProviderReport, ...] = ()


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
        models=() if errors else run.valued.models,
        outputs=dict(seen.outputs),
        timing=timing,
    )


def _counts(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _cost(run: EngineRun, decided: GateVerdict) -> CostReport:
    """Return the cost of the plan; none of a plan that could not be judged, which may be a part."""
    cost, unpriced = run.valued.cost, len(run.observation.judged)
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
