"""Resources declared by token: the SDK knows every input that the components give."""

import importlib
import importlib.metadata
from typing import Any

import pulumi
import pytest
from pulumi._types import input_type_py_to_pulumi_names

from mobile_ai.components.aws import ec2, wafv2
from mobile_ai.components.aws.thin import ThinResource
from mobile_ai.components.delivery import plan
from mobile_ai.components.registry.network import registry_groups
from tests.components.aws_support import DEV
from tests.components.support import Engine, declare
from tests.components.test_network import network

THIN = {
    cls.TYPE: cls
    for module in (ec2, wafv2)
    for cls in vars(module).values()
    if isinstance(cls, type) and issubclass(cls, ThinResource) and cls is not ThinResource
}


def sdk_arguments(token: str) -> Any:
    """The SDK's own argument class of a token `aws:<namespace>/<file>:<Name>`."""
    namespace = token.split(":")[1].split("/", maxsplit=1)[0]
    module = importlib.import_module(f"pulumi_aws.{namespace}")
    return getattr(module, f"{token.rsplit(':', 1)[-1]}Args")


@pytest.fixture(scope="module")
def plans() -> list[Engine]:
    def firewall() -> None:
        wafv2.WebAcl(
            "acl",
            {
                "name": "acl",
                "region": "us-east-1",
                "scope": "CLOUDFRONT",
                "defaultAction": {"allow": {}},
                "rules": plan.waf_rules(2000),
                "visibilityConfig": plan.visibility("acl"),
            },
        )

    def groups() -> None:
        registry_groups("registry", scope=DEV, vpc_id="vpc-0", opts=pulumi.ResourceOptions())

    return [
        declare(firewall),
        declare(groups),
        *(network(egress) for egress in ("endpoints", "nat", "public")),
    ]


@pytest.mark.parametrize("token", sorted(THIN))
def test_the_sdk_knows_the_token_and_every_input(token: str, plans: list[Engine]) -> None:
    known = set(input_type_py_to_pulumi_names(sdk_arguments(token)).values())

    used = [item for plan in plans for item in plan.registered if item.type == token]

    assert used, f"no plan uses {token}"
    for item in used:
        assert set(item.inputs) <= known, f"{token}: unknown {set(item.inputs) - known}"


def test_the_engine_is_told_the_version_of_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    versions: dict[str, str] = {}
    register = Engine.RegisterResource

    def recording(self: Engine, request: Any) -> Any:
        versions[request.type] = request.version
        return register(self, request)

    monkeypatch.setattr(Engine, "RegisterResource", recording)

    declare(lambda: ec2.Vpc("vpc", {"cidrBlock": "10.0.0.0/16"}))

    assert versions["aws:ec2/vpc:Vpc"] == importlib.metadata.version("pulumi-aws")
