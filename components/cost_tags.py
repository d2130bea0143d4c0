"""Cost tags: on every AWS resource by its provider, and active in the account's bills."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

__all__ = ["CostTags", "CostTagsArgs"]

_BILLING_REGION = "us-east-1"  # Cost Explorer answers there only


class CostTagsArgs(TypedDict):
    """Arguments of :class:`CostTags`."""

    accountId: str
    """The only account that the providers accept."""
    regions: list[str]
    """Regions that get a provider."""
    tags: dict[str, str]
    """Tags of every AWS resource."""
    assumeRole: NotRequired[str]
    """Role that the providers take on; absent: the ambient credentials."""
    allocation: str
    """``payer`` activates the tags for cost allocation; ``none`` leaves that to the payer."""


class CostTags(pulumi.ComponentResource):
    """One AWS provider for each region, tagging what it makes; cost-allocation tags.

    Attributes:
        providers: The provider of each region.
    """

    providers: dict[str, aws.Provider]

    def __init__(
        self, name: str, args: CostTagsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the providers and, for the paying account, activate the tags."""
        super().__init__("mobileai:index:CostTags", name, dict(args), opts)
        self.providers = {region: self._regional(region, args) for region in args["regions"]}
        if args["allocation"] == "payer":
            for tag in args["tags"]:
                aws.costexplorer.CostAllocationTag(
                    f"{name}-{tag.rpartition(':')[2]}",
                    tag_key=tag,
                    status="Active",
                    opts=pulumi.ResourceOptions(
                        parent=self, provider=self.providers[_BILLING_REGION]
                    ),
                )
        self.register_outputs({"tags": args["tags"]})

    def _regional(self, region: str, args: CostTagsArgs) -> aws.Provider:
        role = args.get("assumeRole")
        return aws.Provider(
            f"aws-{region}",
            region=region,
            allowed_account_ids=[args["accountId"]],
            default_tags={"tags": args["tags"]},
            assume_roles=[{"role_arn": role}] if role is not None else None,
            opts=pulumi.ResourceOptions(parent=self),
        )
