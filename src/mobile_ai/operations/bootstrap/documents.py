"""IAM policies of the pipeline's roles, from the plan of a stack. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from mobile_ai.contracts.resource import Resource
from mobile_ai.operations.bootstrap.policies import packed, statement, statements
from mobile_ai.operations.bootstrap.rights import Right, StackPlace, rights_of_plan
from mobile_ai.operations.bootstrap.state import state_statements

_SIGNING: Final = ("kms:DescribeKey", "kms:GetPublicKey", "kms:Sign")
_KEY_CARE: Final = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:GetKeyPolicy",
    "kms:GetPublicKey",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
# Read calls that would reveal secret values.
_SECRETS: Final = frozenset({"kms:Decrypt", "secretsmanager:GetSecretValue"})
# Keys of the bootstrap may be used through services (as for the state), not changed or shared.
_USES: Final = frozenset(
    {"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:RetireGrant"}
)


def deploy_policies(plan: Sequence[Resource], place: StackPlace) -> list[dict[str, Any]]:
    """Return the policies of the role that runs `pulumi up` on a stack.

    Args:
        plan: Resources planned by the stack's last preview.
        place: The account and the stack.

    Raises:
        GovernanceError: A right cannot be derived, or the policies exceed a role's limits.
    """
    rights = rights_of_plan(plan, place)
    return packed([*_state(place, write=True), *statements(rights, place), *_leaving(rights)])


def preview_policies(plan: Sequence[Resource], place: StackPlace) -> list[dict[str, Any]]:
    """Return the policies of the role that previews and audits a stack: read-only.

    The only secrets it can read are those in the state, with which a preview compares.

    Raises:
        GovernanceError: A right cannot be derived.
    """
    return packed([*_judging(plan, place), *_auditing(place), *_looking(place)])


def gate_policies(plan: Sequence[Resource], place: StackPlace, *, key: str) -> list[dict[str, Any]]:
    """Return the policies of the role that judges a stack and signs the verdict.

    Args:
        plan: Resources planned by the stack's last preview.
        place: The account and the stack.
        key: ARN of the signing key.

    Raises:
        GovernanceError: A right cannot be derived.
    """
    return packed([*_judging(plan, place), statement("SignVerdict", _SIGNING, [key])])


def signing_key_policy(*, account: str, role: str) -> dict[str, Any]:
    """Return the key policy under which only one role signs, whatever IAM policies allow.

    The default statement that delegates ``kms:*`` to the account's IAM policies is omitted on
    purpose: without it, only the principals named here can be allowed to sign. Administrators may
    manage the key; the pipeline's own roles, and those that a deployment creates, may not.
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html

    Args:
        account: The account that holds the key.
        role: ARN of the role that signs; it must exist.
    """
    arn = f"arn:aws:iam::{account}:role/mobile-ai"
    ours = {"ArnNotLike": {"aws:PrincipalArn": [f"{arn}/*", f"{arn}-*"]}}
    administer = statement("Administer", _KEY_CARE, ["*"], ours)
    sign = statement("SignVerdict", _SIGNING, ["*"])
    return {
        "Version": "2012-10-17",
        "Statement": [
            {**administer, "Principal": {"AWS": f"arn:aws:iam::{account}:root"}},
            {**sign, "Principal": {"AWS": role}},
        ],
    }


def image_policy(*, account: str) -> dict[str, Any]:
    """Return the repository policy under which Lambda pulls images for functions of stacks.

    Lambda could add it itself, but only with the right to change the bootstrap's repositories.
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions

    Args:
        account: The account that holds the repository and the functions.
    """
    functions = f"arn:aws:lambda:*:{account}:function:mobile-ai-*"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "PullByLambda",
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                "Condition": {"StringLike": {"aws:SourceArn": functions}},
            }
        ],
    }


def _state(place: StackPlace, *, write: bool) -> Iterator[dict[str, Any]]:
    return state_statements(
        account=place.account, stack=place.stack, region=place.region, write=write
    )


def _judging(plan: Sequence[Resource], place: StackPlace) -> Iterator[dict[str, Any]]:
    """Yield the statements of a preview: reading the state and the deployed configuration."""
    yield from _state(place, write=False)
    reads = [
        right
        for right in rights_of_plan(plan, place)
        if right.verb == "read" and right.action not in _SECRETS
    ]
    yield from statements(reads, place)


def _auditing(place: StackPlace) -> Iterator[dict[str, Any]]:
    """Yield the additional statements of an audit: delivered objects, and CloudTrail."""
    own = [f"arn:aws:s3:::{place.prefix}*"]
    objects = ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"]
    yield statement("ReadOwnObjects", objects, own)
    released = {
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": [f"alias/{place.prefix}models"]},
        "StringLike": {"kms:ViaService": "s3.*.amazonaws.com"},
    }
    keys = [f"arn:aws:kms:*:{place.account}:key/*"]
    yield statement("ReadReleased", ["kms:Decrypt"], keys, released)
    # LookupEvents has no resource-level permissions: it shows all of the account's calls.
    yield statement("AskWhoChanged", ["cloudtrail:LookupEvents"], ["*"])


def _looking(place: StackPlace) -> Iterator[dict[str, Any]]:
    """Yield the statements of `mobile-ai images`: reading tags and manifests, no layers."""
    yield statement("LogInToImages", ["ecr:GetAuthorizationToken"], ["*"])
    repositories = [f"arn:aws:ecr:*:{place.account}:repository/mobile-ai/*"]
    yield statement("ReadImageTags", ["ecr:BatchGetImage", "ecr:ListImages"], repositories)


def _leaving(rights: Iterable[Right]) -> Iterator[dict[str, Any]]:
    """Yield the statement that denies changes to the bootstrap's keys (state, signers).

    A key's ARN has no name that a scope could match, and a principal that may write a key's policy
    can grant itself the right to sign.
    """
    touching = {
        right.action
        for right in rights
        if right.service == "kms" and right.arn != "*" and right.verb != "read"
    } - _USES
    if touching:
        condition = {"StringEquals": {"aws:ResourceTag/mobile-ai:managed-by": "bootstrap"}}
        refused = statement("LeaveKeysOfBootstrap", sorted(touching), ["*"], condition)
        yield {**refused, "Effect": "Deny"}
