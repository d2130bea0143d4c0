"""Bounds the cost of declared resources: scaling, concurrency, sizes, retention, usage, budgets."""

from __future__ import annotations

import re
from decimal import Decimal
from shlex import quote
from typing import Any, Final

from mobile_ai.contracts.predicates import UsagePredicate
from mobile_ai.contracts.reading import Property, at_least, at_most, one_of
from mobile_ai.contracts.tokens import CONTEXT, DEPLOYMENT, FUNCTION, TASK_DEFINITION
from mobile_ai.governance.deployment import app_of, placements
from mobile_ai.governance.rule import Parameter, Rule, resource_rule, stack_rule
from mobile_ai.governance.rule_context import Case, StackContext
from mobile_ai.pricing.catalogue import pack_catalogue
from mobile_ai.pricing.missing import missing_price

_BUDGET: Final = "aws:budgets/budget:Budget"
_LOG_GROUP: Final = "aws:cloudwatch/logGroup:LogGroup"
_HOURS_A_MONTH: Final = 730
_FUNCTION_ITEMS: Final = ("lambda.arm", "lambda.x86")
_SCALERS: Final = {
    "kubernetes:autoscaling/v1:HorizontalPodAutoscaler": ("spec", "maxReplicas"),
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler": ("spec", "maxReplicas"),
    "aws:appautoscaling/target:Target": ("maxCapacity",),
}
# By type: the property that holds the size, and the parameter that lists allowed sizes.
_SIZES: Final = {
    "aws:rds/instance:Instance": ("instanceClass", "database"),
    "aws:ec2/instance:Instance": ("instanceType", "instance"),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": ("instanceType", "instance"),
}


@resource_rule(
    id="autoscaling-bounded",
    title="Every autoscaler has an upper bound.",
    group="finops",
    severity="high",
    frameworks=("FinOps Framework: Workload Optimization", "AWS Well-Architected COST09"),
    remediation="lower the maximum, or have the pack's config raised",
    applies_to=(*_SCALERS, DEPLOYMENT),
    waivable_by="finops-approver",
    parameters={
        "maximumReplicas": Parameter(
            default=20, doc="Maximum replicas of one autoscaler.", weaker="higher"
        )
    },
)
def autoscaling_bounded(case: Case) -> None:
    """Check the maximum of an autoscaler, or of each edge placement of a deployment."""
    most = case.parameters["maximumReplicas"]
    if case.resource.type != DEPLOYMENT:
        case.at(*_SCALERS[case.resource.type]).require(at_most(most), f"at most {most}")
        return
    for item in placements(case):
        if item.at("target").text() == "edge":
            item.at("replicas", "max").require(at_most(most), f"at most {most}")
            least = item.at("replicas", "min").number() or 0
            item.at("replicas", "max").require(at_least(least), f"at least min, {least:g}")


@resource_rule(
    id="functions-capped",
    title="Functions have a cap on concurrency and memory.",
    group="finops",
    severity="high",
    frameworks=("AWS Well-Architected COST09", "AWS FSBP Lambda.7"),
    remediation="set reservedConcurrentExecutions",
    applies_to=(FUNCTION,),
    waivable_by="finops-approver",
    parameters={
        "maximumConcurrency": Parameter(
            default=100, doc="Maximum reserved concurrency.", weaker="higher"
        ),
        "maximumMemoryMb": Parameter(
            default=3008, doc="Maximum memory of one instance.", weaker="higher"
        ),
    },
)
def functions_capped(case: Case) -> None:
    """Check reserved concurrency and memory."""
    most, memory = case.parameters["maximumConcurrency"], case.parameters["maximumMemoryMb"]
    cap = case.at("reservedConcurrentExecutions")
    if cap.require(at_most(most), f"at most {most}"):
        cap.require(at_least(0), "0 or more: below there is no cap")
    if not case.at("memorySize").missing:
        case.at("memorySize").require(at_most(memory), f"at most {memory}")


@resource_rule(
    id="cloud-capacity-affordable",
    title="Cloud placements cannot cost more than their hard budget, even at full load.",
    group="finops",
    severity="high",
    frameworks=("FinOps Framework: Budgeting", "AWS Well-Architected COST01"),
    remediation="lower reservedConcurrency or memoryMb, or raise the budget",
    applies_to=(DEPLOYMENT,),
    waivable_by="finops-approver",
    parameters={
        "busyShare": Parameter(
            default=1.0, doc="Share of the month at full concurrency.", weaker="lower"
        ),
    },
)
def cloud_capacity_affordable(case: Case) -> None:
    """Compare the cost of cloud placements at full load with the budget.

    Reserved concurrency caps the request rate and not the cost; this bounds the cost of that rate:
    concurrency x memory x busy time x price per GB-second.
    """
    clouds = [item for item in placements(case) if item.at("target").text() == "cloud"]
    parts = [_full_load_usd(case, item) for item in clouds]
    budget = _budget(case)
    if clouds and not budget:
        case.deny("spec.budget", got="no budget that is known", expected="one to hold them against")
    limit = budget.get("monthlyUsd")
    if budget.get("kind") != "hard" or not isinstance(limit, int | float):
        return
    cost = sum((item for item in parts if item is not None), Decimal(0))
    if None in parts:
        lacking = clouds[parts.index(None)].at("region").text()
        case.deny(
            "cloud placements",
            got=missing_price(pack_catalogue(), _FUNCTION_ITEMS[0], lacking),
            expected="a known cost",
        )
    elif cost > limit:
        report = case.warn if case.facts.step == "safety" else case.deny
        report("cloud placements", got=f"up to {cost:.0f} USD a month", expected=f"{limit:g}")


@resource_rule(
    id="sizes-allowed",
    title="Instances and databases have a size that the environment allows.",
    group="finops",
    severity="medium",
    frameworks=("FinOps Framework: Rate Optimization", "AWS Well-Architected COST06"),
    remediation="take a size from the list in the pack's config",
    applies_to=(*_SIZES, TASK_DEFINITION),
    waivable_by="finops-approver",
    parameters={
        "database": Parameter(
            default=["db.t4g.micro", "db.t4g.small", "db.t4g.medium", "db.m7g.large"],
            doc="Instance classes of databases.",
            weaker="more",
        ),
        "instance": Parameter(default=[], doc="Instance types of machines.", weaker="more"),
        "maximumTaskCpu": Parameter(default=4096, doc="CPU units of a task.", weaker="higher"),
    },
)
def sizes_allowed(case: Case) -> None:
    """Check the size against the list for its type."""
    if case.resource.type == TASK_DEFINITION:
        most = case.parameters["maximumTaskCpu"]
        case.at("cpu").require(
            lambda value: str(value).isdigit() and int(value) <= most, f"at most {most} units"
        )
        return
    name, parameter = _SIZES[case.resource.type]
    allowed = case.parameters[parameter]
    case.at(name).require(one_of(*allowed), f"one of {allowed}")


@resource_rule(
    id="logs-expire",
    title="Log retention is within bounds.",
    group="finops",
    severity="medium",
    frameworks=("GDPR Art. 5(1)(e)", "AWS FSBP CloudWatch.16", "EU AI Act Art. 19"),
    remediation="set retentionInDays",
    applies_to=(_LOG_GROUP,),
    waivable_by="finops-approver",
    parameters={
        "minimumDays": Parameter(default=14, doc="Days of logs.", weaker="lower"),
        "maximumDays": Parameter(default=400, doc="Days of logs.", weaker="higher"),
    },
)
def logs_expire(case: Case) -> None:
    """Check the retention of a log group."""
    least, most = case.parameters["minimumDays"], case.parameters["maximumDays"]
    days = case.at("retentionInDays")
    if days.require(at_least(least), f"{least} to {most} days"):
        days.require(at_most(most), f"{least} to {most} days")


@resource_rule(
    id="budget-declared",
    title="Every deployment has a declared budget with a limit and a notification address.",
    group="finops",
    severity="high",
    frameworks=("FinOps Framework: Budgeting", "AWS Well-Architected COST01"),
    remediation="declare the budget in the stack file, with addresses in `notify`",
    applies_to=(DEPLOYMENT,),
    waivable_by="finops-approver",
)
def budget_declared(case: Case) -> None:
    """Check that the named budget exists, has a limit and notifies somebody."""
    budget = case.at("spec", "budget")
    known = case.facts.context.budgets if case.facts.context else {}
    if not budget.require(lambda value: value in known, f"one of {sorted(known)}"):
        return
    entry = known[budget.text()]
    limit = entry.get("monthlyUsd")
    if not isinstance(limit, int | float) or limit <= 0:
        case.deny("budget.monthlyUsd", got=repr(limit), expected="more than 0")
    if not entry.get("notify"):
        case.deny("budget.notify", got="nobody", expected="at least one address")


@resource_rule(
    id="owner-named",
    title="The stack has an owner, a team and a cost centre in the company's form.",
    group="finops",
    severity="medium",
    frameworks=("FinOps Framework: Allocation", "NIST AI RMF GOVERN 2.1"),
    remediation="fill in `owner` in the stack file",
    applies_to=(CONTEXT,),
    waivable_by="finops-approver",
    parameters={
        "costCenterPattern": Parameter(
            default="cc-[0-9]+", doc="Regular expression of a cost centre.", weaker="other"
        )
    },
)
def owner_named(case: Case) -> None:
    """Check project, team and cost centre."""
    for key in ("project", "team"):
        case.at("owner", key).require(
            lambda value: isinstance(value, str) and value != "", "a name"
        )
    pattern = case.parameters["costCenterPattern"]
    case.at("owner", "costCenter").require(
        lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None,
        f"a cost centre that matches {pattern}",
    )


@resource_rule(
    id="usage-plausible",
    title="Declared usage is not far below the last measurement or signed assumption.",
    group="finops",
    severity="high",
    frameworks=("FinOps Framework: Forecasting",),
    remediation="declare the measured usage, or have the FinOps approver sign an assumption "
    "(`mobile-ai record new usage --for STACK`)",
    applies_to=(DEPLOYMENT,),
    waivable_by="finops-approver",
    parameters={
        "minimumShare": Parameter(
            default=0.8, doc="Minimum share of the last value measured or signed.", weaker="lower"
        )
    },
)
def usage_plausible(case: Case) -> None:
    """Compare declared usage with the signed record of the application.

    A safety change does not wait for a new measurement: the last one counts.
    """
    app, least = app_of(case), case.parameters["minimumShare"]
    safe = case.facts.step == "safety"
    record = _usage(case, app, expired=safe)
    step = (
        "declare the measured usage, or have the FinOps approver sign an assumption "
        f"(`mobile-ai record new usage --for {case.facts.setting.stack} --set app={quote(app)}`)"
    )
    if record is None:
        report = case.warn if safe else case.deny
        report(
            f"usage of {app!r}",
            got=_no_usage(case, app),
            expected="a measurement or an assumption",
            next_step=step,
        )
        return
    figures = {
        "monthlyActiveDevices": record.monthly_active_devices,
        "updatesPerMonth": record.updates_per_month,
        "requestsPerSecond": record.requests_per_second,
    }
    for key, known in figures.items():
        case.at("spec", "usage", key).require(
            at_least(known * least),
            f"at least {known * least:g} ({least:.0%} of {known:g})",
            next_step=step,
        )


@stack_rule(
    id="budgets-alert",
    title="Every declared budget exists in the account, with notifications.",
    group="finops",
    severity="high",
    frameworks=("FinOps Framework: Budgeting", "AWS Well-Architected COST01"),
    remediation="keep CostBudget in the program",
    waivable_by="finops-approver",
)
def budgets_alert(whole: StackContext) -> None:
    """Require as many AWS budgets with notifications as the context declares."""
    declared = whole.facts.context.budgets if whole.facts.context else {}
    made = whole.of(_BUDGET)
    for case in made:
        notifications = case.at("notifications")
        notifications.require(bool, "at least one notification")
    if len(made) < len(declared):
        whole.deny("budgets", got=f"{len(made)} of them", expected=f"{len(declared)}")


def _full_load_usd(case: Case, placement: Property) -> Decimal | None:
    """Return the monthly cost of a placement at full concurrency; ``None`` without a price.

    A deployment does not declare its processor architecture: the higher known price is used.
    """
    copies, memory = placement.at("reservedConcurrency"), placement.at("memoryMb")
    copies.require(at_least(0), "a reserved concurrency")
    memory.require(at_least(1), "a memory size")
    gb = Decimal(str(copies.number() or 0)) * Decimal(str(memory.number() or 0)) / 1024
    seconds = _HOURS_A_MONTH * 3600 * Decimal(str(case.parameters["busyShare"]))
    region = placement.at("region").text()
    prices = [pack_catalogue().find(item, region) for item in _FUNCTION_ITEMS]
    costs = [item.cost(max(gb, Decimal(0)) * seconds) for item in prices if item and item.known]
    return max(costs, default=None)


def _budget(case: Case) -> dict[str, Any]:
    known = case.facts.context.budgets if case.facts.context else {}
    return dict(known.get(case.at("spec", "budget").text(), {}))


def _usage(case: Case, app: str, *, expired: bool) -> UsagePredicate | None:
    """Return the newest record that counts, or with ``expired`` the newest of all."""
    counting = [item for item in _usages(case, app) if expired or item.counts(case.now)]
    return max(counting, key=lambda item: item.issued, default=None)


def _no_usage(case: Case, app: str) -> str:
    """Return the reason why no record of an application's usage counts."""
    ends = [item.ends for item in _usages(case, app)]
    return f"records that ended by {max(ends).date()}" if ends else "no signed record"


def _usages(case: Case, app: str) -> list[UsagePredicate]:
    found = case.facts.records.usage.get((case.facts.setting.stack, app), ())
    return [item.content for item in found]


RULES: Final[tuple[Rule, ...]] = (
    autoscaling_bounded,
    functions_capped,
    cloud_capacity_affordable,
    sizes_allowed,
    logs_expire,
    budget_declared,
    owner_named,
    usage_plausible,
    budgets_alert,
)
