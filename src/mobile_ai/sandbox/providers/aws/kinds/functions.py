"""Lambda functions and their permissions."""

from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.asset import content_of
from mobile_ai.sandbox.providers.aws.api.calls import Api
from mobile_ai.sandbox.providers.aws.api.kind import Call, Kind, Tags, action
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject
from mobile_ai.sandbox.providers.values import Special

_NO_LIMIT: Final = -1
_INVOKE: Final = (
    "arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/"
    "arn:{partition}:lambda:{region}:{account}:function:{id}/invocations"
)


def _code(subject: ApiSubject) -> dict[str, Any]:
    code = subject.value("code")
    if isinstance(code, Special):
        return {"ZipFile": content_of(code)}
    places = {"ImageUri": "imageUri", "S3Bucket": "s3Bucket", "S3Key": "s3Key"}
    found = {member: subject.value(name) for member, name in places.items()}
    return {member: value for member, value in found.items() if value}


@action(
    "lambda:update_function_code", only=("code", "imageUri", "s3Bucket", "s3Key", "sourceCodeHash")
)
def _new_code(api: Api, subject: ApiSubject) -> None:
    api.call(subject, "update_function_code", FunctionName=subject.id, **_code(subject))


@action(
    "lambda:put_function_concurrency",
    "lambda:delete_function_concurrency",
    only=("reservedConcurrentExecutions",),
)
def _concurrency(api: Api, subject: ApiSubject) -> None:
    limit = int(subject.value("reservedConcurrentExecutions"))
    if limit == _NO_LIMIT:
        api.call(subject, "delete_function_concurrency", FunctionName=subject.id)
        return
    api.call(
        subject,
        "put_function_concurrency",
        FunctionName=subject.id,
        ReservedConcurrentExecutions=limit,
    )


@action("lambda:get_function", "lambda:get_function_concurrency")
def _read_function(api: Api, subject: ApiSubject) -> Any:
    answer = api.call(subject, "get_function", FunctionName=subject.id)
    found = {**answer["Configuration"], "ImageUri": answer.get("Code", {}).get("ImageUri")}
    limit = api.call(subject, "get_function_concurrency", FunctionName=subject.id)
    found["ReservedConcurrentExecutions"] = limit.get("ReservedConcurrentExecutions", _NO_LIMIT)
    return found


@action("lambda:get_policy")
def _read_permission(api: Api, subject: ApiSubject) -> Any:
    import json  # noqa: PLC0415

    answer = api.call(subject, "get_policy", FunctionName=subject.value("function"))
    statements = json.loads(answer["Policy"])["Statement"]
    found = next((item for item in statements if item["Sid"] == subject.id), None)
    if found is None:
        return None
    principal = found.get("Principal")
    return {
        "action": found["Action"],
        "principal": principal.get("Service") if isinstance(principal, dict) else principal,
        "statementId": found["Sid"],
    }


def _statement(subject: ApiSubject) -> str:
    """Return a deterministic ID, so that a retry after a killed run finds the first grant."""
    return str(subject.value("statementId") or f"sandbox-{subject.facts['mark'][-32:]}")


KINDS: Final = {
    "aws:lambda/function:Function": Kind(
        service="lambda",
        create=Call(
            operation="create_function",
            give={"FunctionName": "{name}", "Code": _code, "KMSKeyArn": "{kmsKeyArn}"},
        ),
        then=(_concurrency,),
        changes=(_new_code,),
        update=Call(
            operation="update_function_configuration",
            give={"FunctionName": "{id}", "KMSKeyArn": "{kmsKeyArn}"},
        ),
        read=_read_function,
        delete=Call(operation="delete_function", give={"FunctionName": "{id}"}, fill=False),
        id="{name}",
        tags=Tags(of="arn:{partition}:lambda:{region}:{account}:function:{id}", read="list_tags"),
        names={"name": "FunctionName", "sourceCodeSize": "CodeSize"},
        outputs={
            "arn": "arn:{partition}:lambda:{region}:{account}:function:{id}",
            "invokeArn": _INVOKE,
            "qualifiedArn": "arn:{partition}:lambda:{region}:{account}:function:{id}:<Version>",
        },
        content=("codeSha256", "sourceCodeHash"),
        unkept=(
            "code",
            "deadLetterConfig",
            "imageConfig",
            "loggingConfig",
            "s3Bucket",
            "s3Key",
            "sourceCodeHash",
        ),
        wait={"State": ("Pending",), "LastUpdateStatus": ("InProgress",)},
    ),
    "aws:lambda/permission:Permission": Kind(
        service="lambda",
        create=Call(
            operation="add_permission",
            give={"FunctionName": "{function}", "StatementId": _statement},
        ),
        read=_read_permission,
        delete=Call(
            operation="remove_permission",
            give={"FunctionName": "{function}", "StatementId": "{id}"},
            fill=False,
        ),
        id=_statement,
        outputs={"statementId": "{id}"},
        unkept=("function", "sourceAccount", "sourceArn"),
    ),
}
