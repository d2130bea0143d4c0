"""IAM policies of the pipeline's roles, from the plan of a stack. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from governance.resource import Resource

from operations.bootstrap.policies import packed, statement, statements
from operations.bootstrap.rights import Place, Right, rights_of_plan
from operations.bootstrap.state import state_statements

__all__ = [
    "deploy_policies",
    "gate_policies",
    "image_policy",
    "preview_policies",
    "signing_key_policy",
]

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
# Reads of a configuration that would hand over what is kept.
_SECRETS: Final = frozenset({"kms:Decrypt", "secretsmanager:GetSecretValue"})
# A key of the bootstrap may be used through services (the state is), but not changed or handed on.
_USES: Final = frozenset(
    {"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:RetireGrant"}
)


def deploy_policies(plan: Sequence[Resource], place: Place) -> list[dict[str, Any]]:
    """Return the policies of the role that runs `pulumi up` on a stack.

    Args:
        plan: The resources that the stack's last preview plans.
        place: The account and the stack.

    Raises:
        GovernanceError: A right cannot be derived, or they do not fit into a role.
    """
    rights = rights_of_plan(plan, place)
    return packed([*_state(place, write=True), *statements(rights, place), *_leaving(rights)])


def preview_policies(plan: Sequence[Resource], place: Place) -> list[dict[str, Any]]:
    """Return the policies of the role that previews and audits a stack: reading only.

    Of secrets it gets those in the state, with which a preview compares.

    Raises:
        GovernanceError: A right cannot be derived.
    """
    return packed([*_judging(plan, place), *_auditing(place), *_looking(place)])


def gate_policies(plan: Sequence[Resource], place: Place, *, key: str) -> list[dict[str, Any]]:
    """Return the policies of the role that judges a stack and signs the verdict.

    Args:
        plan: The resources that the stack's last preview plans.
        place: The account and the stack.
        key: ARN of the key that signs.

    Raises:
        GovernanceError: A right cannot be derived.
    """
    return packed([*_judging(plan, place), statement("SignVerdict", _SIGNING, [key])])


def signing_key_policy(*, account: str, role: str) -> dict[str, Any]:
    """Return the key policy under which one role signs, whatever IAM policies say elsewhere.

    The usual statement that hands ``kms:*`` to the account's IAM policies is left out on purpose:
    without it nobody can be allowed to sign but who is named here. Administrators may look after
    the key; the pipeline's own roles, and those that a deployment makes, may not.
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
    """Return the repository policy under which Lambda pulls an image for functions of stacks.

    Lambda would write it itself, given the right to change repositories of the bootstrap.
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


def _state(place: Place, *, write: bool) -> Iterator[dict[str, Any]]:
    return state_statements(
        account=place.account, stack=place.stack, region=place.region, write=write
    )


def _judging(plan: Sequence[Resource], place: Place) -> Iterator[dict[str, Any]]:
    """Yield what a preview needs: the state, and the configuration of what is deployed."""
    yield from _state(place, write=False)
    reads = [
        right
        for right in rights_of_plan(plan, place)
        if right.verb == "read" and right.action not in _SECRETS
    ]
    yield from statements(reads, place)


def _auditing(place: Place) -> Iterator[dict[str, Any]]:
    """Yield what an audit needs beside: the bytes that devices get, and who called AWS."""
    own = [f"arn:aws:s3:::{place.prefix}*"]
    objects = ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"]
    yield statement("ReadOwnObjects", objects, own)
    released = {
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": [f"alias/{place.prefix}models"]},
        "StringLike": {"kms:ViaService": "s3.*.amazonaws.com"},
    }
    keys = [f"arn:aws:kms:*:{place.account}:key/*"]
    yield statement("ReadReleased", ["kms:Decrypt"], keys, released)
    # AWS cannot limit this one to resources: it shows every management call of the account.
    yield statement("AskWhoChanged", ["cloudtrail:LookupEvents"], ["*"])


def _looking(place: Place) -> Iterator[dict[str, Any]]:
    """Yield what `mobile-ai images` needs: tags and manifests, no layer."""
    yield statement("LogInToImages", ["ecr:GetAuthorizationToken"], ["*"])
    repositories = [f"arn:aws:ecr:*:{place.account}:repository/mobile-ai/*"]
    yield statement("ReadImageTags", ["ecr:BatchGetImage", "ecr:ListImages"], repositories)


def _leaving(rights: Iterable[Right]) -> Iterator[dict[str, Any]]:
    """Yield the refusal to touch keys of the bootstrap: state and signers are not a stack's.

    A key has no name that a scope could tell apart, and who may write a key's policy may let
    himself sign with it.
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
