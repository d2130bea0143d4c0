"""Lambda functions of the platform, packaged from source files of this folder."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from mobile_ai import contracts
from mobile_ai.components import functions
from mobile_ai.components.aws import iam
from mobile_ai.components.aws.log_group import log_group
from mobile_ai.components.aws.names import (
    AwsScope,
    arn,
    log_group_arn,
    log_group_name,
    physical_name,
    to_wire,
)
from mobile_ai.components.aws.platform import PlatformParts
from mobile_ai.components.aws.role import service_role

_FOLDER: Final = Path(functions.__file__).parent
_SHARED: Final = Path(contracts.__file__).parent
_RUNTIME: Final = "python3.13"
_QUEUE_SECONDS: Final = 1_209_600  # 14 days, the most that SQS keeps


class FunctionVpc(TypedDict):
    """VPC configuration of a function."""

    subnet_ids: list[pulumi.Input[str]]
    security_group_ids: list[pulumi.Input[str]]


class ServiceFunctionArgs(TypedDict):
    """Arguments of :class:`ServiceFunction`."""

    scope: AwsScope
    purpose: str
    """Purpose of the function; part of its physical name."""
    sources: list[str]
    """Files of ``mobile_ai.components.functions``; the first holds ``handler(event, context)``."""
    shared: NotRequired[list[str]]
    """Files of ``contracts`` that the sources import; they import nothing that is not here."""
    environment: dict[str, str]
    statements: list[dict[str, Any]]
    """IAM statements besides the right to write its own log."""
    platform: PlatformParts
    timeout_seconds: int
    concurrency: int
    """Reserved concurrency; it caps the spend of a runaway loop."""
    memory_mb: NotRequired[int]
    vpc: NotRequired[FunctionVpc]
    """VPC placement, for a function that reaches resources inside a network."""


class ServiceFunction(pulumi.ComponentResource):
    """A Lambda function with its own role, encrypted log group and dead-letter queue.

    It runs no model. The code is part of the program's package, and its digest is in the
    environment, so a code change shows in the plan.
    """

    arn: str
    function_name: pulumi.Output[str]
    function_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ServiceFunctionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create log group, queue, role and function."""
        super().__init__("mobileai:index:ServiceFunction", name, to_wire(args), opts)
        scope = args["scope"]
        physical = physical_name(scope, args["purpose"])
        self.arn = arn(scope, "lambda", f"function:{physical}")
        child = pulumi.ResourceOptions(parent=self)
        group = log_group(
            name, "function", args["purpose"], scope=scope, platform=args["platform"], opts=child
        )
        queue = aws.sqs.Queue(
            name,
            name=f"{physical}-dead",
            kms_master_key_id=args["platform"]["key_alias"],
            message_retention_seconds=_QUEUE_SECONDS,
            policy=iam.document(iam.deny_insecure([arn(scope, "sqs", f"{physical}-dead")])),
            opts=child,
        )
        role = service_role(
            name,
            scope=scope,
            service="lambda.amazonaws.com",
            purpose=args["purpose"],
            statements=_rights(args),
            opts=child,
        )
        function = _function(
            name, args, role, queue, pulumi.ResourceOptions(parent=self, depends_on=[group])
        )
        self.function_name, self.function_arn = function.name, function.arn
        self.register_outputs({"arn": self.arn})


def code_digest(sources: list[str], shared: Sequence[str] = ()) -> str:
    """Return the SHA-256 over names and contents of source files, in the order given."""
    digest = hashlib.sha256()
    for source in [*(_FOLDER / name for name in sources), *(_SHARED / name for name in shared)]:
        content = source.read_bytes()
        digest.update(f"{source.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def code_files(
    sources: Sequence[str], shared: Sequence[str]
) -> dict[str, pulumi.Asset | pulumi.Archive]:
    """Return the contents of the function's archive, by path."""
    rooms = {
        "mobile_ai/components/functions": (_FOLDER, sources),
        "mobile_ai/contracts": (_SHARED, shared),
    }
    return {
        f"{room}/{name}": pulumi.FileAsset(str(folder / name))
        for room, (folder, names) in rooms.items()
        if names
        for name in ("__init__.py", *names)
    }


def _rights(args: ServiceFunctionArgs) -> list[dict[str, Any]]:
    scope, purpose = args["scope"], args["purpose"]
    queue = arn(scope, "sqs", f"{physical_name(scope, purpose)}-dead")
    return [
        iam.log_writer(log_group_arn(scope, log_group_name(scope, "function", purpose))),
        # X-Ray has no resources to name (service authorization reference).
        iam.allow("Trace", ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"]),
        iam.allow("KeepFailures", ["sqs:SendMessage"], [queue]),
        iam.use_key(
            scope,
            args["platform"]["key_alias"],
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            sid="UseFunctionKey",
        ),
        *_network_rights(args),
        *args["statements"],
    ]


def _network_rights(args: ServiceFunctionArgs) -> list[dict[str, Any]]:
    # Network interface ARNs are unknown before creation (Lambda developer guide, VPC permissions).
    actions = [f"ec2:{verb}" for verb in ("CreateNetworkInterface", "DeleteNetworkInterface")]
    wanted = [*actions, "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
    return [iam.allow("JoinNetwork", wanted, ["*"])] if "vpc" in args else []


def _function(
    name: str,
    args: ServiceFunctionArgs,
    role: aws.iam.Role,
    queue: aws.sqs.Queue,
    opts: pulumi.ResourceOptions,
) -> aws.lambda_.Function:
    sources, shared = args["sources"], args.get("shared", [])
    environment = {**args["environment"], "MOBILE_AI_CODE_SHA256": code_digest(sources, shared)}
    vpc = args.get("vpc")
    return aws.lambda_.Function(
        name,
        name=physical_name(args["scope"], args["purpose"]),
        role=role.arn,
        runtime=_RUNTIME,
        architectures=["arm64"],
        handler=f"{functions.__name__}.{Path(sources[0]).stem}.handler",
        code=pulumi.AssetArchive(code_files(sources, shared)),
        environment={"variables": environment},
        kms_key_arn=args["platform"]["key_arn"],
        memory_size=args.get("memory_mb", 256),
        timeout=args["timeout_seconds"],
        reserved_concurrent_executions=args["concurrency"],
        dead_letter_config={"target_arn": queue.arn},
        tracing_config={"mode": "Active"},
        logging_config={
            "log_format": "JSON",
            "log_group": log_group_name(args["scope"], "function", args["purpose"]),
        },
        vpc_config=vpc and {**vpc},
        opts=opts,
    )
