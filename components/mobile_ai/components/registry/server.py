"""Registry server: MLflow as a Fargate service."""

from typing import Final, TypedDict

import pulumi
import pulumi_aws as aws

from mobile_ai.components.aws.log_group import log_group
from mobile_ai.components.aws.names import AwsScope, arn, physical_name, to_wire
from mobile_ai.components.aws.platform import PlatformParts
from mobile_ai.components.aws.role import service_role
from mobile_ai.components.network.parts import NetworkParts
from mobile_ai.components.registry import plan

_LOG_DAYS: Final = 90
_START_SECONDS: Final = 120  # MLflow migrates its database at the first start


class RegistryServerArgs(TypedDict):
    """Arguments of :class:`RegistryServer`."""

    scope: AwsScope
    platform: PlatformParts
    network: NetworkParts
    key_alias: str
    """Alias of the key of artifacts, images and secrets."""
    security_group_id: pulumi.Input[str]
    target_group_arn: pulumi.Input[str]
    image: str
    """``repository@sha256:…``."""
    repository: str
    """ECR repository that tasks may pull from."""
    artifacts: str
    """Bucket of the artifacts."""
    domain: str
    tasks: int
    cpu: int
    memory_mb: int


class RegistryServer(pulumi.ComponentResource):
    """Cluster, roles, log group, task definition and service (FSBP ECS.1-.5, .8-.10, .12)."""

    cluster_name: str

    def __init__(
        self, name: str, args: RegistryServerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the service."""
        super().__init__("mobileai:index:RegistryServer", name, to_wire(args), opts)
        child = pulumi.ResourceOptions(parent=self)
        self.cluster_name = physical_name(args["scope"], "registry")
        group = log_group(
            name,
            "service",
            "registry",
            scope=args["scope"],
            platform=args["platform"],
            days=_LOG_DAYS,
            opts=child,
        )
        cluster = aws.ecs.Cluster(
            name,
            name=self.cluster_name,
            settings=[{"name": "containerInsights", "value": "enabled"}],
            opts=child,
        )
        after_log = pulumi.ResourceOptions(parent=self, depends_on=[group])
        task = _task_definition(name, args, after_log)
        _service(name, args, cluster, task, child)
        self.register_outputs({"cluster": self.cluster_name, "image": args["image"]})


def _task_definition(
    name: str, args: RegistryServerArgs, opts: pulumi.ResourceOptions
) -> aws.ecs.TaskDefinition:
    scope, alias = args["scope"], args["key_alias"]
    tasks = arn(scope, "ecs", "*")
    execution = service_role(
        f"{name}-execution",
        scope=scope,
        service="ecs-tasks.amazonaws.com",
        purpose="registry-execution",
        statements=plan.execution_rights(scope, args["repository"], key_alias=alias),
        opts=opts,
        source_arn=tasks,
    )
    role = service_role(
        f"{name}-task",
        scope=scope,
        service="ecs-tasks.amazonaws.com",
        purpose="registry-task",
        statements=plan.task_rights(scope, artifacts=args["artifacts"], key_alias=alias),
        opts=opts,
        source_arn=tasks,
    )
    return aws.ecs.TaskDefinition(
        name,
        family=physical_name(scope, "registry"),
        requires_compatibilities=["FARGATE"],
        network_mode="awsvpc",
        cpu=str(args["cpu"]),
        memory=str(args["memory_mb"]),
        runtime_platform={"cpu_architecture": "ARM64", "operating_system_family": "LINUX"},
        execution_role_arn=execution.arn,
        task_role_arn=role.arn,
        volumes=[{"name": "tmp"}],
        container_definitions=plan.container_definitions(
            scope, image=args["image"], domain=args["domain"], artifacts=args["artifacts"]
        ),
        opts=opts,
    )


def _service(
    name: str,
    args: RegistryServerArgs,
    cluster: aws.ecs.Cluster,
    task: aws.ecs.TaskDefinition,
    opts: pulumi.ResourceOptions,
) -> None:
    target = {
        "target_group_arn": args["target_group_arn"],
        "container_name": "server",
        "container_port": plan.SERVER_PORT,
    }
    aws.ecs.Service(
        name,
        name=physical_name(args["scope"], "registry"),
        cluster=cluster.arn,
        task_definition=task.arn,
        desired_count=args["tasks"],
        launch_type="FARGATE",
        platform_version="LATEST",
        enable_execute_command=False,
        deployment_circuit_breaker={"enable": True, "rollback": True},
        deployment_minimum_healthy_percent=100,
        deployment_maximum_percent=200,
        health_check_grace_period_seconds=_START_SECONDS,
        propagate_tags="SERVICE",
        load_balancers=[target],
        network_configuration={
            "subnets": args["network"]["app_subnet_ids"],
            "security_groups": [args["security_group_id"]],
            "assign_public_ip": args["network"]["assign_public_ip"],
        },
        opts=opts,
    )
