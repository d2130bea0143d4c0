"""Lists weakened rules and waivers in every report."""

from __future__ import annotations

from typing import Final

from mobile_ai.contracts.tokens import CONTEXT
from mobile_ai.governance.rule import Rule, resource_rule
from mobile_ai.governance.rule_context import Case


@resource_rule(
    id="deviations-listed",
    title="Weakened rules and waivers are listed in every report.",
    group="responsible_ai",
    severity="low",
    enforcement="advisory",
    frameworks=("NIST AI RMF GOVERN 1.5", "EU AI Act Art. 17"),
    remediation="renew it, or bring the rule back to its default",
    applies_to=(CONTEXT,),
    on_unknown="warn",
)
def deviations_listed(case: Case) -> None:
    """Warn of each weakened setting and each waiver, in force or not."""
    for weakening in case.facts.setting.config.weakenings:
        case.warn("pack config", got=weakening, expected="the default")
    for waivers in case.facts.records.waivers.values():
        for item in waivers:
            terms = item.content
            state = "active" if terms.counts(case.now) else "not in force"
            case.warn(
                f"waiver {item.name}",
                got=f"{state} for {terms.rule} on {terms.target} until {terms.expires.date()}",
                expected="none",
                next_step=f"see {terms.ticket}: {terms.reason}",
            )


RULES: Final[tuple[Rule, ...]] = (deviations_listed,)
