"""IAM policy documents as JSON text, with least privilege by construction.

``allow`` refuses wildcard actions. Keys are referenced by alias (``kms:ResourceAliases``), since
key IDs are unknown until creation.

Source: IAM JSON policy elements reference.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from mobile_ai.components.aws.names import AwsScope, arn
from mobile_ai.components.aws.service_source import trust_conditions

PolicyStatement = dict[str, Any]
"""Statement of an IAM policy, as JSON."""

# Key administration without cryptographic use. `kms:*` would be shorter, but would also let
# every administrator decrypt the data.
_KEY_ADMINISTRATION: Final = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:GetPublicKey",
    "kms:ListAliases",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RetireGrant",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
# KMS developer guide, "Importing key material", required permissions.
_KEY_IMPORT: Final = (
    "kms:DeleteImportedKeyMaterial",
    "kms:GetParametersForImport",
    "kms:ImportKeyMaterial",
)
_KEY_USE: Final = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey")


def allow(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[str],
    *,
    conditions: Mapping[str, Mapping[str, Any]] | None = None,
) -> PolicyStatement:
    """Return a statement of an identity policy.

    Raises:
        ValueError: If an action has a wildcard.
    """
    _refuse_wildcards(sid, actions)
    statement: PolicyStatement = {"Sid": sid, "Effect": "Allow", "Action": sorted(actions)}
    statement["Resource"] = list(resources)
    return _with_conditions(statement, conditions)


def allow_service(
    sid: str,
    service: str,
    actions: Sequence[str],
    resources: Sequence[str],
    *,
    conditions: Mapping[str, Mapping[str, Any]],
) -> PolicyStatement:
    """Return a statement of a resource policy that grants access to an AWS service.

    Conditions are required: without ``aws:SourceAccount`` or ``aws:SourceArn`` the service could
    act on behalf of any account (the confused deputy problem).
    """
    statement = allow(sid, actions, resources, conditions=conditions)
    return {**statement, "Principal": {"Service": service}}


def deny_insecure(resources: Sequence[str]) -> PolicyStatement:
    """Return the statement that denies requests over plain HTTP (FSBP S3.5)."""
    service = resources[0].split(":")[2]
    return {
        "Sid": "DenyInsecureTransport",
        "Effect": "Deny",
        "Principal": "*",
        "Action": f"{service}:*",
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def document(*statements: PolicyStatement) -> str:
    """Return a policy document; equal statements give equal text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def trust(service: str, scope: AwsScope, *, source_arn: str | None = None) -> str:
    """Return the trust policy of a role that one service may assume.

    The conditions are those that AWS documents for the service (see ``service_source``).
    """
    statement: PolicyStatement = {
        "Sid": "AssumeByService",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    conditions = trust_conditions(service, scope, source_arn)
    return document(_with_conditions(statement, conditions))


def service_source(scope: AwsScope) -> dict[str, dict[str, str]]:
    """Return the condition that restricts a service's calls to this account."""
    return {"StringEquals": {"aws:SourceAccount": scope["account_id"]}}


def use_key(
    scope: AwsScope, alias: str, *, actions: Sequence[str] = _KEY_USE, sid: str = "UseKey"
) -> PolicyStatement:
    """Return the statement that lets a role use the key with this alias."""
    return allow(
        sid,
        actions,
        [arn(scope, "kms", "key/*")],
        conditions={"ForAnyValue:StringEquals": {"kms:ResourceAliases": [alias]}},
    )


def log_writer(group_arn: str) -> PolicyStatement:
    """Return the statement that lets a role write to the streams of one log group."""
    return allow(
        "WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{group_arn}:log-stream:*"]
    )


def key_policy(scope: AwsScope, *services: PolicyStatement, imported: bool = False) -> str:
    """Return a key policy: the account administers the key, roles use it by their own policies.

    ``Resource: *`` in a key policy means the key itself (KMS developer guide, key policies). Only
    the account and services are principals, never a role: KMS rejects a policy with a principal
    that it cannot resolve, and a new role becomes visible only after some seconds (ADR 0024).

    Args:
        scope: Account and region of the key.
        services: Statements for AWS services.
        imported: Let the account import the key material (a key of origin ``EXTERNAL``).
    """
    root = {"AWS": f"arn:aws:iam::{scope['account_id']}:root"}
    administration = (*_KEY_ADMINISTRATION, *(_KEY_IMPORT if imported else ()))
    administer = {**allow("Administer", administration, ["*"]), "Principal": root}
    use = {**allow("UseByRolePolicies", [*_KEY_USE, "kms:Sign"], ["*"]), "Principal": root}
    grant = allow(
        "GrantToAwsServices",
        ["kms:CreateGrant"],
        ["*"],
        conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
    )
    return document(administer, use, {**grant, "Principal": root}, *services)


def _with_conditions(
    statement: PolicyStatement, conditions: Mapping[str, Mapping[str, Any]] | None
) -> PolicyStatement:
    return {**statement, "Condition": conditions} if conditions else statement


def _refuse_wildcards(sid: str, actions: Sequence[str]) -> None:
    wild = [action for action in actions if "*" in action]
    if wild:
        raise ValueError(f"statement {sid}: got the actions {wild}, expected each by its own name")
