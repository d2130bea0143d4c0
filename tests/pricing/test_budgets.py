"""Budgets pass, warn and deny at their limits."""

from decimal import Decimal
from typing import Any

import pytest

from mobile_ai.pricing import BudgetVerdict, CostError, estimate, judge_budgets
from mobile_ai.pricing.budgets import BudgetLimits, Prior, month_end
from tests.pricing.support import (
    UNPRICED,
    context,
    deployment,
    exact,
    model,
    resource,
    shipped,
)

KEY = resource("aws:kms/key:Key", {}, name="key")  # 1.00 + 20,000 x 0.000003 = 1.06 typical


def judge(
    *extra: Any,
    limit: float,
    kind: str = "hard",
    scope: str = "stack",
    limits: BudgetLimits | None = None,
    exceptions: dict[str, Decimal] | None = None,
    prior: dict[str, str] | None = None,
    told: bool = False,
) -> BudgetVerdict:
    found = estimate([KEY, *extra], shipped())
    budget = {"name": "b", "scope": scope, "monthlyUsd": limit, "kind": kind}
    (verdict,) = judge_budgets(
        found,
        [budget],
        limits=limits or BudgetLimits(),
        exceptions=exceptions,
        prior=Prior.told(prior) if told or prior is not None else None,
    )
    return verdict


def test_a_hard_budget_passes_what_fits() -> None:
    assert judge(limit=10).outcome == "pass"


def test_a_hard_budget_denies_when_typical_exceeds_it() -> None:
    verdict = judge(limit=1.05)

    assert verdict.outcome == "deny"
    assert "typical 1.06 USD is above the limit of 1.05" in verdict.reasons[0]


def test_a_hard_budget_at_its_limit_passes_and_a_cent_below_denies() -> None:
    wide = BudgetLimits(high_factor=Decimal(10))

    assert judge(limit=1.06, limits=wide).outcome == "pass"
    assert judge(limit=1.0599, limits=wide).outcome == "deny"


def test_a_hard_budget_denies_a_high_figure_beyond_a_fifth_more() -> None:
    """High is 1.00 + 200,000 x 0.000003 = 1.60; 1.60 / 1.2 = 1.333."""
    assert judge(limit=1.33).outcome == "deny"
    assert judge(limit=1.34).outcome == "pass"


def test_an_exception_lets_the_high_figure_through_as_far_as_it_goes() -> None:
    assert judge(limit=1.2, exceptions={"b": Decimal("1.6")}).outcome == "pass"
    assert judge(limit=1.2, exceptions={"b": Decimal("1.59")}).outcome == "deny"


def test_an_exception_never_raises_what_a_hard_budget_plans_with() -> None:
    assert judge(limit=1.0, exceptions={"b": Decimal(100)}).outcome == "deny"


def test_a_hard_budget_denies_when_an_unknown_could_exceed_it() -> None:
    """The queries have no price; their ceiling is 18.00."""
    assert judge(UNPRICED, limit=19.07).outcome == "pass"
    verdict = judge(UNPRICED, limit=19.05)
    assert verdict.outcome == "deny"
    assert "could bring it to 19.06" in verdict.reasons[0]


def test_a_denial_names_the_missing_price_and_the_commands_that_fetch_or_declare_it() -> None:
    (reason,) = judge(UNPRICED, limit=19.05).reasons

    assert "no price for athena.scan (athena, per TB) in ap-southeast-6: run" in reason
    assert "prices refresh --region ap-southeast-6 --service athena --write`" in reason
    assert "`mobile-ai cost prices declare athena.scan --region ap-southeast-6`" in reason


def test_a_hard_budget_denies_an_unknown_without_a_ceiling_however_large_it_is() -> None:
    verdict = judge(resource("aws:dynamodb/table:Table", {}, name="t"), limit=10**6)

    assert verdict.outcome == "deny"
    assert verdict.reasons[0].startswith("unknown, and without a ceiling: t aws:dynamodb/table")
    assert verdict.reasons[0].endswith("no price model for this type")


def test_a_soft_budget_only_warns_of_unknowns() -> None:
    unknown = resource("aws:dynamodb/table:Table", {}, name="t")

    assert judge(unknown, limit=100, kind="soft").outcome == "warn"


def test_a_soft_budget_denies_without_an_exception_and_passes_with_one() -> None:
    assert judge(limit=1, kind="soft").outcome == "deny"
    assert judge(limit=1, kind="soft", exceptions={"b": Decimal("1.06")}).outcome == "warn"
    assert judge(limit=1, kind="soft", exceptions={"b": Decimal("1.05")}).outcome == "deny"


def test_a_soft_budget_warns_above_its_threshold() -> None:
    assert judge(limit=1.3, kind="soft").outcome == "warn"
    assert judge(limit=1.4, kind="soft").outcome == "pass"


def test_a_kind_that_nobody_knows_is_strict() -> None:
    assert judge(limit=1, kind="squishy").outcome == "deny"


def test_an_increase_is_capped_against_what_was_deployed() -> None:
    capped = BudgetLimits(increase_usd=Decimal("0.50"), high_factor=Decimal(10))

    assert judge(limit=10, limits=capped, prior={"stack": "0.56"}).outcome == "pass"
    assert judge(limit=10, limits=capped, prior={"stack": "0.55"}).outcome == "deny"


CAPPED = BudgetLimits(increase_usd=Decimal("0.50"))


def test_a_signed_exception_covers_an_increase_up_to_its_own_amount() -> None:
    enough, short = ({"b": Decimal(text)} for text in ("1.10", "1.05"))

    assert judge(limit=10, limits=CAPPED, prior={"stack": "0"}, exceptions=enough).outcome == "pass"
    assert judge(limit=10, limits=CAPPED, prior={"stack": "0"}, exceptions=short).outcome == "deny"


@pytest.mark.parametrize("prior", [None, {}])
def test_a_capped_increase_on_nobody_knows_what_denies(prior: dict[str, str] | None) -> None:
    assert "not known" in judge(limit=10, limits=CAPPED, prior=prior).reasons[0]


def test_a_first_deployment_is_no_increase() -> None:
    assert judge(limit=10, limits=CAPPED, told=True).outcome == "pass"


def test_delta_is_what_the_change_adds() -> None:
    found = judge(limit=10, prior={"stack": "1.00"}).to_dict()

    assert (found["prior"], found["delta"]) == ("1.00", "0.06")


def test_an_application_pays_its_share_of_what_is_shared_and_its_own() -> None:
    cdn = resource("aws:cloudfront/distribution:Distribution", {}, name="cdn")
    found = estimate([KEY, cdn, context(), model(), deployment()], shipped(), assume=exact())
    app = found.of_budget("app:field").amount.typical
    cdn_only = sum(
        line.amount.typical for line in found.lines if line.name == "cdn" and line.amount
    )

    assert app == cdn_only
    assert found.of_budget("app:nobody").amount.typical == 0
    assert found.of_budget("other", "field").amount.typical == app


def test_a_limit_that_is_no_number_is_an_error() -> None:
    with pytest.raises(CostError, match="monthlyUsd"):
        judge(limit=-1)


def test_a_month_end_is_what_is_spent_and_the_plan_for_the_rest() -> None:
    assert month_end(Decimal(50), Decimal(300), day=10, days=30) == Decimal(250)
