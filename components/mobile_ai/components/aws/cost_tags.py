"""Cost tags: default tags of the AWS provider, activated for cost allocation."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from mobile_ai.components.aws.names import to_wire


class CostTagsArgs(TypedDict):
    """Arguments of :class:`CostTags`."""

    account_id: str
    """The only account that the provider accepts."""
    region: str
    """Home region; resources in other regions set their own."""
    tags: dict[str, str]
    """Tags of every AWS resource."""
    allocation: str
    """``payer`` activates the tags for cost allocation; ``none`` leaves that to the payer."""


class CostTags(pulumi.ComponentResource):
    """The AWS provider with default tags, and the cost-allocation tags.

    Attributes:
        provider: The provider of every AWS resource of the stack.
    """

    provider: aws.Provider

    def __init__(
        self, name: str, args: CostTagsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the provider and, for the paying account, activate the tags."""
        super().__init__("mobileai:index:CostTags", name, to_wire(args), opts)
        self.provider = aws.Provider(
            f"{name}-aws",
            region=args["region"],
            allowed_account_ids=[args["account_id"]],
            default_tags={"tags": args["tags"]},
            opts=pulumi.ResourceOptions(parent=self),
        )
        if args["allocation"] == "payer":
            for tag in args["tags"]:
                aws.costexplorer.CostAllocationTag(
                    f"{name}-{tag.rpartition(':')[2]}",
                    tag_key=tag,
                    status="Active",
                    opts=pulumi.ResourceOptions(parent=self, provider=self.provider),
                )
        self.register_outputs({"tags": args["tags"]})
