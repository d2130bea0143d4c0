"""Creates the missing resources of an account. Idempotent: an interrupted run may be repeated."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from botocore.exceptions import ClientError

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.resource import Resource
from mobile_ai.operations.bootstrap.boundary import boundary_policy
from mobile_ai.operations.bootstrap.documents import (
    deploy_policies,
    gate_policies,
    image_policy,
    preview_policies,
    signing_key_policy,
)
from mobile_ai.operations.bootstrap.rights import StackPlace
from mobile_ai.operations.bootstrap.state import STATE_KEY, state_bucket
from mobile_ai.operations.bootstrap.trust import PROVIDER, Repository, trust_policy

_Clients = Callable[[str], Any]
BootstrapOutcome = Literal["made", "there", "changed"]
"""Result for one object of the account: made, already there, or changed."""
_PATH: Final = "/mobile-ai/"
_EDGE: Final = "mobile-ai/edge"
_REPOSITORIES: Final = (_EDGE, "mobile-ai/mlflow")
_SIGNERS: Final = ("builder", "evaluator")


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedAccount:
    """Desired resources of an account for a stack.

    Attributes:
        place: The account, the stack and the regions; the credentials must be of this account.
        repository: The repository on GitHub whose workflows deploy.
        plan: Resources planned by the stack's last preview.
    """

    place: StackPlace
    repository: Repository
    plan: tuple[Resource, ...]

    @property
    def bucket(self) -> str:
        """Name of the bucket that holds the state."""
        return state_bucket(account=self.place.account, region=self.place.region)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One resource of the account.

    Attributes:
        what: Its name.
        outcome: ``made`` now, ``there`` already, or ``changed``.
        value: Its identifier for others: a URI or an ARN.
    """

    what: str
    outcome: BootstrapOutcome
    value: str


def bootstrap(wanted: WantedAccount, clients: _Clients) -> Iterator[Made]:
    """Create the missing resources, one after the other.

    Args:
        wanted: Desired resources of the account.
        clients: Returns a boto3 client by the name of its service.

    Raises:
        GovernanceError: The credentials are of another account.
        ClientError: AWS refused; resources made so far are found by the next run.
    """
    place, plan = wanted.place, wanted.plan
    account = clients("sts").get_caller_identity()["Account"]
    if account != place.account:
        raise GovernanceError(
            "credentials",
            got=f"account {account}",
            expected=f"account {place.account}, as the stack file says",
            next_step="use credentials of that account (AWS_PROFILE)",
        )
    secrets = _key(clients("kms"), STATE_KEY.removeprefix("alias/"), spec="SYMMETRIC_DEFAULT")
    yield secrets
    yield _bucket(clients("s3"), wanted, key=secrets.value)
    for name in _REPOSITORIES:
        yield _repository(clients("ecr"), name)
    yield _pulled(clients("ecr"), _EDGE, image_policy(account=place.account))
    for name in _SIGNERS:
        yield _key(clients("kms"), f"mobile-ai-{name}", spec="ECC_NIST_P256")
    iam = clients("iam")
    yield _provider(iam, wanted)
    limit = json.dumps(boundary_policy(plan, place))
    yield _policy(iam, place.account, place.boundary.rpartition("/")[2], limit)
    yield from _role(iam, wanted, "deploy", place.stack, deploy_policies(plan, place))
    reading = preview_policies(plan, place)
    yield from _role(iam, wanted, "preview", f"audit-{place.stack}", reading)
    yield from _gate(clients, wanted)


def _gate(clients: _Clients, wanted: WantedAccount) -> Iterator[Made]:
    """Create the signing key of the trust's role `pipeline`, and the only role that may use it.

    The key's policy names the role and the role's policies name the key. So the key is created
    first, with AWS's default key policy, and is restricted once the role exists.
    """
    stack = wanted.place.stack
    kms = clients("kms")
    key = _key(kms, f"mobile-ai-gate-{stack}", spec="ECC_NIST_P256")
    policies = gate_policies(wanted.plan, wanted.place, key=key.value)
    role = None
    for made in _role(clients("iam"), wanted, "gate", f"gate-{stack}", policies):
        yield made
        role = made
    assert role is not None  # noqa: S101  # a role's last item is the role
    policy = signing_key_policy(account=wanted.place.account, role=role.value)
    closed = _close(kms, key.value, policy)
    yield replace(key, outcome="changed") if closed and key.outcome == "there" else key


def _close(kms: Any, key: str, policy: Mapping[str, Any]) -> bool:
    """Set a key's policy; return whether it had another."""
    now = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    if now == policy:
        return False
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    return True


def _key(kms: Any, name: str, *, spec: str) -> Made:
    alias = f"alias/{name}"
    try:
        found = kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"]
    except ClientError as error:
        _expect(error, "NotFoundException")
    else:
        return Made(what=f"key {alias}", outcome="there", value=str(found))
    usage = "SIGN_VERIFY" if spec.startswith("ECC") else "ENCRYPT_DECRYPT"
    made = kms.create_key(
        KeySpec=spec, KeyUsage=usage, Description=name, Tags=[_tag("TagKey", "TagValue")]
    )["KeyMetadata"]
    kms.create_alias(AliasName=alias, TargetKeyId=made["KeyId"])
    if usage == "ENCRYPT_DECRYPT":
        kms.enable_key_rotation(KeyId=made["KeyId"])
    return Made(what=f"key {alias}", outcome="made", value=str(made["Arn"]))


def _bucket(s3: Any, wanted: WantedAccount, *, key: str) -> Made:
    name = wanted.bucket
    outcome: BootstrapOutcome = "there"
    try:
        s3.head_bucket(Bucket=name, ExpectedBucketOwner=wanted.place.account)
    except ClientError as error:
        _expect(error, "404")
        region = wanted.place.region
        at = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        where = {} if region == "us-east-1" else at
        s3.create_bucket(Bucket=name, ObjectOwnership="BucketOwnerEnforced", **where)
        outcome = "made"
    # Set on every run: a bucket that was made public by hand is closed again.
    s3.put_public_access_block(
        Bucket=name,
        PublicAccessBlockConfiguration=dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"),
            True,
        ),
    )
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": {
                        "SSEAlgorithm": "aws:kms",
                        "KMSMasterKeyID": key,
                    },
                    "BucketKeyEnabled": True,
                }
            ]
        },
    )
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(_encrypted_transport(name)))
    return Made(what=f"bucket {name}", outcome=outcome, value=f"s3://{name}")


def _encrypted_transport(bucket: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "EncryptedTransportOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }


def _repository(ecr: Any, name: str) -> Made:
    try:
        made = ecr.create_repository(
            repositoryName=name,
            imageTagMutability="IMMUTABLE",
            imageScanningConfiguration={"scanOnPush": True},
            encryptionConfiguration={"encryptionType": "KMS"},
            tags=[_tag("Key", "Value")],
        )["repository"]
        return Made(what=f"repository {name}", outcome="made", value=made["repositoryUri"])
    except ClientError as error:
        _expect(error, "RepositoryAlreadyExistsException")
    found = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    return Made(what=f"repository {name}", outcome="there", value=found["repositoryUri"])


def _pulled(ecr: Any, name: str, policy: Mapping[str, Any]) -> Made:
    """Allow Lambda, and no other service, to pull a repository's images."""
    what = f"repository policy {name}"
    outcome: BootstrapOutcome = "changed"
    try:
        now = json.loads(ecr.get_repository_policy(repositoryName=name)["policyText"])
    except ClientError as error:
        _expect(error, "RepositoryPolicyNotFoundException")
        now, outcome = None, "made"
    if now == policy:
        return Made(what=what, outcome="there", value=name)
    ecr.set_repository_policy(repositoryName=name, policyText=json.dumps(policy))
    return Made(what=what, outcome=outcome, value=name)


def _provider(iam: Any, wanted: WantedAccount) -> Made:
    arn = f"arn:aws:iam::{wanted.place.account}:oidc-provider/{PROVIDER}"
    listed = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    if arn in {item["Arn"] for item in listed}:
        return Made(what=f"identity provider {PROVIDER}", outcome="there", value=arn)
    iam.create_open_id_connect_provider(
        Url=f"https://{PROVIDER}", ClientIDList=["sts.amazonaws.com"]
    )
    return Made(what=f"identity provider {PROVIDER}", outcome="made", value=arn)


def _role(
    iam: Any, wanted: WantedAccount, purpose: str, environment: str, policies: list[dict[str, Any]]
) -> Iterator[Made]:
    # Outside the stack's own name prefix, whose roles the deploy role may change.
    name = f"mobile-ai-pipeline-{wanted.place.stack}-{purpose}"
    account = wanted.place.account
    trust = json.dumps(
        trust_policy(account=account, repository=wanted.repository, environment=environment)
    )
    outcome: BootstrapOutcome = "made"
    try:
        iam.create_role(
            RoleName=name, Path=_PATH, AssumeRolePolicyDocument=trust, Tags=[_tag("Key", "Value")]
        )
    except ClientError as error:
        _expect(error, "EntityAlreadyExists")
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        outcome = "there"
    kept = []
    for number, policy in enumerate(policies, 1):
        made = _policy(iam, account, f"{name}-{number}", json.dumps(policy))
        iam.attach_role_policy(RoleName=name, PolicyArn=made.value)
        kept.append(made.value)
        yield made
    # A stack that uses fewer types needs fewer policies: surplus ones are detached.
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    for item in attached:
        if item["PolicyArn"] not in kept:
            iam.detach_role_policy(RoleName=name, PolicyArn=item["PolicyArn"])
    arn = f"arn:aws:iam::{account}:role{_PATH}{name}"
    yield Made(what=f"role {name}", outcome=outcome, value=arn)


def _policy(iam: Any, account: str, name: str, document: str) -> Made:
    arn = f"arn:aws:iam::{account}:policy{_PATH}{name}"
    try:
        iam.create_policy(PolicyName=name, Path=_PATH, PolicyDocument=document)
        return Made(what=f"policy {name}", outcome="made", value=arn)
    except ClientError as error:
        _expect(error, "EntityAlreadyExists")
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    default = next(item["VersionId"] for item in versions if item["IsDefaultVersion"])
    now = iam.get_policy_version(PolicyArn=arn, VersionId=default)["PolicyVersion"]["Document"]
    if now == json.loads(document):
        return Made(what=f"policy {name}", outcome="there", value=arn)
    for item in versions:  # IAM keeps at most five versions of a managed policy
        if not item["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=item["VersionId"])
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
    return Made(what=f"policy {name}", outcome="changed", value=arn)


def _tag(key: str, value: str) -> dict[str, str]:
    return {key: "mobile-ai:managed-by", value: "bootstrap"}


def _expect(error: ClientError, code: str) -> None:
    """Ignore an error with this code; raise any other."""
    if error.response["Error"]["Code"] != code:
        raise error
