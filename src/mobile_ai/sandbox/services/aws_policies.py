"""Patches moto: conditions in bucket policies, and permission to write access logs.

Moto denies a request if a statement's condition does not hold, even of a deny statement (so a
bucket that denies plain HTTP would deny everything), and finds the log service's permission only if
the principal is written as an object.
"""

import fnmatch
import json
from collections.abc import Mapping
from typing import Any, Final

from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.s3.models import FakeBucket

_LOG_SERVICE: Final = "logging.s3.amazonaws.com"


def fix_bucket_policies() -> None:
    """Patch moto to ignore statements whose condition does not hold, as AWS does.

    The sandbox has no condition keys, so no condition holds.
    """
    decide = IAMPolicyStatement.is_action_permitted

    def decide_by_condition(self: Any, *given: Any, **named: Any) -> PermissionResult:
        statement = self._statement
        conditional = bool(statement.get("Condition")) and "Resource" in statement
        return PermissionResult.NEUTRAL if conditional else decide(self, *given, **named)

    IAMPolicyStatement.is_action_permitted = decide_by_condition
    FakeBucket._log_permissions_enabled_policy = staticmethod(may_log)  # noqa: SLF001


def may_log(target_bucket: Any, target_prefix: str | None) -> bool:
    """Return whether a bucket's policy lets the log service write below a prefix."""
    policy = json.loads(target_bucket.policy.decode()) if target_bucket.policy else {}
    place = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/{target_prefix or ''}x"
    return any(_lets_log(item, place) for item in policy.get("Statement", ()))


def _lets_log(statement: Mapping[str, Any], place: str) -> bool:
    principal = statement.get("Principal")
    services = _listed(principal.get("Service")) if isinstance(principal, Mapping) else []
    return (
        statement.get("Effect") == "Allow"
        and _LOG_SERVICE in services
        and "s3:PutObject" in _listed(statement.get("Action"))
        and any(fnmatch.fnmatchcase(place, item) for item in _listed(statement.get("Resource")))
    )


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
