"""Shared helpers for tests of AWS components: scope, platform, listing, statements."""

import json
from collections.abc import Iterator
from typing import Any

from mobile_ai.components.aws.names import AwsScope
from mobile_ai.components.aws.platform import PlatformParts
from tests.components.support import Engine, Registered

ACCOUNT = "123456789012"
DEV: AwsScope = {
    "stack": "dev",
    "account_id": ACCOUNT,
    "region": "eu-west-1",
    "protect": False,
}
PROD: AwsScope = {**DEV, "stack": "prod", "protect": True}
PLATFORM: PlatformParts = {
    "log_bucket": "mobile-ai-dev-logs-123456789012",
    "key_arn": "arn:aws:kms:eu-west-1:123456789012:key/platform",
    "key_alias": "alias/mobile-ai-dev-platform",
    "alarm_topic_arn": "arn:aws:sns:eu-west-1:123456789012:mobile-ai-dev-alarms",
}


def listing(engine: Engine) -> str:
    """Every resource as `type name < parent's type/name`, sorted."""
    lines = []
    for item in engine.registered:
        parent = engine.parent_of(item)
        above = f"{parent.type.rsplit(':', 1)[-1]}/{parent.name}" if parent else "(stack)"
        lines.append(f"{item.type} {item.name} < {above}")
    return "\n".join(sorted(lines)) + "\n"


def statements(item: Registered, field: str = "policy") -> dict[str, dict[str, Any]]:
    """The statements of a policy document by their ids."""
    return {one["Sid"]: one for one in json.loads(item.inputs[field])["Statement"]}


def allowed(engine: Engine) -> Iterator[tuple[str, str, list[str]]]:
    """Every (name, action, resources) that a role of the plan is allowed."""
    for item in engine.of_type("rolePolicy:RolePolicy"):
        for one in statements(item).values():
            for action in one["Action"]:
                yield item.name, action, one["Resource"]
