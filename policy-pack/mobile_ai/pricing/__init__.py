"""Monthly cost of a plan: prices, usage, estimates, budgets; pure functions without Pulumi.

``estimate`` turns resources into an ``CostEstimate``; ``judge_budgets`` compares it with budgets;
``focus_rows`` exports it in the FOCUS format. Amounts are ``Decimal``, with low, typical and high
figures; a line without a price or usage is reported as unknown and excluded from totals.
"""

from __future__ import annotations

from mobile_ai.pricing.assumptions import Assumptions
from mobile_ai.pricing.budgets import BudgetVerdict, judge_budgets
from mobile_ai.pricing.catalogue import Catalogue, load_catalogue, parse_catalogue
from mobile_ai.pricing.errors import CostError
from mobile_ai.pricing.estimate import CostEstimate, estimate
from mobile_ai.pricing.focus import focus_rows
from mobile_ai.pricing.line import Line
from mobile_ai.pricing.values import Band

__all__ = [
    "Assumptions",
    "Band",
    "BudgetVerdict",
    "Catalogue",
    "CostError",
    "CostEstimate",
    "Line",
    "estimate",
    "focus_rows",
    "judge_budgets",
    "load_catalogue",
    "parse_catalogue",
]
