"""Kinesis streams and Firehose delivery streams."""

from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.calls import Api
from mobile_ai.sandbox.providers.aws.api.kind import Call, Kind, Tags, action
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject


@action(
    "kinesis:start_stream_encryption",
    "kinesis:stop_stream_encryption",
    only=("encryptionType", "kmsKeyId"),
)
def _encryption(api: Api, subject: ApiSubject) -> None:
    name, key = subject.value("name"), subject.value("kmsKeyId")
    if subject.value("encryptionType") == "KMS":
        api.call(
            subject, "start_stream_encryption", StreamName=name, EncryptionType="KMS", KeyId=key
        )
    elif (subject.answer or {}).get("EncryptionType") == "KMS":
        api.call(
            subject,
            "stop_stream_encryption",
            StreamName=name,
            EncryptionType="KMS",
            KeyId=subject.answer["KeyId"],
        )


@action(
    "kinesis:increase_stream_retention_period",
    "kinesis:decrease_stream_retention_period",
    only=("retentionPeriod",),
)
def _retention(api: Api, subject: ApiSubject) -> None:
    wanted = int(subject.value("retentionPeriod"))
    there = int((subject.answer or {}).get("RetentionPeriodHours", 24))
    if wanted != there:
        verb = "increase" if wanted > there else "decrease"
        api.call(
            subject,
            f"{verb}_stream_retention_period",
            StreamName=subject.value("name"),
            RetentionPeriodHours=wanted,
        )


def _source(subject: ApiSubject) -> Any:
    given = subject.value("kinesisSourceConfiguration")
    if not given:
        return None
    return {"KinesisStreamARN": given["kinesisStreamArn"], "RoleARN": given["roleArn"]}


def _kind_of_source(subject: ApiSubject) -> str:
    return "KinesisStreamAsSource" if _source(subject) else "DirectPut"


def _s3(subject: ApiSubject) -> Any:
    """Return the destination in the API's form."""
    given = dict(subject.value("extendedS3Configuration") or {})
    hints = {
        "IntervalInSeconds": given.pop("bufferingInterval", None),
        "SizeInMBs": given.pop("bufferingSize", None),
    }
    given["bufferingHints"] = {key: value for key, value in hints.items() if value is not None}
    if key := given.pop("kmsKeyArn", None):
        given["encryptionConfiguration"] = {"KMSEncryptionConfig": {"AWSKMSKeyARN": key}}
    return given


def _stream_name(subject: ApiSubject) -> str:
    return subject.id.rsplit("/", 1)[-1]


KINDS: Final = {
    "aws:kinesis/stream:Stream": Kind(
        service="kinesis",
        create=Call(operation="create_stream", give={"StreamName": "{name}"}),
        then=(_retention, _encryption),
        read=Call(
            operation="describe_stream_summary", give={"StreamName": _stream_name}, fill=False
        ),
        at="StreamDescriptionSummary",
        delete=Call(
            operation="delete_stream",
            give={"StreamName": _stream_name, "EnforceConsumerDeletion": True},
            fill=False,
        ),
        id="arn:{partition}:kinesis:{region}:{account}:stream/{name}",
        tags=Tags(
            of=_stream_name,
            add="add_tags_to_stream",
            remove="remove_tags_from_stream",
            read="list_tags_for_stream",
            at_create=False,
        ),
        names={
            "name": "StreamName",
            "kmsKeyId": "KeyId",
            "retentionPeriod": "RetentionPeriodHours",
            "shardCount": "OpenShardCount",
        },
        wait={"StreamStatus": ("CREATING", "UPDATING")},
    ),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": Kind(
        service="firehose",
        create=Call(
            operation="create_delivery_stream",
            give={
                "DeliveryStreamName": "{name}",
                "DeliveryStreamType": _kind_of_source,
                "KinesisStreamSourceConfiguration": _source,
                "ExtendedS3DestinationConfiguration": _s3,
            },
            fill=False,
        ),
        update=Call(
            operation="update_destination",
            give={
                "DeliveryStreamName": "{name}",
                "CurrentDeliveryStreamVersionId": "<VersionId>",
                "DestinationId": "<Destinations[0].DestinationId>",
                "ExtendedS3DestinationUpdate": _s3,
            },
            fill=False,
        ),
        read=Call(
            operation="describe_delivery_stream",
            give={"DeliveryStreamName": _stream_name},
            fill=False,
        ),
        at="DeliveryStreamDescription",
        delete=Call(
            operation="delete_delivery_stream",
            give={"DeliveryStreamName": _stream_name},
            fill=False,
        ),
        id="arn:{partition}:firehose:{region}:{account}:deliverystream/{name}",
        tags=Tags(
            of=_stream_name,
            add="tag_delivery_stream",
            remove="untag_delivery_stream",
            read="list_tags_for_delivery_stream",
        ),
        names={
            "name": "DeliveryStreamName",
            "arn": "DeliveryStreamARN",
            "destinationId": "Destinations[0].DestinationId",
            "extendedS3Configuration": "Destinations[0].ExtendedS3DestinationDescription",
        },
        unkept=("kinesisSourceConfiguration", "destination", "extendedS3Configuration"),
        wait={"DeliveryStreamStatus": ("CREATING",)},
    ),
}
