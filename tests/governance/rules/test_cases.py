"""Every rule has the outcomes in its table of cases."""

import pytest

from mobile_ai.governance.rules import catalogue
from tests.governance.rules.cases_bounds import CASES as BOUND_CASES
from tests.governance.rules.cases_deployment import CASES as DEPLOYMENT_CASES
from tests.governance.rules.cases_lists import CASES as LIST_CASES
from tests.governance.rules.cases_samples import CASES as SAMPLE_CASES
from tests.governance.rules.table import Case

RULES = {rule.id: rule for rule in catalogue()}
CASES = [*DEPLOYMENT_CASES, *SAMPLE_CASES, *LIST_CASES, *BOUND_CASES]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_rule_comes_out_as_its_case_says(case: Case) -> None:
    assert case.apply(RULES[case.rule]) == case.outcome
