"""EC2 security groups and their rules."""

from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.calls import Api
from mobile_ai.sandbox.providers.aws.api.kind import Call, Kind, ListCall, action
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject
from mobile_ai.sandbox.providers.aws.kinds.network import EC2_TAGS, ec2_kind


def _permission(subject: ApiSubject) -> list[dict[str, Any]]:
    text = {"Description": subject.value("description")} if subject.value("description") else {}
    found: dict[str, Any] = {
        "IpProtocol": subject.value("ipProtocol"),
        "FromPort": subject.value("fromPort"),
        "ToPort": subject.value("toPort"),
    }
    if subject.value("cidrIpv4"):
        found["IpRanges"] = [{"CidrIp": subject.value("cidrIpv4"), **text}]
    if subject.value("cidrIpv6"):
        found["Ipv6Ranges"] = [{"CidrIpv6": subject.value("cidrIpv6"), **text}]
    if subject.value("prefixListId"):
        found["PrefixListIds"] = [{"PrefixListId": subject.value("prefixListId"), **text}]
    if subject.value("referencedSecurityGroupId"):
        pair = {"GroupId": subject.value("referencedSecurityGroupId"), **text}
        found["UserIdGroupPairs"] = [pair]
    return [{key: value for key, value in found.items() if value is not None}]


@action("ec2:describe_security_groups", "ec2:revoke_security_group_egress", only=("description",))
def _close(api: Api, subject: ApiSubject) -> None:
    """Remove the default allow-all egress rule of a new group; programs declare their own."""
    groups = api.call(subject, "describe_security_groups", GroupIds=[subject.id])
    rules = groups["SecurityGroups"][0]["IpPermissionsEgress"]
    if rules:
        api.call(subject, "revoke_security_group_egress", GroupId=subject.id, IpPermissions=rules)


def _rule(direction: str) -> Kind:
    flag = "true" if direction == "egress" else "false"
    return Kind(
        service="ec2",
        create=Call(
            operation=f"authorize_security_group_{direction}",
            give={"GroupId": "{securityGroupId}", "IpPermissions": _permission},
            fill=False,
        ),
        update=Call(
            operation="modify_security_group_rules",
            give={
                "GroupId": "{securityGroupId}",
                "SecurityGroupRules": [
                    {
                        "SecurityGroupRuleId": "{id}",
                        "SecurityGroupRule": {
                            "IpProtocol": "{ipProtocol}",
                            "FromPort": "{fromPort}",
                            "ToPort": "{toPort}",
                            "CidrIpv4": "{cidrIpv4}",
                            "CidrIpv6": "{cidrIpv6}",
                            "PrefixListId": "{prefixListId}",
                            "ReferencedGroupId": "{referencedSecurityGroupId}",
                            "Description": "{description}",
                        },
                    }
                ],
            },
            fill=False,
        ),
        read=Call(
            operation="describe_security_group_rules",
            give={"SecurityGroupRuleIds": ["{id}"]},
            fill=False,
        ),
        at="SecurityGroupRules[0]",
        delete=Call(
            operation=f"revoke_security_group_{direction}",
            give={"GroupId": "{securityGroupId}", "SecurityGroupRuleIds": ["{id}"]},
            fill=False,
        ),
        id="<SecurityGroupRules[0].SecurityGroupRuleId>",
        tags=EC2_TAGS,
        tag_type="security-group-rule",
        names={
            "securityGroupId": "GroupId",
            "referencedSecurityGroupId": "ReferencedGroupInfo.GroupId",
        },
        roster=ListCall(
            call=Call(operation="describe_security_group_rules", fill=False),
            at=f"SecurityGroupRules[?IsEgress==`{flag}`]",
            id="<SecurityGroupRuleId>",
        ),
    )


KINDS: Final = {
    "aws:ec2/securityGroup:SecurityGroup": ec2_kind(
        "security_group",
        "SecurityGroups",
        "GroupId",
        create=Call(
            operation="create_security_group",
            give={"GroupName": "{name}", "Description": "{description}"},
        ),
        then=(_close,),
        id="<GroupId>",
        names={"name": "GroupName"},
        unkept=("ingress", "egress"),
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rule("ingress"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rule("egress"),
}
