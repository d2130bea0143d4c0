"""Price models of KMS keys and Secrets Manager secrets."""

from __future__ import annotations

from typing import Final

from mobile_ai.contracts.resource import Resource
from mobile_ai.pricing import inputs
from mobile_ai.pricing.line import Line
from mobile_ai.pricing.meter import Meter
from mobile_ai.pricing.money import Band
from mobile_ai.pricing.plan import Plan

__all__ = ["PRICED"]

_SYMMETRIC: Final = {"SYMMETRIC_DEFAULT", ""}


def _key(plan: Plan, resource: Resource) -> list[Line]:
    meter, props, assume = Meter(plan, resource), resource.props, plan.assume
    symmetric = inputs.text(props, "customerMasterKeySpec") in _SYMMETRIC
    # Each of the first two rotations adds a key's monthly charge (https://aws.amazon.com/kms/pricing/).
    keys = Band.of("1", "1", "2") if inputs.flag(props, "enableKeyRotation") else Band.flat(1)
    item = "kms.request" if symmetric else "kms.request.asymmetric"
    # An asymmetric key here signs once per refresh, not once per object.
    requests = assume.kms_requests_per_key if symmetric else assume.hours_per_month
    return [meter.line("kms.key", keys), meter.line(item, requests)]


def _secret(plan: Plan, resource: Resource) -> list[Line]:
    meter = Meter(plan, resource)
    return [
        meter.line("secrets.secret", Band.flat(1)),
        meter.line("secrets.request", plan.assume.secret_requests),
    ]


PRICED: Final = {
    "aws:kms/externalKey:ExternalKey": _key,
    "aws:kms/key:Key": _key,
    "aws:secretsmanager/secret:Secret": _secret,
}
