"""Decides the verdict from the pack that must run and the observation.

A run passes only if nothing speaks against it *and* everything that must run did:

* events arrived, and the engine's final event is among them;
* exactly the expected pack ran, in the expected version;
* every resource has an outcome of every rule that applies to its type, from that pack;
* every stack rule ran, once;
* no rule has an outcome at an unexpected level, and none "can't run";
* no failure is left without a violation that explains it.

The engine distinguishes only passed and failed. The pack ends each of its messages with a line
`outcome: <word>` (`governance.verdict`). A message without that line does not come from the pack's
rules and counts as a failure.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from mobile_ai.gate.engine.events import ResourceSummary, Violation
from mobile_ai.gate.engine.observation import EngineObservation
from mobile_ai.gate.engine.pack import PolicyPack
from mobile_ai.gate.report.report import GateVerdict, RuleOutcome
from mobile_ai.governance.evaluation import applies
from mobile_ai.governance.rule import Rule

_DENYING: Final[frozenset[RuleOutcome]] = frozenset({"fail", "unknown"})
_OUTCOMES: Final[dict[str, RuleOutcome]] = {
    "fail": "fail",
    "unknown": "unknown",
    "deferred": "deferred",
    "warned": "warned",
    "waived": "waived",
}
_LINE: Final = re.compile(r"\n?^outcome: (\w+)\s*\Z", re.MULTILINE)


def outcome_of(violation: Violation) -> RuleOutcome:
    """Return the outcome of the rule."""
    match = _LINE.search(violation.message)
    return _OUTCOMES.get(match.group(1), "fail") if match else "fail"


def message_of(violation: Violation) -> str:
    """Return the message without the outcome line."""
    return _LINE.sub("", violation.message).strip()


# Prefix of the advisory by which pulumi_policy replaces the result of a rule that read an unknown.
_CANNOT_RUN = "can't run policy"
_NAMES_SHOWN = 3


def decide_verdict(
    observation: EngineObservation, doubts: tuple[str, ...], errors: tuple[str, ...]
) -> GateVerdict:
    """Return the verdict; a denial takes precedence over doubts and errors."""
    if any(item.level == "mandatory" for item in observation.violations):
        return "denied"
    return "undecided" if doubts or errors else "pass"


def doubts(
    observation: EngineObservation,
    expected: PolicyPack,
    *,
    exit_code: int,
    errors: tuple[str, ...],
) -> tuple[str, ...]:
    """Return every reason to consider the run incomplete.

    Args:
        observation: Observation of the run.
        expected: PolicyPack from the repository.
        exit_code: Exit code of the engine.
        errors: Known errors of the run. Rules that did not run because of them are not reported
            again.
    """
    if not observation.events:
        return ("The engine sent no event: no rule is known to have run.",)
    if errors:
        return tuple(_levels(observation, expected))
    return (
        *_unfinished(observation, exit_code),
        *_packs(observation, expected),
        *_resources(observation, expected),
        *_stack(observation, expected),
        *_levels(observation, expected),
    )


def accounted(observation: EngineObservation, expected: PolicyPack) -> frozenset[str]:
    """Return the URNs for which the expected pack reported every rule."""
    wanted = _wanted(observation, expected)
    complete = {
        item.urn
        for item in observation.resource_summaries
        if _is_expected(item, expected) and not _absent(item, observation, wanted)
    }
    return frozenset(complete) & observation.judged


def _unfinished(observation: EngineObservation, exit_code: int) -> Iterator[str]:
    if observation.finished is None:
        yield f"The engine exited with code {exit_code} and without its final event."
    elif exit_code and not any(item.level == "mandatory" for item in observation.violations):
        yield f"The engine exited with code {exit_code} and no error explains it."


def _packs(observation: EngineObservation, expected: PolicyPack) -> Iterator[str]:
    if observation.finished is None:
        return
    wanted = {expected.name: expected.version}
    ran = observation.packs
    if ran != wanted:
        yield f"Policy packs that ran: got {_packs_text(ran)}; expected {_packs_text(wanted)}."


def _packs_text(packs: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in packs.items()) or "none"


def _is_expected(item: ResourceSummary, expected: PolicyPack) -> bool:
    return item.pack == expected.name


def _resources(observation: EngineObservation, expected: PolicyPack) -> Iterator[str]:
    summaries = [i for i in observation.resource_summaries if _is_expected(i, expected)]
    silent = sorted(observation.judged - {item.urn for item in summaries})
    if silent:
        yield f"The pack reported no rule on {_some(silent)}."
    absent: dict[str, list[str]] = {}
    wanted = _wanted(observation, expected)
    for item in summaries:
        for rule in _absent(item, observation, wanted):
            absent.setdefault(rule, []).append(item.urn)
    for rule, urns in sorted(absent.items()):
        yield f"Rule {rule} did not run on {_some(urns)}."
    named = {rule for item in summaries for rule in (*item.passed, *item.failed)}
    if strange := sorted(named - set(expected.rules)):
        yield f"Rules ran that are not in the catalogue: {_some(strange)}."


def _wanted(observation: EngineObservation, expected: PolicyPack) -> dict[str, tuple[str, ...]]:
    """Return the resource rules that must report an outcome, by type; empty: no known type."""
    rules = [rule for rule in _enabled(expected) if rule.kind == "resource"]
    return {
        token: tuple(rule.id for rule in rules if applies(rule, token))
        for token in {"", *observation.types.values()}
    }


def _enabled(expected: PolicyPack) -> list[Rule]:
    return [rule for rule in expected.rules.values() if expected.levels[rule.id] != "disabled"]


def _absent(
    item: ResourceSummary, seen: EngineObservation, wanted: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    ran = {*item.passed, *item.failed}
    return tuple(rule for rule in wanted[seen.types.get(item.urn, "")] if rule not in ran)


def _stack(observation: EngineObservation, expected: PolicyPack) -> Iterator[str]:
    # After a failed program the engine runs no stack rules; the failure itself is reported.
    wanted = {rule.id for rule in _enabled(expected) if rule.kind == "stack"}
    accounts = [item for item in observation.stack_summaries if item.pack == expected.name]
    if len(accounts) != 1:
        yield f"Stack rules ran {len(accounts)} times; expected once, at the end."
        return
    ran = {*accounts[0].passed, *accounts[0].failed}
    if missing := sorted(wanted - ran):
        yield f"Stack rules did not run: {_some(missing)}."
    if strange := sorted(ran - set(expected.rules)):
        yield f"Stack rules ran that are not in the catalogue: {_some(strange)}."


def _levels(observation: EngineObservation, expected: PolicyPack) -> Iterator[str]:
    for item in observation.violations:
        if item.message.startswith(_CANNOT_RUN):
            yield f"Rule {item.rule} could not run on {item.urn}: {item.message}"
            continue
        level = expected.levels.get(item.rule, "")
        if level and outcome_of(item) in _DENYING and item.level != level:
            yield (
                f"Rule {item.rule} came out as {item.level} on {item.urn}; its level is {level}."
            )


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
