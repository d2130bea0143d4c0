"""IAM roles and policies."""

from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.calls import Api
from mobile_ai.sandbox.providers.aws.api.kind import Call, Kind, Tags, action
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject


@action("iam:list_policy_versions", "iam:delete_policy_version")
def _drop_versions(api: Api, subject: ApiSubject) -> None:
    """Delete all but the default version of a policy, as deletion of the policy requires."""
    versions = api.call(subject, "list_policy_versions", PolicyArn=subject.id)["Versions"]
    for version in versions:
        if not version["IsDefaultVersion"]:
            api.call(
                subject,
                "delete_policy_version",
                PolicyArn=subject.id,
                VersionId=version["VersionId"],
            )


@action("iam:get_policy", "iam:get_policy_version")
def _read_policy(api: Api, subject: ApiSubject) -> Any:
    found = api.call(subject, "get_policy", PolicyArn=subject.id)["Policy"]
    version = api.call(
        subject, "get_policy_version", PolicyArn=subject.id, VersionId=found["DefaultVersionId"]
    )
    return {**found, "Document": version["PolicyVersion"]["Document"]}


_ROLE_POLICY: Final = Call(
    operation="put_role_policy",
    give={"RoleName": "{role}", "PolicyName": "{name}", "PolicyDocument": "{policy}"},
    fill=False,
)
_ATTACHED: Final = {"RoleName": "{role}", "PolicyArn": "{policyArn}"}

KINDS: Final = {
    "aws:iam/role:Role": Kind(
        service="iam",
        create=Call(
            operation="create_role",
            give={"RoleName": "{name}", "AssumeRolePolicyDocument": "{assumeRolePolicy}"},
        ),
        changes=(
            Call(
                operation="update_assume_role_policy",
                give={"RoleName": "{id}", "PolicyDocument": "{assumeRolePolicy}"},
                only=("assumeRolePolicy",),
                fill=False,
            ),
            Call(
                operation="put_role_permissions_boundary",
                give={"RoleName": "{id}", "PermissionsBoundary": "{permissionsBoundary}"},
                only=("permissionsBoundary",),
                fill=False,
            ),
        ),
        update=Call(operation="update_role", give={"RoleName": "{id}"}),
        read=Call(operation="get_role", give={"RoleName": "{id}"}, fill=False),
        at="Role",
        delete=Call(operation="delete_role", give={"RoleName": "{id}"}, fill=False),
        id="{name}",
        tags=Tags(of="{id}", add="tag_role", remove="untag_role", read="list_role_tags"),
        names={
            "name": "RoleName",
            "assumeRolePolicy": "AssumeRolePolicyDocument",
            "uniqueId": "RoleId",
            "permissionsBoundary": "PermissionsBoundary.PermissionsBoundaryArn",
        },
        unkept=("managedPolicyArns", "inlinePolicies"),
    ),
    "aws:iam/rolePolicy:RolePolicy": Kind(
        service="iam",
        create=_ROLE_POLICY,
        update=_ROLE_POLICY,
        read=Call(
            operation="get_role_policy",
            give={"RoleName": "{role}", "PolicyName": "{name}"},
            fill=False,
        ),
        delete=Call(
            operation="delete_role_policy",
            give={"RoleName": "{role}", "PolicyName": "{name}"},
            fill=False,
        ),
        id="{role}:{name}",
        names={"role": "RoleName", "name": "PolicyName", "policy": "PolicyDocument"},
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Kind(
        service="iam",
        create=Call(operation="attach_role_policy", give=_ATTACHED, fill=False),
        read=Call(operation="list_attached_role_policies", give={"RoleName": "{role}"}, fill=False),
        at="AttachedPolicies[?PolicyArn=='{policyArn}'] | [0]",
        delete=Call(operation="detach_role_policy", give=_ATTACHED, fill=False),
        id="{role}/{policyArn}",
        unkept=("role",),
    ),
    "aws:iam/policy:Policy": Kind(
        service="iam",
        create=Call(
            operation="create_policy",
            give={"PolicyName": "{name}", "PolicyDocument": "{policy}"},
        ),
        changes=(
            Call(
                operation="create_policy_version",
                give={"PolicyArn": "{id}", "PolicyDocument": "{policy}", "SetAsDefault": True},
                only=("policy",),
                fill=False,
            ),
        ),
        read=_read_policy,
        before_delete=(_drop_versions,),
        delete=Call(operation="delete_policy", give={"PolicyArn": "{id}"}, fill=False),
        id="arn:{partition}:iam::{account}:policy{path}{name}",
        tags=Tags(of="{id}", add="tag_policy", remove="untag_policy", read="list_policy_tags"),
        names={"name": "PolicyName", "policy": "Document"},
    ),
}
