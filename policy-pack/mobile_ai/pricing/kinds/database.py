"""Price model of the registry's RDS database."""

from __future__ import annotations

from typing import Final

from mobile_ai.contracts.resource import Resource
from mobile_ai.pricing import inputs
from mobile_ai.pricing.line import Line
from mobile_ai.pricing.meter import Meter
from mobile_ai.pricing.money import Band
from mobile_ai.pricing.plan import Plan

__all__ = ["PRICED"]


def _instance(plan: Plan, resource: Resource) -> list[Line]:
    meter, props, assume = Meter(plan, resource), resource.props, plan.assume
    if inputs.text(props, "engine") != "postgres":
        return [meter.unknown("rds", f"engine {inputs.text(props, 'engine')!r} is not priced")]
    zones = "multi" if inputs.flag(props, "multiAz") else "single"
    size = inputs.text(props, "instanceClass")
    least = inputs.amount(props, "allocatedStorage")
    most = max(least, inputs.amount(props, "maxAllocatedStorage"))
    stored = (assume.database_growth * least).at_most(most)
    disk = inputs.text(props, "storageType", default="gp2")
    lines = [
        meter.line(f"rds.postgres.{zones}.{size}", assume.hours_per_month),
        meter.line(f"rds.storage.{zones}.{disk}", stored),
        # Backups as large as the storage are included (https://aws.amazon.com/rds/pricing/).
        meter.line("rds.backup", Band(stored.low * 0, stored.low * 0, stored.high - stored.low)),
    ]
    if inputs.flag(props, "manageMasterUserPassword"):
        lines.append(meter.line("secrets.secret", Band.flat(1)))
    if inputs.amount(props, "monitoringInterval"):
        lines.append(meter.line("logs.ingest", assume.quiet_log_gb))
    return lines


PRICED: Final = {"aws:rds/instance:Instance": _instance}
