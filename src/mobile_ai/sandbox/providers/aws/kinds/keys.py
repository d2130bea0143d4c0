"""KMS keys, aliases and policies."""

from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.calls import Api
from mobile_ai.sandbox.providers.aws.api.kind import Call, Kind, ListCall, Tags, action
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject

_GONE_STATES: Final = ("PendingDeletion", "PendingReplicaDeletion")
_TAGS: Final = Tags(of="{id}", read="list_resource_tags")


@action("kms:describe_key", "kms:get_key_policy", "kms:get_key_rotation_status")
def _read_key(api: Api, subject: ApiSubject) -> Any:
    found = api.call(subject, "describe_key", KeyId=subject.id)["KeyMetadata"]
    if found["KeyState"] in _GONE_STATES:
        return None
    policy = api.call(subject, "get_key_policy", KeyId=subject.id, PolicyName="default")
    found["Policy"] = policy["Policy"]
    if found["KeySpec"] == "SYMMETRIC_DEFAULT" and found.get("Origin") != "EXTERNAL":
        status = api.call(subject, "get_key_rotation_status", KeyId=subject.id)
        found["EnableKeyRotation"] = status["KeyRotationEnabled"]
    return found


@action("kms:enable_key_rotation", "kms:disable_key_rotation", only=("enableKeyRotation",))
def _rotation(api: Api, subject: ApiSubject) -> None:
    if subject.value("enableKeyRotation"):
        api.call(subject, "enable_key_rotation", KeyId=subject.id)
    elif subject.value("customerMasterKeySpec") == "SYMMETRIC_DEFAULT":
        api.call(subject, "disable_key_rotation", KeyId=subject.id)


def _key(**more: Any) -> Kind:
    return Kind(
        service="kms",
        create=Call(
            operation="create_key",
            give={"KeySpec": "{customerMasterKeySpec}"} if "give" not in more else more.pop("give"),
        ),
        then=(_rotation,),
        changes=(
            Call(operation="put_key_policy", give=_POLICY, only=("policy",), fill=False),
            Call(
                operation="update_key_description",
                give={"KeyId": "{id}", "Description": "{description}"},
                only=("description",),
                fill=False,
            ),
        ),
        read=_read_key,
        delete=Call(
            operation="schedule_key_deletion",
            give={"KeyId": "{id}", "PendingWindowInDays": "{deletionWindowInDays}"},
            fill=False,
        ),
        id="<KeyMetadata.KeyId>",
        tags=_TAGS,
        names={
            "isEnabled": "Enabled",
            "enabled": "Enabled",
            "customerMasterKeySpec": "KeySpec",
            "keyId": "KeyId",
        },
        roster=ListCall(call=Call(operation="list_keys", fill=False), at="Keys", id="<KeyId>"),
        **more,
    )


_POLICY: Final = {"KeyId": "{id}", "PolicyName": "default", "Policy": "{policy}"}

KINDS: Final = {
    "aws:kms/key:Key": _key(unkept=("rotationPeriodInDays",)),
    "aws:kms/externalKey:ExternalKey": _key(
        give={"Origin": "EXTERNAL", "KeySpec": "{keySpec}"},
        unkept=("keyMaterialBase64", "enabled", "validTo"),
    ),
    "aws:kms/alias:Alias": Kind(
        service="kms",
        create=Call(
            operation="create_alias", give={"AliasName": "{name}", "TargetKeyId": "{targetKeyId}"}
        ),
        update=Call(
            operation="update_alias", give={"AliasName": "{name}", "TargetKeyId": "{targetKeyId}"}
        ),
        read=Call(operation="list_aliases", fill=False),
        at="Aliases[?AliasName=='{id}'] | [0]",
        delete=Call(operation="delete_alias", give={"AliasName": "{id}"}, fill=False),
        id="{name}",
        names={"name": "AliasName", "arn": "AliasArn"},
        outputs={"targetKeyArn": "arn:{partition}:kms:{region}:{account}:key/{targetKeyId}"},
    ),
    "aws:kms/keyPolicy:KeyPolicy": Kind(
        service="kms",
        create=Call(
            operation="put_key_policy",
            give={"KeyId": "{keyId}", "PolicyName": "default", "Policy": "{policy}"},
            fill=False,
        ),
        update=Call(
            operation="put_key_policy",
            give={"KeyId": "{keyId}", "PolicyName": "default", "Policy": "{policy}"},
            fill=False,
        ),
        read=Call(
            operation="get_key_policy",
            give={"KeyId": "{id}", "PolicyName": "default"},
            fill=False,
        ),
        id="{keyId}",
        unkept=("keyId",),
    ),
}
