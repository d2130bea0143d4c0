"""What a plan costs in a month: prices, usage, estimates, budgets. Pure, and no Pulumi.

``estimate`` turns resources into an ``Estimate``; ``judge_budgets`` holds it against budgets;
``focus_rows`` exports it. Money is ``Decimal``; three figures (low, typical, high) say how sure
it is; what has no price or no usage is a line that says so and is never summed.
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
