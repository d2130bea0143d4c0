"""Glue databases and tables, and Athena workgroups."""

from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.calls import Api
from mobile_ai.sandbox.providers.aws.api.kind import Call, Kind, Tags, action
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject


def _table(subject: ApiSubject) -> dict[str, Any]:
    storage = dict(subject.value("storageDescriptor") or {})
    if "serDeInfo" in storage:
        storage["SerdeInfo"] = storage.pop("serDeInfo")
    return {**subject.props, "storageDescriptor": storage}


def _database(subject: ApiSubject) -> dict[str, Any]:
    return {key: value for key, value in subject.props.items() if key != "tags"}


def _workgroup(subject: ApiSubject) -> Any:
    """Return the configuration in the API's form, in which the key has another name."""
    given = subject.value("configuration")
    result = (given or {}).get("resultConfiguration") or {}
    encryption = result.get("encryptionConfiguration") or {}
    if not encryption:
        return given
    words = {"EncryptionOption": encryption["encryptionOption"]}
    if encryption.get("kmsKeyArn"):
        words["KmsKey"] = encryption["kmsKeyArn"]
    return {**given, "resultConfiguration": {**result, "encryptionConfiguration": words}}


@action("athena:get_work_group")
def _read_workgroup(api: Api, subject: ApiSubject) -> Any:
    found = api.call(subject, "get_work_group", WorkGroup=subject.id)["WorkGroup"]
    result = found.get("Configuration", {}).get("ResultConfiguration") or {}
    encryption = result.get("EncryptionConfiguration") or {}
    if "KmsKey" in encryption:
        encryption["KmsKeyArn"] = encryption["KmsKey"]
    return found


_TABLE_NAME: Final = {"DatabaseName": "{databaseName}", "Name": "{name}"}

KINDS: Final = {
    "aws:glue/catalogDatabase:CatalogDatabase": Kind(
        service="glue",
        create=Call(operation="create_database", give={"DatabaseInput": _database}, fill=False),
        update=Call(
            operation="update_database",
            give={"Name": "{name}", "DatabaseInput": _database},
            fill=False,
        ),
        read=Call(operation="get_database", give={"Name": "{name}"}, fill=False),
        at="Database",
        delete=Call(operation="delete_database", give={"Name": "{name}"}, fill=False),
        id="{account}:{name}",
        tags=Tags(of="arn:{partition}:glue:{region}:{account}:database/{name}", read="get_tags"),
        outputs={"arn": "arn:{partition}:glue:{region}:{account}:database/{name}"},
    ),
    "aws:glue/catalogTable:CatalogTable": Kind(
        service="glue",
        create=Call(
            operation="create_table",
            give={"DatabaseName": "{databaseName}", "TableInput": _table},
            fill=False,
        ),
        update=Call(
            operation="update_table",
            give={"DatabaseName": "{databaseName}", "TableInput": _table},
            fill=False,
        ),
        read=Call(operation="get_table", give=_TABLE_NAME, fill=False),
        at="Table",
        delete=Call(operation="delete_table", give=_TABLE_NAME, fill=False),
        id="{account}:{databaseName}:{name}",
        outputs={"arn": "arn:{partition}:glue:{region}:{account}:table/{databaseName}/{name}"},
        unkept=("openTableFormatInput",),
    ),
    "aws:athena/workgroup:Workgroup": Kind(
        service="athena",
        create=Call(operation="create_work_group", give={"Configuration": _workgroup}),
        read=_read_workgroup,
        delete=Call(
            operation="delete_work_group",
            give={"WorkGroup": "{id}", "RecursiveDeleteOption": True},
            fill=False,
        ),
        id="{name}",
        tags=Tags(
            of="arn:{partition}:athena:{region}:{account}:workgroup/{id}",
            read="list_tags_for_resource",
        ),
        outputs={"arn": "arn:{partition}:athena:{region}:{account}:workgroup/{id}"},
    ),
}
