"""The rules that hold budgets at preview."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobile_ai.contracts.predicates import EXCEPTION
from mobile_ai.contracts.reading import UNKNOWN, FindingCollector
from mobile_ai.contracts.records import read_records
from mobile_ai.contracts.resource import Resource
from mobile_ai.governance.facts import Facts
from mobile_ai.governance.rule_context import Case, StackContext, StackIndex
from mobile_ai.governance.rules.budgets_enforced import (
    RULES,
    budgets_hold,
    placements_near_optimum,
    prices_current,
)
from mobile_ai.testing import SAMPLE_TYPES, Scene, Signers, changed, make_record, secret, unknown
from mobile_ai.testing.signing import make_trust
from tests.governance_cost.support import context, deployment, model, resource
from tests.policy_pack.governance.test_unknowns import paths

NOW = datetime(2026, 12, 1, tzinfo=UTC)
NAT = resource("aws:ec2/natGateway:NatGateway", {})


def facts(*, limit: float, kind: str = "soft", predicate: dict[str, Any] | None = None) -> Any:
    """Facts of a stack with one budget; its context is the first resource of ``told``."""
    budget = {"name": "b", "scope": "stack", "monthlyUsd": limit, "kind": kind}
    signer = Signers.shared().by_role["finops-approver"]
    texts = [("r", make_record(EXCEPTION, predicate, signer=signer))] if predicate else []
    found = Facts(Scene().setting("dev"), now=NOW)
    found.admit(context(budgets=[budget]))
    assert found.context is not None
    records = read_records(texts, trust=make_trust(Signers.shared(), environment="dev"))
    found.context = replace(found.context, records=records)
    return found


def told(found: Any, *resources: Resource, **parameters: Any) -> list[FindingCollector]:
    whole = StackContext(
        index=StackIndex([context(budgets=list(found.context.budgets.values())), *resources]),
        facts=found,
        parameters={**budgets_hold.defaults, **parameters},
        advice="",
        cases={},
    )
    budgets_hold.check(whole)
    return [case.notes for case in whole.cases.values()]


def test_a_plan_within_its_budget_passes() -> None:
    assert told(facts(limit=1000), NAT) == []


def test_a_plan_above_its_budget_is_denied_by_name() -> None:
    (notes,) = told(facts(limit=10), NAT)

    assert "soft budget b" in str(notes.findings[0])
    assert "typical 39.00 USD" in str(notes.findings[0])


def test_a_plan_close_to_a_soft_budget_is_warned_of() -> None:
    (notes,) = told(facts(limit=45), NAT)

    assert notes.findings == []
    assert "percent of the limit" in str(notes.warnings[0])


EXCEPTED = {"budget": "b", "stack": "dev", "monthlyUsd": "50", "expires": "2027-01-01T00:00:00Z"}


def test_a_signed_exception_covers_a_soft_budget() -> None:
    (notes,) = told(facts(limit=10, predicate=EXCEPTED), NAT)

    assert notes.findings == []


@pytest.mark.parametrize(
    "change",
    [
        {"stack": "prod"},
        {"budget": "other"},
        {"expires": "2026-11-30T00:00:00Z"},
        {"expires": "some day"},
        {"monthlyUsd": "38"},
        {"monthlyUsd": "NaN"},
        {"monthlyUsd": "lots"},
    ],
)
def test_an_exception_for_something_else_or_too_late_covers_nothing(change: dict[str, str]) -> None:
    (notes,) = told(facts(limit=10, predicate={**EXCEPTED, **change}), NAT)

    assert notes.findings


def test_a_capped_increase_without_a_baseline_is_denied() -> None:
    (notes,) = told(facts(limit=1000), NAT, maximumIncreaseUsd=5)

    assert "not known" in str(notes.findings[0])


def test_a_halt_without_a_baseline_is_not_held_up_by_a_cap() -> None:
    plan = (NAT, model(), deployment())
    halted = changed(deployment(), "spec", "rollout", "halted", to=True)

    def denials(*resources: Resource) -> str:
        notes = told(facts(limit=1000), *resources, maximumIncreaseUsd=5)
        return str([finding for item in notes for finding in item.findings])

    assert "not known" in denials(*plan)
    assert "not known" not in denials(NAT, model(), halted)


def test_old_prices_are_told_and_do_not_block() -> None:
    for day, told in (
        (datetime(2027, 5, 1, tzinfo=UTC), 0),
        (datetime(2027, 7, 1, tzinfo=UTC), 1),
    ):
        found = Facts(Scene().setting("dev"), now=day)
        case = Case(context(), found, parameters=prices_current.defaults, advice="")
        prices_current.check(case)
        assert (len(case.notes.warnings), len(case.notes.findings)) == (0, told)
    assert prices_current.enforcement == "advisory"


def test_the_rules_are_finops_rules_with_an_owner() -> None:
    assert {rule.group for rule in RULES} == {"finops"}
    assert all(rule.owner for rule in RULES)


def near(excess: float, **changes: Any) -> list[str]:
    provider = resource("pulumi:providers:aws", {"region": "eu-central-1"}, name="aws")
    whole = StackContext(
        index=StackIndex([provider, context(), model(), deployment(**changes)]),
        facts=facts(limit=1),
        parameters={"maximumExcess": excess},
        advice="",
        cases={},
    )
    placements_near_optimum.check(whole)
    return [str(finding) for case in whole.cases.values() for finding in case.notes.findings]


def test_an_optimum_that_nobody_asks_for_denies_nothing() -> None:
    assert near(-1) == []


def test_a_deployment_far_from_its_optimum_is_denied_with_both_figures() -> None:
    (text,) = near(0.2)

    assert "USD a month; expected at most 20% above" in text


def test_a_deployment_within_the_excess_passes() -> None:
    assert near(1000) == []


def test_placements_that_break_a_limit_are_denied() -> None:
    usage = {"monthlyActiveDevices": 1, "updatesPerMonth": 1, "requestsPerSecond": 10**7}

    assert "breaks a limit" in near(1000, usage=usage)[0]


def test_usage_that_is_not_known_is_denied() -> None:
    usage = {"monthlyActiveDevices": UNKNOWN, "updatesPerMonth": 1, "requestsPerSecond": 1}

    assert "not known" in near(1000, usage=usage)[0]


HARD = changed(Scene().context(), "budgets", 0, "kind", to="hard")
CDN = Scene().sample("aws:cloudfront/distribution:Distribution")
USAGE = ("spec", "usage", "monthlyActiveDevices")


def said(*resources: Resource) -> str:
    verdicts = Scene().verdicts("budgets-hold", *resources)
    return " ".join(text for item in verdicts if item.denies for text in item.messages)


def test_the_happy_path_holds_its_hard_budget() -> None:
    assert Scene().outcome("budgets-hold") == "pass"
    assert said(HARD) == ""


def test_usage_that_is_not_known_is_denied_by_a_hard_budget() -> None:
    unclear = unknown(Scene().deployment(), *USAGE)

    assert "unknown, and without a ceiling" in said(HARD, CDN, unclear)


@pytest.mark.parametrize("path", [("sites",), ("budgets", 0, "monthlyUsd"), ("sites", 0)])
def test_a_context_that_is_not_known_is_denied(path: tuple[str | int, ...]) -> None:
    assert "got unknown" in said(unknown(HARD, *path))


def test_negative_usage_is_denied_and_nothing_is_summed() -> None:
    negative = changed(Scene().deployment(), *USAGE, to=-5)

    assert "got -5" in said(HARD, CDN, negative)
    assert "USD" not in said(HARD, CDN, negative)


def test_a_secret_price_is_judged_and_never_shown() -> None:
    path = ("sites", 0, "nodePriceUsdPerHour")
    absurd = secret(changed(HARD, *path, to="hunter2"), *path)

    assert "got '[secret]'" in said(absurd)
    assert "hunter2" not in said(absurd)


def test_what_a_component_makes_counts_for_the_budget_of_its_deployment() -> None:
    thousand = changed(Scene().workload(), "spec", "replicas", to=1000)

    assert "hard budget field-assistant" in said(HARD, thousand)


SUBJECTS = [
    HARD,
    Scene().model_version(),
    Scene().deployment(),
    Scene().workload(),
    *(Scene().sample(token) for token in SAMPLE_TYPES),
]


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_whatever_a_plan_says_the_model_answers_or_refuses_in_its_own_words(
    data: st.DataObject,
) -> None:
    subject = data.draw(st.sampled_from(SUBJECTS))
    path = data.draw(st.sampled_from(list(paths(subject.props)) or [("x",)]))
    wrong = data.draw(st.sampled_from(["x", -1, 10**40, float("nan"), True, None, [], {}, [7]]))

    assert "rule budgets-hold" not in said(HARD, CDN, changed(subject, *path, to=wrong))
