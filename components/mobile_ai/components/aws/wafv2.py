"""Thin web ACL resource class that avoids importing ``pulumi_aws.wafv2`` (see ``aws.thin``)."""

import pulumi

from mobile_ai.components.aws.thin import ThinResource


class WebAcl(ThinResource):
    """A web access control list."""

    TYPE = "aws:wafv2/webAcl:WebAcl"
    OUTPUTS = ("arn",)

    arn: pulumi.Output[str]
