"""Every KMS key admits its users in the plan, and unused keys are reported.

Which calls a deployer's use of a key leads to is read from AWS's own resource schemas (the handler
permissions that cfn-lint carries); which calls services and roles make is stated below, each with
the page of AWS that says so.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from tests.components.access import Request, Statement, allows, documents, walk
from tests.components.support import Engine, Registered, run_stack

REGION: Final = "eu-central-1"
READ, WRITE = ("kms:Decrypt",), ("kms:Decrypt", "kms:GenerateDataKey")
# CloudWatch Logs user guide, "Encrypt log data in CloudWatch Logs using KMS", step 2.
LOGS: Final = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)  # fmt: skip
# What an operator needs to look after a key, beside what the schemas say of a deployment
# (KMS developer guide, "Allows key administrators to administer the KMS key").
OPERATOR: Final = ("kms:CancelKeyDeletion", "kms:RevokeGrant", "kms:ListGrants")
IMPORT: Final = (
    "kms:DeleteImportedKeyMaterial",
    "kms:GetParametersForImport",
    "kms:ImportKeyMaterial",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key, its alias and the statements of its policy."""

    name: str
    arn: str
    alias: str
    statements: list[Statement]
    imported: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One use of a key by a principal.

    Attributes:
        who: For messages.
        principal: Of the key's policy.
        actions: That all have to be allowed.
        context: Of the call.
        role: Physical name of the role whose own policy has to allow them too.
    """

    who: str
    principal: tuple[str, str]
    actions: tuple[str, ...]
    context: Mapping[str, str]
    role: str | None = None


class Plan:
    """The planned stack, with what has to be looked up in it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        allowed = engine.one("pulumi:providers:aws").inputs["allowedAccountIds"]
        [self.account] = json.loads(allowed)
        self.root = ("AWS", f"arn:aws:iam::{self.account}:root")
        self.rights: dict[str, list[Statement]] = {}
        for item, statements in documents(engine, "rolePolicy:RolePolicy"):
            self.rights.setdefault(item.inputs["role"], []).extend(statements)
        self.keys = [self._key(item) for item in self._keys()]

    def _keys(self) -> list[Registered]:
        return [
            *self.engine.of_type("kms/key:Key"),
            *self.engine.of_type("kms/externalKey:ExternalKey"),
        ]

    def _key(self, item: Registered) -> Key:
        policies = {
            policy.inputs["keyId"]: statements
            for policy, statements in documents(self.engine, "kms/keyPolicy:KeyPolicy")
        }
        arn = f"arn:aws:kms:{REGION}:444455556666:key/{item.name}"  # as the mocks say
        inline = json.loads(item.inputs["policy"])["Statement"] if "policy" in item.inputs else None
        [alias] = [
            one.inputs["name"]
            for one in self.engine.of_type("kms/alias:Alias")
            if one.inputs["targetKeyId"] in {f"key/{item.name}", f"{item.name}-id"}
        ]
        return Key(
            name=item.name,
            arn=arn,
            alias=alias,
            statements=inline or policies[f"key/{item.name}"],
            imported=item.type.endswith(":ExternalKey"),
        )

    def uses(self, key: Key) -> Iterator[Use]:
        """Yield everything that is done with a key."""
        yield from self._by_deployer("AWS::KMS::Key")
        yield from self._by_deployer("AWS::KMS::Alias")
        yield self.as_account("an operator", OPERATOR)
        if key.imported:
            yield self.as_account("who imports the key", IMPORT)
        for item in self.engine.registered:
            for path, text in walk(item.inputs):
                named = text in {key.arn, key.alias, key.arn.rpartition(":")[2]}
                if item.custom and named and not item.type.startswith("aws:kms/"):
                    yield from self._of(item, ".".join(path), key)

    def _of(self, item: Registered, path: str, key: Key) -> Iterator[Use]:
        kind = item.type.split(":")[-1]
        assert (kind, path) in USERS, f"{item.key} names the key {key.name} in {path}: who uses it?"
        cloudformation, others = USERS[kind, path]
        if cloudformation:
            yield from self._by_deployer(cloudformation)
        yield from others(self, item)

    def _by_deployer(self, cloudformation: str) -> Iterator[Use]:
        """Yield what making, reading, changing and deleting needs, by AWS's own schemas."""
        # Neither asks the policy of a key: one makes it, the others have no key to ask.
        without_key = {"kms:CreateKey", "kms:ListKeys", "kms:ListAliases"}
        for action in sorted(handler_rights(cloudformation) - without_key):
            context = {"kms:GrantIsForAWSResource": "true"} if action == "kms:CreateGrant" else {}
            yield Use(
                who=f"the deployer of {cloudformation}",
                principal=self.root,
                actions=(action,),
                context=context,
            )

    def as_account(self, who: str, actions: tuple[str, ...]) -> Use:
        return Use(who=who, principal=self.root, actions=actions, context={})

    def role(self, role: str, actions: tuple[str, ...]) -> Use:
        """Return the use by a role of the plan, whose own policy has to allow it as well."""
        return Use(who=f"role {role}", principal=self.root, actions=actions, context={}, role=role)

    def roles_with(self, action: str, resource: str) -> list[str]:
        """Return the roles of the plan that may do something to a resource."""
        return [
            role
            for role, statements in self.rights.items()
            if any(
                action in one["Action"]
                and any(
                    resource.startswith(named.rstrip("*")) or named.startswith(resource)
                    for named in one["Resource"]
                )
                for one in statements
            )
        ]

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{REGION}:{self.account}:{resource}"


@cache
def handler_rights(cloudformation: str) -> frozenset[str]:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", cloudformation).schema
    return frozenset(
        action
        for handler in schema["handlers"].values()
        for action in handler.get("permissions", [])
        if action.startswith("kms:")
    )


def role_of(item: Registered) -> str:
    """Physical name of the role in a resource's inputs."""
    [arn] = [text for path, text in walk(item.inputs) if path[-1] in {"role", "roleArn"}][:1]
    return arn.rpartition("/")[2]


def log_group(plan: Plan, item: Registered) -> Iterator[Use]:
    arn = plan.arn("logs", f"log-group:{item.inputs['name']}")
    yield Use(
        who=f"CloudWatch Logs for {item.inputs['name']}",
        principal=("Service", f"logs.{REGION}.amazonaws.com"),
        actions=LOGS,
        context={"kms:EncryptionContext:aws:logs:arn": arn},
    )


def topic(plan: Plan, item: Registered) -> Iterator[Use]:
    """SNS developer guide, "Enable compatibility between event sources and encrypted topics"."""
    arn = plan.arn("sns", item.inputs["name"])
    publishers = [
        one["Principal"]["Service"]
        for _, statements in documents(plan.engine, "sns/topicPolicy:TopicPolicy")
        for one in statements
        if one["Effect"] == "Allow" and arn in one["Resource"]
    ]
    assert publishers, f"nobody may publish to {arn}"
    for service in publishers:
        yield Use(
            who=f"{service} for {arn}",
            principal=("Service", service),
            actions=WRITE,
            context={"aws:SourceAccount": plan.account},
        )


def queue(plan: Plan, item: Registered) -> Iterator[Use]:
    """SQS developer guide, "Key management": who sends needs both."""
    for role in plan.roles_with("sqs:SendMessage", plan.arn("sqs", item.inputs["name"])):
        yield plan.role(role, WRITE)


def schedule(plan: Plan, item: Registered) -> Iterator[Use]:
    """EventBridge Scheduler user guide, "Data encryption": the schedule's role decrypts."""
    yield plan.role(role_of(item), READ)


def stream(plan: Plan, item: Registered) -> Iterator[Use]:
    """Kinesis developer guide, "Permissions to use user-generated KMS keys"."""
    arn = plan.arn("kinesis", f"stream/{item.inputs['name']}")
    for role in plan.roles_with("kinesis:PutRecord", arn):
        yield plan.role(role, ("kms:GenerateDataKey",))
    for role in plan.roles_with("kinesis:GetRecords", arn):
        yield plan.role(role, READ)


def bucket(plan: Plan, item: Registered) -> Iterator[Use]:
    """S3 user guide, "Using SSE-KMS": who uploads needs both, who reads decrypts."""
    arn = f"arn:aws:s3:::{item.inputs['bucket']}"
    for role in plan.roles_with("s3:PutObject", arn):
        yield plan.role(role, WRITE)
    for role in plan.roles_with("s3:GetObject", arn):
        yield plan.role(role, READ)
    for _, statements in documents(plan.engine, "bucketPolicy:BucketPolicy"):
        for one in statements:
            if one["Effect"] == "Allow" and any(
                res.startswith(f"{arn}/") for res in one["Resource"]
            ):
                [(_, source)] = one["Condition"]["StringEquals"].items()
                yield Use(
                    who=f"{one['Principal']['Service']} for {arn}",
                    principal=("Service", one["Principal"]["Service"]),
                    actions=READ,
                    context={"aws:SourceArn": source},
                )


def firehose(plan: Plan, item: Registered) -> Iterator[Use]:
    """Firehose developer guide, "Grant Firehose access to an S3 destination"."""
    yield plan.role(role_of(item), WRITE)


def secret(plan: Plan, item: Registered) -> Iterator[Use]:
    """Secrets Manager user guide, "Secret encryption and decryption"."""
    arn = plan.arn("secretsmanager", f"secret:{item.inputs['name']}")
    for role in plan.roles_with("secretsmanager:GetSecretValue", arn):
        yield plan.role(role, READ)
    for role in plan.roles_with("secretsmanager:PutSecretValue", arn):
        yield plan.role(role, WRITE)
    yield plan.as_account("the deployer of a secret", WRITE)


def parameter(plan: Plan, item: Registered) -> Iterator[Use]:
    """Systems Manager user guide, "Restricting access to parameters": SecureString."""
    yield plan.as_account("the deployer of a parameter", ("kms:Encrypt", "kms:Decrypt"))
    for role in plan.roles_with(
        "ssm:GetParameter", plan.arn("ssm", f"parameter{item.inputs['name']}")
    ):
        yield plan.role(role, READ)


def database(plan: Plan, _item: Registered) -> Iterator[Use]:
    """RDS user guide, "Password management with Secrets Manager": the reader decrypts."""
    for role in plan.roles_with(
        "secretsmanager:GetSecretValue", plan.arn("secretsmanager", "secret:rds!db")
    ):
        yield plan.role(role, READ)


def signer(plan: Plan, item: Registered) -> Iterator[Use]:
    """A function that is told a key by its alias signs with it."""
    yield plan.role(role_of(item), ("kms:Sign",))


def nobody_else(_plan: Plan, _item: Registered) -> Iterator[Use]:
    yield from ()


Others = Callable[[Plan, Registered], Iterator[Use]]
# (type, property) -> type of AWS's schema, and who else uses the key that is named there.
USERS: Final[Mapping[tuple[str, str], tuple[str, Others]]] = {
    ("LogGroup", "kmsKeyId"): ("AWS::Logs::LogGroup", log_group),
    ("Topic", "kmsMasterKeyId"): ("AWS::SNS::Topic", topic),
    ("Queue", "kmsMasterKeyId"): ("AWS::SQS::Queue", queue),
    # Lambda makes a grant for the role (Lambda developer guide, "Securing environment variables").
    ("Function", "kmsKeyArn"): ("AWS::Lambda::Function", nobody_else),
    ("Function", "environment.variables.KEY_ID"): ("", signer),
    ("Schedule", "kmsKeyArn"): ("AWS::Scheduler::Schedule", schedule),
    ("Stream", "kmsKeyId"): ("AWS::Kinesis::Stream", stream),
    (
        "BucketServerSideEncryptionConfiguration",
        "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId",
    ): ("AWS::S3::Bucket", bucket),
    ("FirehoseDeliveryStream", "extendedS3Configuration.kmsKeyArn"): (
        "AWS::KinesisFirehose::DeliveryStream",
        firehose,
    ),
    (
        "Workgroup",
        "configuration.resultConfiguration.encryptionConfiguration.kmsKeyArn",
    ): ("AWS::Athena::WorkGroup", nobody_else),
    ("Repository", "encryptionConfigurations.kmsKey"): ("AWS::ECR::Repository", nobody_else),
    ("Secret", "kmsKeyId"): ("AWS::SecretsManager::Secret", secret),
    ("Parameter", "keyId"): ("AWS::SSM::Parameter", parameter),
    ("Instance", "kmsKeyId"): ("AWS::RDS::DBInstance", nobody_else),
    ("Instance", "performanceInsightsKmsKeyId"): ("AWS::RDS::DBInstance", nobody_else),
    ("Instance", "masterUserSecretKmsKeyId"): ("AWS::RDS::DBInstance", database),
}


def refused(plan: Plan, key: Key, statements: list[Statement]) -> list[str]:
    """Return what of the uses of a key these statements of its policy do not allow."""
    found = []
    for use in plan.uses(key):
        for action in use.actions:
            arn = plan.arn("kms", f"key/{key.name}")
            call = Request(
                principal=use.principal, action=action, resource=arn, context=use.context
            )
            if not allows(statements, call):
                found.append(f"{use.who}: {action} is not in the policy of {key.name}")
            own = Request(
                principal=None,
                action=action,
                resource=arn,
                context={"kms:ResourceAliases": key.alias, **SIGNING},
            )
            if use.role is not None and not allows(plan.rights[use.role], own):
                found.append(f"{use.who}: {action} with {key.name} is not in its own policy")
    return found


SIGNING: Final = {"kms:SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"}


@pytest.fixture(scope="module", params=["dev", "prod", "prod-full"])
def plan(request: pytest.FixtureRequest, shared_repository: Path) -> Plan:
    return Plan(run_stack(shared_repository, request.param, preview=False))


def test_every_key_lets_in_whoever_the_plan_makes_use_it(plan: Plan) -> None:
    assert len(plan.keys) >= 4
    assert [line for key in plan.keys for line in refused(plan, key, key.statements)] == []


def test_without_any_one_statement_something_is_refused(plan: Plan) -> None:
    """A statement of the account may be unused in one key, but not in all."""
    needed = {one["Sid"]: False for key in plan.keys for one in key.statements}
    for key in plan.keys:
        for one in key.statements:
            without = [other for other in key.statements if other is not one]
            needed[one["Sid"]] |= bool(refused(plan, key, without))

    assert [sid for sid, is_needed in needed.items() if not is_needed] == []
    assert len(needed) >= 7


def test_no_resource_policy_names_a_role(plan: Plan) -> None:
    """A role that was just made is unknown for seconds, and a policy that names it is refused."""
    named = {
        (item.key, text)
        for item in plan.engine.registered
        for field in ("policy", "accessPolicy")
        if item.custom and str(item.inputs.get(field, "")).startswith("{")
        for one in json.loads(item.inputs[field]).get("Statement", [])
        for _, text in walk(one.get("Principal", {}))
        if ":role/" in text or ":user/" in text
    }

    assert named == set()
