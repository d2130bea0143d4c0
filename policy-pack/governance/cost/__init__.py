"""Monthly cost of a plan: prices, usage, estimates, budgets; pure functions without Pulumi.

``estimate`` turns resources into an ``Estimate``; ``judge_budgets`` compares it with budgets;
``focus_rows`` exports it in the FOCUS format. Amounts are ``Decimal``, with low, typical and high
figures; a line without a price or usage is reported as unknown and excluded from totals.
"""

from __future__ import annotations

from .assumptions import Assumptions
from .budgets import BudgetVerdict, judge_budgets
from .catalogue import Catalogue, load_catalogue, parse_catalogue
from .errors import CostError
from .estimate import Estimate, estimate
from .focus import focus_rows
from .line import Line
from .money import Band

__all__ = [
    "Assumptions",
    "Band",
    "BudgetVerdict",
    "Catalogue",
    "CostError",
    "Estimate",
    "Line",
    "estimate",
    "focus_rows",
    "judge_budgets",
    "load_catalogue",
    "parse_catalogue",
]
