"""Cost tags: on every resource, and activated in a paying account."""

from mobile_ai.components.aws.cost_tags import CostTags, CostTagsArgs
from tests.components.support import Engine, declare

ARGS: CostTagsArgs = {
    "account_id": "111122223333",
    "region": "eu-central-1",
    "tags": {"mobile-ai:team": "t", "mobile-ai:cost-center": "c"},
    "allocation": "none",
}


def tags(args: CostTagsArgs) -> Engine:
    return declare(lambda: CostTags("tags", args))


def test_the_provider_is_bound_to_account_and_region() -> None:
    provider = tags(ARGS).one("pulumi:providers:aws").inputs

    assert provider["allowedAccountIds"] == '["111122223333"]'
    assert provider["region"] == "eu-central-1"


def test_no_tag_is_activated_unless_this_account_pays() -> None:
    assert tags(ARGS).of_type("CostAllocationTag") == []


def test_the_paying_account_activates_every_tag_through_the_bound_provider() -> None:
    engine = tags({**ARGS, "allocation": "payer"})
    activated = engine.of_type("CostAllocationTag")

    assert {item.inputs["tagKey"] for item in activated} == set(ARGS["tags"])
    assert all("tags-aws" in item.provider for item in activated)


def test_the_provider_takes_on_no_role_but_that_of_the_job() -> None:
    provider = tags(ARGS).one("pulumi:providers:aws")

    assert "assumeRoles" not in provider.inputs
    assert "111122223333" in provider.inputs["allowedAccountIds"]
