"""A run passes only if everything that must have run is seen to have run."""

from dataclasses import replace

import pytest

from mobile_ai.gate.engine.events import (
    Diagnostic,
    Finished,
    PackLoading,
    ResourceSummary,
    StackSummary,
    Violation,
)
from mobile_ai.gate.verdict.verdict import accounted, decide_verdict, doubts
from tests.gate.support import FIELD_URN, STACK_URN, events, expected, observed


def judged(found, *, expectation=None, exit_code=0, errors=()):
    seen = observed(found)
    reasons = doubts(seen, expectation or expected(), exit_code=exit_code, errors=errors)
    return decide_verdict(seen, reasons, errors), " ".join(reasons)


def changed(kind, change, name="passed"):
    return [change(item) if isinstance(item, kind) else item for item in events(name)]


def without(kind, name="passed"):
    return [item for item in events(name) if not isinstance(item, kind)]


def said(**changes):
    value = Violation(
        pack="mobile-ai-governance",
        pack_version="0.1.0",
        rule="no-bad",
        urn=FIELD_URN,
        message="a: got 1; expected 2. Next: b\noutcome: fail",
        level="mandatory",
        severity="high",
    )
    return [*events("passed"), replace(value, **changes)]


def test_complete_run_without_violations_passes():
    assert judged("passed") == ("pass", "")


def test_mandatory_violation_denies_without_further_doubt():
    assert judged("denied", exit_code=1) == ("denied", "")


def test_no_event_is_no_pass():
    assert judged([]) == (
        "undecided",
        "The engine sent no event: no rule is known to have run.",
    )


def test_engine_that_was_cut_off_is_no_pass():
    verdict, why = judged(without(Finished))
    assert verdict == "undecided"
    assert "without its final event" in why


def test_failed_engine_that_says_nothing_is_no_pass():
    verdict, why = judged("passed", exit_code=255)
    assert verdict == "undecided"
    assert "exited with code 255 and no error explains it" in why


def test_run_without_a_pack_is_no_pass():
    events_ = [
        replace(item, packs={}) if isinstance(item, Finished) else item
        for item in without((ResourceSummary, StackSummary, PackLoading))
    ]
    verdict, why = judged(events_)
    assert verdict == "undecided"
    assert "got none; expected mobile-ai-governance 0.1.0" in why
    assert "reported no rule on" in why


@pytest.mark.parametrize(
    "packs",
    [
        {"other-pack": "0.1.0"},
        {"mobile-ai-governance|local|/p": "0.0.9"},
        {"mobile-ai-governance|local|/p": "0.1.0", "second": "1.0.0"},
    ],
)
def test_other_packs_than_expected_are_no_pass(packs):
    verdict, why = judged(changed(Finished, lambda item: replace(item, packs=packs)))
    assert verdict == "undecided"
    assert "expected mobile-ai-governance 0.1.0" in why


def test_resource_without_an_account_is_no_pass():
    kept = [
        item
        for item in events("passed")
        if not (isinstance(item, ResourceSummary) and item.urn == STACK_URN)
    ]
    verdict, why = judged(kept)
    assert verdict == "undecided"
    assert f"reported no rule on {STACK_URN}" in why


def test_account_of_another_pack_does_not_count():
    verdict, why = judged(changed(ResourceSummary, lambda item: replace(item, pack="mimic")))
    assert verdict == "undecided"
    assert "reported no rule on" in why


def test_rule_that_did_not_run_is_no_pass():
    verdict, why = judged(changed(ResourceSummary, lambda item: replace(item, passed=("later",))))
    assert verdict == "undecided"
    assert f"Rule no-bad did not run on {FIELD_URN}" in why


def test_rule_that_does_not_judge_the_type_need_not_run():
    seen = observed("passed")
    assert STACK_URN in accounted(seen, expected())


def test_disabled_rule_need_not_run():
    levels = expected().levels | {"no-bad": "disabled"}
    found = changed(ResourceSummary, lambda item: replace(item, passed=("excused", "later")))
    found = [
        replace(item, passed=())
        if isinstance(item, ResourceSummary) and "Stack" in item.urn
        else item
        for item in found
    ]
    assert judged(found, expectation=expected(levels=levels)) == ("pass", "")


def test_rule_that_the_catalogue_lacks_is_no_pass():
    verdict, why = judged(changed(ResourceSummary, lambda item: replace(item, failed=("sneaky",))))
    assert verdict == "undecided"
    assert "not in the catalogue: sneaky" in why


@pytest.mark.parametrize("times", [0, 2])
def test_stack_rules_run_exactly_once(times):
    (account,) = [item for item in events("passed") if isinstance(item, StackSummary)]
    verdict, why = judged([*without(StackSummary), *[account] * times])
    assert verdict == "undecided"
    assert f"ran {times} times" in why


def test_stack_rule_that_did_not_run_is_no_pass():
    verdict, why = judged(changed(StackSummary, lambda item: replace(item, passed=())))
    assert verdict == "undecided"
    assert "Stack rules did not run: whole" in why


def test_rule_that_could_not_run_is_no_pass():
    verdict, why = judged(
        said(level="advisory", message="can't run policy 'no-bad' from policy pack ...")
    )
    assert verdict == "undecided"
    assert "could not run" in why


@pytest.mark.parametrize("outcome", ["fail", "unknown"])
def test_mandatory_rule_that_comes_out_as_advice_is_no_pass(outcome):
    verdict, why = judged(said(level="advisory", message=f"x\noutcome: {outcome}"))
    assert verdict == "undecided"
    assert "its level is mandatory" in why


def test_message_without_an_outcome_counts_as_a_failure():
    assert judged(said(level="advisory", message="x"))[0] == "undecided"


@pytest.mark.parametrize("outcome", ["deferred", "warned", "waived"])
def test_what_the_pack_defers_warns_of_or_waives_passes(outcome):
    assert judged(said(level="advisory", message=f"x\noutcome: {outcome}")) == ("pass", "")


def test_failed_program_is_an_error_and_no_list_of_rules_that_did_not_run():
    verdict, why = judged("program_failed", exit_code=1, errors=("region: got mars-1",))
    assert (verdict, why) == ("undecided", "")


def test_violation_denies_even_when_the_program_failed():
    failure = Diagnostic(severity="error", message="x", urn="", ephemeral=False)
    assert judged([*said(), failure], exit_code=1, errors=("x",))[0] == "denied"
