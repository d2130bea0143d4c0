"""Generates the reference page of the rules and the schema of pack configs."""

from __future__ import annotations

import json

from mobile_ai.governance.bounds import Bounds, BudgetBound
from mobile_ai.governance.config import config_schema
from mobile_ai.governance.listed_types import JUDGED, UNJUDGED
from mobile_ai.governance.rule import Rule
from mobile_ai.governance.rules import catalogue

__all__ = ["policies_page", "schema_text"]

_GROUPS = {
    "responsible_ai": "Responsible AI",
    "delivery": "Delivery",
    "finops": "FinOps",
    "security": "Security",
}
_HEAD = """# Policies

The rules of the policy pack `mobile-ai-governance`. This page is written by `make docs`, from the
rules themselves. Levels and parameters are set per environment in `policy-pack/config/`; every
setting that is weaker than the defaults below is listed in every report.

A *mandatory* rule stops the deployment. `unknown` is the effect of a value that is not known at
preview: *deny*, *warn*, or *defer* (listed, and denied at `up` if it is still unknown).

All input of the rules is in the plan, including what was deployed before
(`mobileai:index:Deployed`). So `pulumi preview --policy-pack policy-pack` and `mobile-ai gate` give
the same verdicts.

## Reported beside the rules

### stack-error

The program runs, and the stack file has no error. SARIF reports a failed program under this name,
at the line of the stack file where one is known. Nothing is deployed from a program that failed.

- When it fails: correct what the message names; `mobile-ai check` reads the file again in a second
"""

_TYPES_HEAD = """## Resource types

The closed list of `resource-types-expected`: a type that is not here is denied. Each is evaluated
by the rules named, or needs none for the reason given. Rules for every type, such as
`data-residency` and `cost-tags-required`, apply in addition.

| type | rules, or the reason why none is needed |
|---|---|"""

_BOUNDS_HEAD = """## Bounds

The values that a stack file may choose from are under `bounds` of the stack's entry in
`policy-pack/stacks.yaml`, which only reviewers of the pack may change. Every field is required.
`budgets.<name>` has the last two fields.

| field | meaning |
|---|---|"""


def policies_page() -> str:
    """Return the reference page of all rules."""
    parts = [_HEAD]
    for group, title in _GROUPS.items():
        rules = sorted((item for item in catalogue() if item.group == group), key=lambda r: r.id)
        parts.append(f"## {title}\n\n{len(rules)} rules.\n")
        parts += [_section(rule) for rule in rules]
    parts += [_listed_types(), _bounds()]
    return "\n".join(parts)


def _listed_types() -> str:
    """Return the section of listed types: each with its rules, or the reason why it needs none."""
    by_type = {
        token: ", ".join(
            f"[{rule.id}](#{rule.id})" for rule in catalogue() if token in rule.applies_to
        )
        for token in JUDGED
    }
    rows = [f"| `{token}` | {why} |" for token, why in sorted({**by_type, **UNJUDGED}.items())]
    return "\n".join([_TYPES_HEAD, *rows, ""])


def _bounds() -> str:
    """Return the section of the bounds: every field with its meaning."""
    rows = [
        f"| `{field.alias}` | {field.description} |"
        for model in (Bounds, BudgetBound)
        for field in model.model_fields.values()
    ]
    return "\n".join([_BOUNDS_HEAD, *rows, ""])


def schema_text() -> str:
    """Return the JSON Schema of a pack config as text."""
    return json.dumps(config_schema(catalogue()), indent=2) + "\n"


def _section(rule: Rule) -> str:
    waiver = (
        f"by {rule.waivable_by}, at most {rule.max_waiver_days} days"
        if rule.waivable_by
        else "by nobody"
    )
    lines = [
        f"### {rule.id}\n",
        f"{rule.title}\n",
        f"- Level: {rule.enforcement}, {rule.severity}; {rule.kind} rule",
        f"- Unknown: {rule.on_unknown}",
        f"- Evaluates: {', '.join(f'`{token}`' for token in rule.applies_to) or 'the whole stack'}",
        f"- Serves: {'; '.join(rule.frameworks)}",
        f"- When it fails: {rule.remediation}",
        f"- Waived: {waiver}",
        f"- Owner: {rule.owner}, review by {rule.review_by.isoformat()}",
    ]
    lines += [
        f"- `{name}` = `{json.dumps(item.default)}`: {item.doc}"
        for name, item in rule.parameters.items()
    ]
    return "\n".join(lines) + "\n"
