"""Checks the evaluation's own input: a listed stack, one context, valid records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mobile_ai.contracts.reading import one_of
from mobile_ai.contracts.records import Waiver
from mobile_ai.contracts.resource import stack_of
from mobile_ai.contracts.tokens import CONTEXT, DEPLOYED
from mobile_ai.contracts.trust import RENEW
from mobile_ai.governance.rule import Rule, resource_rule, stack_rule
from mobile_ai.governance.rule_context import Case, StackContext
from mobile_ai.governance.waiver_rules import why_unfit


@resource_rule(
    id="stack-configured",
    title="The stack is listed in the pack, and the plan's stack and environment match it.",
    group="security",
    severity="critical",
    frameworks=("NIST AI RMF GOVERN 1.4", "CIS Controls 4.1"),
    remediation="list the stack in policy-pack/stacks.yaml on the protected branch",
    applies_to=(CONTEXT, DEPLOYED),
)
def stack_configured(case: Case) -> None:
    """Compare stack and environment with the URN and ``stacks.yaml``; require a valid trust.

    The trust is judged where the step is known, at ``Deployed``: a safety change needs no
    signature that nobody can give at night.
    """
    if case.resource.type == DEPLOYED:
        _check_trust(case, case.deny if case.facts.step == "other" else case.warn)
        return
    _check_trust(case, case.warn)
    environment = case.facts.setting.environment
    case.at("stack").require(one_of(stack_of(case.resource.urn)), "the stack of the URN")
    case.at("environment").require(one_of(environment), f"{environment!r}, as stacks.yaml says")


def _check_trust(case: Case, report: Callable[..., None]) -> None:
    trust = case.facts.setting.trust
    if trust.expired:
        report(
            f"trust {trust.label}",
            got=trust.ended,
            expected="a trust that is valid; until then only safety changes are accepted",
            next_step=RENEW,
        )


@resource_rule(
    id="records-verified",
    title="Every waiver, exception, revocation and usage record is signed by its role.",
    group="responsible_ai",
    severity="critical",
    frameworks=("EU AI Act Art. 12", "NIST AI RMF GOVERN 2.1"),
    remediation="have the right role (policy-pack/trust) sign the record, or remove it",
    applies_to=(CONTEXT, DEPLOYED),
)
def records_verified(case: Case) -> None:
    """Deny invalid records and waivers, and released digests without proof.

    Under an expired trust only records of the last `up` and those that withdraw something count,
    so that they are judged at ``Deployed``.
    """
    at_baseline = case.resource.type == DEPLOYED
    if case.facts.setting.trust.expired == at_baseline:
        _check_refused(case)
    if at_baseline:
        return
    case.at("records").plain()
    for waivers in case.facts.records.waivers.values():
        for waiver in waivers:
            _check_waiver(case, waiver)
    context = case.facts.context
    for digest in sorted(
        (context.claimed_released if context else frozenset()) - case.facts.released
    ):
        case.deny(
            "releasedDigests",
            got=digest,
            expected="a digest in the state, or in a signed gate statement among the records",
            next_step="leave it out, or carry the gate statement of its release",
        )


def _check_refused(case: Case) -> None:
    for error in case.facts.records.refused:
        case.deny(error.what, got=error.got, expected=error.expected, next_step=error.next_step)


def _check_waiver(case: Case, waiver: Waiver) -> None:
    why = why_unfit(waiver, case.facts.setting.config.rules.get(waiver.content.rule))
    if why:
        case.deny(
            f"waiver {waiver.name}",
            got=why,
            expected="a waiver of a waivable rule, by its role, within its days",
            next_step="remove it, or have the rule's role (docs/policies.md) sign a shorter one",
        )


@stack_rule(
    id="context-present",
    title="The plan has exactly one governance context and one baseline.",
    group="security",
    severity="critical",
    frameworks=("NIST AI RMF GOVERN 1.4",),
    remediation="keep GovernanceContext and Deployed as the first resources of the program",
)
def context_present(whole: StackContext) -> None:
    """Require exactly one context and one baseline: rules read only the first of each."""
    for token in (CONTEXT, DEPLOYED):
        count = len(whole.of(token))
        if count != 1:
            name = token.rpartition(":")[2]
            whole.deny(name, got=f"{count} of them", expected="exactly one")


RULES: Final[tuple[Rule, ...]] = (stack_configured, records_verified, context_present)
