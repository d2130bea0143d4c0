"""The rules of the pack, one module per family.

To add a rule, decorate its check function with ``resource_rule`` or ``stack_rule`` in the
family's module, list it in that module's ``RULES`` and run ``make docs``. See
``docs/adding-a-rule.md``.
"""

from __future__ import annotations

from functools import cache

from mobile_ai.governance.rule import Rule
from mobile_ai.governance.rules import (
    assessment,
    binding,
    bounds,
    budgets_enforced,
    cluster,
    data,
    deviations,
    device,
    evidence,
    iam,
    kubernetes,
    lineage,
    money,
    network,
    quality,
    rego,
    residency,
    rollout,
    services,
    setup,
    sources,
    steps,
    storage,
    tags,
    versions,
)

__all__ = ["catalogue"]

_FAMILIES = (
    setup,
    sources,
    bounds,
    evidence,
    lineage,
    assessment,
    data,
    residency,
    versions,
    quality,
    rego,
    binding,
    device,
    rollout,
    steps,
    tags,
    money,
    budgets_enforced,
    storage,
    services,
    network,
    iam,
    kubernetes,
    cluster,
    deviations,
)


@cache
def catalogue() -> tuple[Rule, ...]:
    """Return every rule in evaluation order.

    Raises:
        ValueError: If two rules have the same id.
    """
    rules = tuple(rule for family in _FAMILIES for rule in family.RULES)
    ids = [rule.id for rule in rules]
    repeated = sorted({item for item in ids if ids.count(item) > 1})
    if repeated:
        raise ValueError(f"two rules with one id: {repeated}")
    return rules
