"""Network: an existing VPC, or a small managed one."""

import ipaddress
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.components.aws.names import AwsScope
from mobile_ai.components.network.network import Network
from mobile_ai.components.network.plan import (
    INTERFACE_SERVICES,
    endpoint_policy,
    plan_subnets,
    s3_endpoint_policy,
    zone_names,
)
from tests.components.aws_support import DEV, PROD, listing
from tests.components.support import Engine, declare

GOLDENS = Path(__file__).parent / "golden"
ZONES = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]


def network(egress: str, *, scope: AwsScope = DEV, zones: int = 2) -> Engine:
    def program() -> None:
        managed = {"cidr": "10.20.0.0/16", "availability_zones": zones, "egress": egress}
        managed["zone_letters"] = ["a", "b", "c"]
        Network("network", {"scope": scope, "existing": None, "managed": managed})  # type: ignore[typeddict-item]

    return declare(program, stack=scope["stack"])


@pytest.mark.parametrize("egress", ["endpoints", "nat", "public"])
def test_a_managed_network_is_the_one_recorded(
    egress: str, golden: Callable[[Path, str], None]
) -> None:
    golden(GOLDENS / f"network-{egress}.txt", listing(network(egress)))


def test_a_given_network_makes_nothing() -> None:
    def program() -> None:
        given = {"vpc_id": "vpc-0123456789", "subnet_ids": ["subnet-a", "subnet-b"]}
        Network("network", {"scope": DEV, "existing": given, "managed": None})  # type: ignore[typeddict-item]

    engine = declare(program)

    assert [item.type for item in engine.registered if item.type.startswith("aws:")] == []
    assert engine.one(":Network").inputs["existing"]["vpcId"] == "vpc-0123456789"


def test_two_networks_at_once_are_refused() -> None:
    given = {"vpc_id": "vpc-0", "subnet_ids": []}
    managed = {"cidr": "10.20.0.0/16", "availability_zones": 2, "egress": "nat"}
    managed["zone_letters"] = ["a", "b"]

    with pytest.raises(ValueError, match="exactly one"):
        declare(lambda: Network("n", {"scope": DEV, "existing": given, "managed": managed}))  # type: ignore[typeddict-item]


def test_no_subnet_hands_out_public_addresses() -> None:
    subnets = network("public").of_type("subnet:Subnet")

    assert {subnet.inputs["mapPublicIpOnLaunch"] for subnet in subnets} == {False}


def test_databases_have_no_way_out() -> None:
    routes = [item.name for item in network("nat").of_type("route:Route")]

    assert routes
    assert not [name for name in routes if "-data-" in name]


def test_the_default_security_group_is_closed() -> None:
    group = network("nat").one("DefaultSecurityGroup")

    assert group.inputs["ingress"] == group.inputs["egress"] == []


@pytest.mark.parametrize(("scope", "gateways"), [(DEV, 1), (PROD, 3)])
def test_a_protected_network_loses_one_zone_at_most(scope: AwsScope, gateways: int) -> None:
    engine = network("nat", scope=scope, zones=3)

    assert len(engine.of_type("natGateway:NatGateway")) == gateways


def test_without_a_way_out_every_service_that_tasks_call_has_an_endpoint() -> None:
    names = {item.inputs["serviceName"] for item in network("endpoints").of_type(":VpcEndpoint")}

    assert names == {
        f"com.amazonaws.eu-west-1.{service}" for service in (*INTERFACE_SERVICES, "s3")
    }


@pytest.mark.parametrize("service", sorted(INTERFACE_SERVICES))
def test_an_endpoint_lets_only_this_account_do_only_what_is_listed(service: str) -> None:
    policy = endpoint_policy(DEV, service)

    assert '"aws:PrincipalAccount": "123456789012"' in policy
    assert "*" not in policy.replace('"Principal": "*"', "").replace('"Resource": ["*"]', "")


def test_the_s3_endpoint_reaches_own_buckets_and_image_layers_only() -> None:
    policy = s3_endpoint_policy(DEV)

    assert "arn:aws:s3:::mobile-ai-dev-*" in policy
    assert "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*" in policy


@given(
    prefix=st.integers(16, 24),
    zones=st.integers(2, 3),
    egress=st.sampled_from(["nat", "endpoints", "public"]),
)
def test_subnets_lie_in_the_network_and_never_overlap(prefix: int, zones: int, egress: str) -> None:
    whole = ipaddress.ip_network(f"10.0.0.0/{prefix}")

    subnets = plan_subnets(str(whole), ZONES[:zones], egress=egress)
    ranges = [ipaddress.ip_network(item.cidr) for item in subnets]

    assert all(part.subnet_of(whole) for part in ranges)  # type: ignore[arg-type]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(ranges, 2))


def test_another_zone_or_another_egress_moves_no_subnet() -> None:
    before = plan_subnets("10.0.0.0/16", ZONES[:2], egress="public")

    after = plan_subnets("10.0.0.0/16", ZONES, egress="nat")

    assert set(before) <= set(after)


def test_zones_have_the_letters_that_the_account_has() -> None:
    assert zone_names("ap-northeast-1", ["a", "c", "d"], count=2) == [
        "ap-northeast-1a",
        "ap-northeast-1c",
    ]


def test_one_zone_is_no_spread() -> None:
    with pytest.raises(ValueError, match="expected 2 or 3"):
        zone_names("eu-west-1", ["a"], count=1)
