"""Generates the reference page of the rules and the schema of pack configs."""

from __future__ import annotations

import json

from pydantic import BaseModel

from mobile_ai.contracts.bounds import Bounds, BudgetBound, ImageBound, RolloutBound
from mobile_ai.contracts.data_types import shipped_vocabulary
from mobile_ai.contracts.reading import MISSING
from mobile_ai.contracts.regions import shipped_regions
from mobile_ai.contracts.roots import StackRoots
from mobile_ai.governance.config import config_schema
from mobile_ai.governance.resource_list import ListedType, Names, listed_types
from mobile_ai.governance.rule import Rule
from mobile_ai.governance.rules import catalogue
from tests.governance.controls import read_controls

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

The closed list of `resource-types-expected`, from `resources.yaml` of the pack: a type that is not
here is denied, and so is a property of a listed type that is not here. Each type is evaluated by
the rules named, or needs none for the reason given. Rules for every type, such as `data-residency`
and `cost-tags-required`, apply in addition.

`{...}`: of the property, these names alone; `=`: these values alone. What is not set, or false, or
empty, needs no name.

| type | rules, or the reason why none is needed | properties |
|---|---|---|"""

_CONTROLS_HEAD = """## Published controls

What checkov (`CKV`), AWS Foundational Security Best Practices (`FSBP`), the CIS benchmarks and the
Kubernetes Pod Security Standards (`PSS`) ask of listed types: the rule that denies a violation, as
a test does for each line, or the reason why nothing does.

| control | type and property | rule, or the reason why there is none |
|---|---|---|"""

_BOUNDS_HEAD = """## Bounds

`policy-pack/stacks.yaml` lists the stacks; one that is not there is denied. The file is a plain
mapping `stacks`, which only reviewers of the pack may change. `mobile-ai migrate` stages version 1
of the signed roots (`urn:mobile-ai:roots:v1`, [schema](schemas/roots.schema.json)) from it in
`policy-pack/staged/`, and says who signs it; once it has every signature it replaces the mapping.
The signed form is one YAML document for each version, each signed by the roles of the trusts that
it and the version before it name. `security` signs for everything but money, with two keys for a
production stack; `finops-approver` signs for `budgets`, `nodePriceUsdPerHour` and `nodeCpu`. Only
what a version changes needs signatures, and roots never expire.

Signed roots are verified by whatever reads values from them; with a signature missing, nothing
passes. The plain form gives the same verdicts, and a production stack that rests on it is listed
with the weakened rules of every report. `mobile-ai roots show` lists missing signatures,
`mobile-ai roots sign` adds one. A key that left the trust keeps what it signed, and signs no later
version; one that was compromised counts nowhere.

To change a bound:

```sh
mobile-ai roots propose dev 'bounds.domains[+]' example.org                       # security's
mobile-ai roots propose dev 'bounds.issuers[https://id.example.org/][+]' devices
mobile-ai roots propose dev 'bounds.budgets[stack].maximumUsd' 300                # FinOps'
```

A denial prints the command with the values of the plan. It says who must sign or review, and takes
no placeholder and no value of a form that a stack file cannot have. A pull request with that change
and with what needs it is judged by both: the verdict is by the roots in force, and the report adds
what the proposed ones would change.

Environments and stacks have any name. What follows from being in production follows from `class`.

| field of a stack | meaning |
|---|---|"""

_VALUES_HEAD = """
`bounds` holds the values that the stack file may choose from. Fields without a default are
required. A budget has `maximumUsd`, `kind` and `scope`; an image repository `signer` and `digests`;
`rollout` has the last four fields. Where a repository has a `signer`, each digest that did not run
before needs a record in `images/<environment>/` ([records](records.md)).

| field of the bounds | meaning |
|---|---|"""

_REGIONS_HEAD = """## Regions

Where personal data may be processed is a choice of the pack config: `"jurisdictions": ["EU"]` in
`policy-pack/config/<environment>.json`, by default the EU. The first is the home: any home is a
choice and weakens nothing. Further jurisdictions, and regions beyond them in `personalRegions` or
`sensitiveRegions`, are listed in every report. Which other countries are adequate (GDPR Art. 45)
or otherwise fit is the company's decision; this table says where regions are, nothing about law.

A jurisdiction is a country or a group of countries. A region that AWS opens after this version is
added by the config: `"regions": {"eu-middle-1": {"country": "FR"}}`. Regions of partitions other
than `aws` may be regions of sites; the components declare resources for `aws` alone.

| region | name | partition | jurisdictions |
|---|---|---|---|"""

_TYPES_OF_DATA_HEAD = """## Data types

The kinds of data that a deployment may declare. The pack config adds a company's own, and adding
weakens nothing:

```json
{"vocabulary": {
  "leaf-image": {"modalities": ["vision"], "minimumTier": "Public", "places": ["on-device", "edge"]}
}}
```

Of a type below only the fields that differ are named; a lower minimum tier and more places or
modalities are listed in every report. Modalities, tiers and places are closed lists.

| data type | modalities | minimum tier | places |
|---|---|---|---|"""


def policies_page() -> str:
    """Return the reference page of all rules."""
    parts = [_HEAD]
    for group, title in _GROUPS.items():
        rules = sorted((item for item in catalogue() if item.group == group), key=lambda r: r.id)
        parts.append(f"## {title}\n\n{len(rules)} rules.\n")
        parts += [_section(rule) for rule in rules]
    parts += [_listed_types(), _controls(), _bounds(), _regions(), _data_types()]
    return "\n".join(parts)


def _listed_types() -> str:
    """Return the section of listed types: each with its rules or its reason, and its properties."""
    rows = [
        f"| `{token}` | {_why(listed)} | {_properties(listed)} |"
        for token, listed in sorted(listed_types().items())
    ]
    return "\n".join([_TYPES_HEAD, *rows, ""])


def _why(listed: ListedType) -> str:
    return ", ".join(f"[{rule}](#{rule})" for rule in listed.rules) or listed.reason


def _properties(listed: ListedType) -> str:
    if listed.properties is None:
        return "any"
    fixed = [
        f"{'.'.join(path)} = {_values(values)}" for path, values in sorted(listed.values.items())
    ]
    return f"`{'; '.join([_names(listed.properties), *fixed])}`"


def _values(values: tuple[object, ...]) -> str:
    return " or ".join("unset" if item is MISSING else str(item) for item in values)


def _names(names: Names) -> str:
    return ", ".join(
        f"{name} {{{_names(below)}}}" if below else name for name, below in sorted(names.items())
    )


def _controls() -> str:
    """Return the section of published controls."""
    rows = [
        f"| {', '.join(item.ids)} | `{item.type}` `{item.path or '(alone)'}` "
        f"| {f'[{item.rule}](#{item.rule})' if item.rule else item.reason} |"
        for item in read_controls()
    ]
    return "\n".join([_CONTROLS_HEAD, *rows, ""])


def _bounds() -> str:
    """Return the section of the stacks and their bounds: every field with its meaning."""
    stack = _fields(StackRoots)
    values = _fields(Bounds, BudgetBound, ImageBound, RolloutBound)
    return "\n".join([_BOUNDS_HEAD, *stack, _VALUES_HEAD, *values, ""])


def _fields(*models: type[BaseModel]) -> list[str]:
    return [
        f"| `{field.alias}` | {field.description} |"
        for model in models
        for field in model.model_fields.values()
    ]


def _regions() -> str:
    """Return the section of the regions with their jurisdictions."""
    table = shipped_regions()
    rows = [
        f"| `{name}` | {row.name} | {row.partition} "
        f"| {', '.join(sorted(table.jurisdictions_of(name)))} |"
        for name, row in sorted(table.regions.items())
    ]
    return "\n".join([_REGIONS_HEAD, *rows, ""])


def _data_types() -> str:
    """Return the section of the shipped vocabulary."""
    rows = [
        f"| `{name}` | {', '.join(item.modalities)} | {item.minimum_tier} "
        f"| {', '.join(item.places)} |"
        for name, item in sorted(shipped_vocabulary().types.items())
    ]
    return "\n".join([_TYPES_OF_DATA_HEAD, *rows, ""])


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
