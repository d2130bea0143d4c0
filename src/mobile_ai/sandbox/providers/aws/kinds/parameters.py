"""Secrets Manager secrets and SSM parameters."""

from typing import Final

from mobile_ai.sandbox.providers.aws.api.kind import Call, Kind, Tags

KINDS: Final = {
    "aws:secretsmanager/secret:Secret": Kind(
        service="secretsmanager",
        create=Call(operation="create_secret"),
        update=Call(operation="update_secret", give={"SecretId": "{id}"}),
        read=Call(operation="describe_secret", give={"SecretId": "{id}"}, fill=False),
        at="!DeletedDate && @",
        delete=Call(
            operation="delete_secret",
            give={
                "SecretId": "{id}",
                # As the provider does: without a recovery window, deletion is immediate.
                "RecoveryWindowInDays": lambda subject: (
                    subject.value("recoveryWindowInDays") or None
                ),
                "ForceDeleteWithoutRecovery": lambda subject: (
                    subject.value("recoveryWindowInDays") == 0 or None
                ),
            },
            fill=False,
        ),
        id="<ARN>",
        tags=Tags(of="{id}"),
        unkept=("policy", "replicas"),
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Kind(
        service="secretsmanager",
        create=Call(operation="put_secret_value"),
        read=Call(
            operation="get_secret_value",
            give={"SecretId": "{secretId}"},
            fill=False,
        ),
        id="{secretId}|<VersionId>",
        outputs={"arn": "{secretId}", "secretArn": "{secretId}"},
        unkept=("secretId",),
    ),
    "aws:ssm/parameter:Parameter": Kind(
        service="ssm",
        create=Call(operation="put_parameter"),
        update=Call(operation="put_parameter", give={"Overwrite": True}),
        read=Call(
            operation="get_parameter", give={"Name": "{id}", "WithDecryption": True}, fill=False
        ),
        at="Parameter",
        delete=Call(operation="delete_parameter", give={"Name": "{id}"}, fill=False),
        id="{name}",
        tags=Tags(
            of="{id}",
            add="add_tags_to_resource",
            remove="remove_tags_from_resource",
            read="list_tags_for_resource",
            at="TagList",
            extra={"ResourceType": "Parameter"},
        ),
        unkept=("keyId", "description", "tier", "insecureValue"),
    ),
}
