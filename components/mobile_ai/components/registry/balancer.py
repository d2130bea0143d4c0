"""Load balancer of the registry: internal, HTTPS only, TLS 1.3."""

from typing import Final, TypedDict

import pulumi
import pulumi_aws as aws

from mobile_ai.components.aws.names import AwsScope, balancer_name, physical_name, to_wire
from mobile_ai.components.aws.platform import PlatformParts
from mobile_ai.components.network.parts import NetworkParts
from mobile_ai.components.registry.plan import SERVER_PORT

_TLS_POLICY: Final = "ELBSecurityPolicy-TLS13-1-3-2021-06"


class RegistryBalancerArgs(TypedDict):
    """Arguments of :class:`RegistryBalancer`."""

    scope: AwsScope
    platform: PlatformParts
    network: NetworkParts
    security_group_id: pulumi.Input[str]
    domain: str
    certificate_arn: str


class RegistryBalancer(pulumi.ComponentResource):
    """Load balancer, target group, listener, the domain inside the network, and an alarm.

    Satisfies FSBP ELB.4, .5, .6 (where protected), .12, .13, .17.
    """

    target_group: aws.lb.TargetGroup
    listener: aws.lb.Listener

    def __init__(
        self, name: str, args: RegistryBalancerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the load balancer and its private domain."""
        super().__init__("mobileai:index:RegistryBalancer", name, to_wire(args), opts)
        child = pulumi.ResourceOptions(parent=self)
        balancer = _balancer(name, args, child)
        self.target_group = _target_group(name, args, child)
        self.listener = aws.lb.Listener(
            name,
            load_balancer_arn=balancer.arn,
            port=443,
            protocol="HTTPS",
            ssl_policy=_TLS_POLICY,
            certificate_arn=args["certificate_arn"],
            default_actions=[{"type": "forward", "target_group_arn": self.target_group.arn}],
            opts=child,
        )
        _domain(name, args, balancer, child)
        aws.cloudwatch.MetricAlarm(
            f"{name}-unhealthy",
            name=physical_name(args["scope"], "registry", "unhealthy"),
            namespace="AWS/ApplicationELB",
            metric_name="HealthyHostCount",
            dimensions={
                "LoadBalancer": balancer.arn_suffix,
                "TargetGroup": self.target_group.arn_suffix,
            },
            statistic="Minimum",
            period=60,
            evaluation_periods=5,
            comparison_operator="LessThanThreshold",
            threshold=1,
            treat_missing_data="breaching",
            alarm_actions=[args["platform"]["alarm_topic_arn"]],
            opts=child,
        )
        self.register_outputs({"domain": args["domain"]})


def _balancer(
    name: str, args: RegistryBalancerArgs, opts: pulumi.ResourceOptions
) -> aws.lb.LoadBalancer:
    return aws.lb.LoadBalancer(
        name,
        name=balancer_name(args["scope"], "registry"),
        load_balancer_type="application",
        internal=True,
        subnets=args["network"]["app_subnet_ids"],
        security_groups=[args["security_group_id"]],
        drop_invalid_header_fields=True,
        desync_mitigation_mode="strictest",
        enable_deletion_protection=args["scope"]["protect"],
        access_logs={
            "enabled": True,
            "bucket": args["platform"]["log_bucket"],
            "prefix": "alb",
        },
        opts=opts,
    )


def _target_group(
    name: str, args: RegistryBalancerArgs, opts: pulumi.ResourceOptions
) -> aws.lb.TargetGroup:
    return aws.lb.TargetGroup(
        name,
        name=balancer_name(args["scope"], "registry"),
        port=SERVER_PORT,
        protocol="HTTP",  # inside the network, between two security groups
        target_type="ip",
        vpc_id=args["network"]["vpc_id"],
        deregistration_delay=30,
        health_check={"path": "/health", "matcher": "200", "interval": 30, "timeout": 5},
        opts=opts,
    )


def _domain(
    name: str,
    args: RegistryBalancerArgs,
    balancer: aws.lb.LoadBalancer,
    opts: pulumi.ResourceOptions,
) -> None:
    zone = aws.route53.Zone(
        name,
        name=args["domain"],
        vpcs=[{"vpc_id": args["network"]["vpc_id"]}],
        comment="Leads to the model registry inside the network",
        opts=opts,
    )
    alias = {
        "name": balancer.dns_name,
        "zone_id": balancer.zone_id,
        "evaluate_target_health": True,
    }
    aws.route53.Record(
        name, zone_id=zone.zone_id, name=args["domain"], type="A", aliases=[alias], opts=opts
    )
