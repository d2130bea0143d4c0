"""Rules on AWS services after the AWS Foundational Security Best Practices (FSBP) standard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from mobile_ai.contracts.reading import (
    MISSING,
    Property,
    at_least,
    is_false,
    is_text,
    is_true,
    one_of,
    optional,
)
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import (
    FUNCTION,
    KUBERNETES_WORKLOADS,
    TASK_DEFINITION,
    pod_path,
)
from mobile_ai.governance.pods import CONTAINER_LISTS
from mobile_ai.governance.rule import Parameter, Rule, resource_rule, stack_rule
from mobile_ai.governance.rule_context import Case, StackContext

_BUCKET: Final = "aws:s3/bucket:Bucket"
_SECRET_NAME: Final = re.compile(
    r"(?i)(password|passwd|secret|token|api_?key|private_?key|credential)"
)
# Names with these endings refer to a secret and do not contain it.
_REFERENCE: Final = re.compile(r"(?i)(arn|name|id|file|path|url|alias)$")
# Names that FSBP ECS.8 refuses whatever they end in.
_CREDENTIALS: Final = frozenset(
    {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ECS_ENGINE_AUTH_DATA"}
)
# Resources that each bucket requires, by purpose; their property `bucket` refers to it.
_GUARDS: Final = {
    "public access block": "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "encryption": (
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    ),
    "versioning": "aws:s3/bucketVersioning:BucketVersioning",
    "lifecycle": "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "ownership controls": "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "policy": "aws:s3/bucketPolicy:BucketPolicy",
}


@resource_rule(
    id="keys-rotate",
    title="Encryption keys rotate, and are not deleted within days.",
    group="security",
    severity="medium",
    frameworks=("AWS FSBP KMS.4", "CIS AWS 3.6"),
    remediation="set enableKeyRotation and a deletion window of at least 7 days",
    applies_to=("aws:kms/key:Key",),
    waivable_by="security",
)
def keys_rotate(case: Case) -> None:
    """Check rotation of symmetric keys and the deletion window.

    KMS supports automatic rotation only for symmetric encryption keys:
    https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
    """
    usage, spec = case.at("keyUsage"), case.at("customerMasterKeySpec")
    signs = usage.text() == "SIGN_VERIFY"
    if not signs and (spec.missing or spec.text() == "SYMMETRIC_DEFAULT"):
        case.at("enableKeyRotation").require(is_true, "true")
    window = case.at("deletionWindowInDays")
    window.require(optional(at_least(7)), "at least 7 days")


@resource_rule(
    id="registry-immutable",
    title="Image tags cannot be moved, and images are scanned when pushed.",
    group="security",
    severity="high",
    frameworks=("AWS FSBP ECR.1 and ECR.2",),
    remediation="set imageTagMutability to IMMUTABLE and scanOnPush",
    applies_to=("aws:ecr/repository:Repository",),
    waivable_by="security",
)
def registry_immutable(case: Case) -> None:
    """Check tag mutability and scanning on push."""
    case.at("imageTagMutability").require(one_of("IMMUTABLE"), "'IMMUTABLE'")
    case.at("imageScanningConfiguration", "scanOnPush").require(is_true, "true")


@resource_rule(
    id="database-resilient",
    title="Databases have backups, automatic patches, deletion protection and Multi-AZ.",
    group="security",
    severity="high",
    frameworks=("AWS FSBP RDS.5, RDS.8, RDS.11 and RDS.13",),
    remediation="set backups, automatic minor upgrades, deletion protection and multi-AZ",
    applies_to=("aws:rds/instance:Instance",),
    waivable_by="security",
    parameters={
        "minimumBackupDays": Parameter(default=7, doc="Days of backups.", weaker="lower"),
        "deletionProtection": Parameter(default=True, doc="Whether it is needed.", weaker="other"),
        "multiAz": Parameter(default=True, doc="Whether it is needed.", weaker="other"),
    },
)
def database_resilient(case: Case) -> None:
    """Check backups, minor upgrades, deletion protection and Multi-AZ."""
    days = case.parameters["minimumBackupDays"]
    case.at("backupRetentionPeriod").require(at_least(days), f"at least {days} days")
    case.at("autoMinorVersionUpgrade").require(optional(is_true), "true")
    for key in ("deletionProtection", "multiAz"):
        if case.parameters[key]:
            case.at(key).require(is_true, "true")


def _topic(case: Case) -> None:
    case.at("kmsMasterKeyId").require(is_text, "a KMS key")


def _queue(case: Case) -> None:
    if case.at("kmsMasterKeyId").missing:
        case.at("sqsManagedSseEnabled").require(is_true, "a KMS key, or true")


def _delivery_stream(case: Case) -> None:
    if case.at("kinesisSourceConfiguration").missing:
        case.at("serverSideEncryption", "enabled").require(is_true, "true")
    case.at("extendedS3Configuration", "kmsKeyArn").require(is_text, "a KMS key")


def _with_key(case: Case) -> None:
    case.at("kmsKeyId").require(is_text, "a KMS key")


_ENCRYPTED: Final[Mapping[str, Callable[[Case], None]]] = {
    "aws:sns/topic:Topic": _topic,
    "aws:sqs/queue:Queue": _queue,
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": _delivery_stream,
    "aws:cloudwatch/logGroup:LogGroup": _with_key,
    "aws:secretsmanager/secret:Secret": _with_key,
}


@resource_rule(
    id="messages-encrypted",
    title="Topics, queues, streams, logs and secrets are encrypted with a customer managed key.",
    group="security",
    severity="medium",
    frameworks=("AWS FSBP SNS.1, SQS.1 and DataFirehose.1", "GDPR Art. 32"),
    remediation="set the KMS key",
    applies_to=tuple(_ENCRYPTED),
    on_unknown="defer",  # the key's ARN is unknown until the key is created
    waivable_by="security",
)
def messages_encrypted(case: Case) -> None:
    """Run the check of the resource's type."""
    _ENCRYPTED[case.resource.type](case)


@resource_rule(
    id="task-hardened",
    title="Container tasks run without privileges, on a read-only root, and log.",
    group="security",
    severity="high",
    frameworks=("AWS FSBP ECS.1, ECS.4, ECS.5, ECS.9 and ECS.17",),
    remediation="set readonlyRootFilesystem, a user that is not root, and a log configuration",
    applies_to=(TASK_DEFINITION,),
    waivable_by="security",
)
def task_hardened(case: Case) -> None:
    """Check every container of the definition."""
    case.at("networkMode").require(one_of("awsvpc"), "'awsvpc'")
    definitions = case.at("containerDefinitions").json()
    for container in _task_containers(case, definitions):
        container.at("privileged").require(optional(is_false), "false")
        container.at("readonlyRootFilesystem").require(is_true, "true")
        container.at("user").require(
            lambda user: user not in {MISSING, "root", "0", "0:0"}, "a user that is not root"
        )
        container.at("logConfiguration", "logDriver").require(is_text, "a log driver")


def _task_containers(case: Case, definitions: Any) -> Iterator[Property]:
    for index, value in enumerate(definitions if isinstance(definitions, list) else []):
        yield Property(value, case.notes, path=f"containerDefinitions[{index}]")


@resource_rule(
    id="no-plain-secrets",
    title="Environment variables hold no passwords, tokens or keys in the clear.",
    group="security",
    severity="high",
    frameworks=("AWS FSBP ECS.8", "OWASP A07:2021"),
    remediation="take it from a secret store, and pass its name",
    applies_to=(
        FUNCTION,
        TASK_DEFINITION,
        "kubernetes:core/v1:ConfigMap",
        *KUBERNETES_WORKLOADS,
    ),
    on_unknown="defer",  # other variables may hold addresses that are unknown at preview
    waivable_by="security",
)
def no_plain_secrets(case: Case) -> None:
    """Deny variables with a value whose name is that of a secret."""
    if case.resource.type == FUNCTION:
        _refuse_secrets(case.at("environment", "variables"))
    elif case.resource.type.endswith(":ConfigMap"):
        _refuse_secrets(case.at("data"))
    elif case.resource.type == TASK_DEFINITION:
        for container in _task_containers(case, case.at("containerDefinitions").json()):
            _refuse_named(container.at("environment"))
    else:
        pod = case.at(*pod_path(case.resource.type))
        for container in (item for key in CONTAINER_LISTS for item in pod.at(key).items()):
            _refuse_named(container.at("env"))


def _refuse_named(variables: Property) -> None:
    for item in variables.items():
        if _names_secret(item.at("name").text()) and not item.at("value").missing:
            _deny_secret(item.at("name"))


def _refuse_secrets(variables: Property) -> None:
    for name, value in variables.entries():
        if _names_secret(name) and not value.missing:
            _deny_secret(value)


def _deny_secret(node: Property) -> None:
    # The value is never printed, even if it is not marked as a secret.
    node.redacted().deny("a reference to a secret store")


def _names_secret(name: str) -> bool:
    if name.upper() in _CREDENTIALS:
        return True
    return bool(_SECRET_NAME.search(name)) and not _REFERENCE.search(name)


@resource_rule(
    id="functions-traced",
    title="Functions log to a declared log group.",
    group="security",
    severity="low",
    enforcement="advisory",
    frameworks=("AWS Well-Architected REL06",),
    remediation="set a log group and tracing",
    applies_to=(FUNCTION,),
    on_unknown="warn",
    waivable_by="security",
)
def functions_traced(case: Case) -> None:
    """Check that logs go to a named group."""
    case.at("loggingConfig", "logGroup").require(is_text, "a log group")


@stack_rule(
    id="bucket-guards-exist",
    title="Every bucket is private, encrypted and versioned, and has a lifecycle and a policy.",
    group="security",
    severity="high",
    frameworks=("AWS FSBP S3.8 and S3.13",),
    remediation="make buckets with PrivateBucket, which brings its guards",
    waivable_by="security",
)
def bucket_guards_exist(whole: StackContext) -> None:
    """Require each guard of each bucket: no resource rule runs for a removed resource."""
    guarded = {
        purpose: _guarded(whole.index.by_type.get(token, [])) for purpose, token in _GUARDS.items()
    }
    for case in whole.of(_BUCKET):
        own = {case.resource.urn, case.at("bucket").text() or case.resource.urn}
        for purpose, buckets in guarded.items():
            if not own & buckets:
                case.deny(purpose, got="none", expected="one for this bucket")


def _guarded(guards: list[Resource]) -> set[str]:
    found: set[str] = set()
    for guard in guards:
        found.update(guard.dependencies.get("bucket", ()))
        bucket = guard.props.get("bucket")
        found.update({bucket} if isinstance(bucket, str) else ())
    return found


@resource_rule(
    id="stores-protected",
    title="Data stores are protected from deletion with the stack.",
    group="security",
    severity="medium",
    frameworks=("AWS Well-Architected REL09",),
    remediation="set `protect` in the stack file",
    applies_to=(_BUCKET, "aws:rds/instance:Instance"),
    waivable_by="security",
    parameters={
        "names": Parameter(
            default=["models", "registry", "artifacts", "mlflow", "delivery"],
            doc="Parts of the names of resources that must be protected.",
            weaker="fewer",
        )
    },
)
def stores_protected(case: Case) -> None:
    """Check Pulumi's `protect`, which also stops replacements and removals from the program."""
    name = case.resource.name
    wanted = any(part in name for part in case.parameters["names"])
    if wanted and not case.resource.protect:
        case.deny("protect", got="false", expected="true")


RULES: Final[tuple[Rule, ...]] = (
    keys_rotate,
    registry_immutable,
    database_resilient,
    messages_encrypted,
    task_hardened,
    no_plain_secrets,
    functions_traced,
    bucket_guards_exist,
    stores_protected,
)
