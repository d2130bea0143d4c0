"""Judges a deployed state, as the events of an engine.

`pulumi policy analyze` reports violations and never which rules ran, so it cannot show that nothing
was skipped. The same judge accounts here for every rule on every resource; the engine's result
for the same state must then agree.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from mobile_ai.contracts.exported import ExportedState
from mobile_ai.gate.engine.events import (
    Event,
    Finished,
    ResourceSeen,
    ResourceSummary,
    StackSummary,
    Violation,
)
from mobile_ai.gate.engine.observation import STACK_TYPE, EngineObservation
from mobile_ai.gate.verdict.expectation import Expectation
from mobile_ai.governance.judge import JudgeSession
from mobile_ai.governance.verdict import StackVerdict

# In place of a planned operation (create, update, ...).
_OPERATION = "deployed"
_NAMES_SHOWN = 3


def events_of(
    state: ExportedState, session: JudgeSession, expected: Expectation
) -> Iterator[Event]:
    """Judge a state and yield the events that an engine would have emitted."""
    denied = False
    for resource in state.inputs:
        yield ResourceSeen(
            urn=resource.urn, type=resource.type, op=_OPERATION, inputs=resource.props
        )
        verdicts = session.see(resource)
        denied |= any(item.denies for item in verdicts)
        yield from _violations(verdicts, expected)
        passed, failed = _accounts(verdicts)
        yield ResourceSummary(
            pack=expected.pack,
            pack_version=expected.version,
            urn=resource.urn,
            passed=passed,
            failed=failed,
        )
    whole = session.stack(state.outputs)
    denied |= any(item.denies for item in whole)
    yield from _violations(whole, expected)
    passed, failed = _accounts(whole)
    yield StackSummary(
        pack=expected.pack, pack_version=expected.version, passed=passed, failed=failed
    )
    yield Finished(
        result="failed" if denied else "succeeded",
        changes={},
        packs={expected.pack: expected.version},
    )


def disagreement(judged: EngineObservation, engine: EngineObservation) -> tuple[str, ...]:
    """Return a doubt if the engine's denials for the same state differ."""
    ours, theirs = _denials(judged), _denials(engine)
    if ours == theirs:
        return ()
    only = [f"{rule} on {urn or 'the stack'}" for rule, urn in sorted(ours ^ theirs)]
    shown = "; ".join(only[:_NAMES_SHOWN])
    return (f"`pulumi policy analyze` and the judge differ in {len(only)} denials: {shown}.",)


def _violations(verdicts: Iterable[StackVerdict], expected: Expectation) -> Iterator[Violation]:
    for item in verdicts:
        rule = expected.rules[item.rule]
        for message in item.messages:
            yield Violation(
                pack=expected.pack,
                pack_version=expected.version,
                rule=rule.id,
                urn=item.urn,
                message=message,
                level="mandatory" if item.denies else "advisory",
                severity=rule.severity,
            )


def _accounts(verdicts: Iterable[StackVerdict]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the rules that passed and those that did not, as in the engine's summary."""
    passing: dict[str, list[bool]] = defaultdict(list)
    for item in verdicts:
        passing[item.rule].append(item.outcome == "pass")
    passed = tuple(rule for rule, found in passing.items() if all(found))
    return passed, tuple(rule for rule in passing if rule not in passed)


def _denials(seen: EngineObservation) -> set[tuple[str, str]]:
    # For violations of the whole stack, the engine reports the URN of its root stack resource.
    return {
        (item.rule, "" if f"::{STACK_TYPE}::" in item.urn else item.urn)
        for item in seen.violations
        if item.level == "mandatory"
    }
