"""SNS topics and subscriptions, and SQS queues."""

from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.calls import Api
from mobile_ai.sandbox.providers.aws.api.kind import Call, Kind, Tags, action
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject

# Property to the attribute of SetTopicAttributes, SetQueueAttributes (their own words).
_TOPIC: Final = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deliveryPolicy": "DeliveryPolicy",
    "displayName": "DisplayName",
    "fifoTopic": "FifoTopic",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "policy": "Policy",
    "tracingConfig": "TracingConfig",
}
_QUEUE: Final = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "delaySeconds": "DelaySeconds",
    "fifoQueue": "FifoQueue",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "policy": "Policy",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}
_ONLY_AT_CREATE: Final = frozenset({"FifoTopic", "FifoQueue"})


def _attributes(table: dict[str, str]) -> Any:
    def read(subject: ApiSubject) -> dict[str, Any]:
        found = {member: subject.value(name) for name, member in table.items()}
        return {
            member: value
            for member, value in found.items()
            # Standard topics and queues omit `FifoTopic` and `FifoQueue` instead of sending false.
            if value is not None and not (value is False and member in _FIFO)
        }

    return read


_FIFO: Final = _ONLY_AT_CREATE | {"ContentBasedDeduplication"}


@action("sns:set_topic_attributes")
def _set_topic(api: Api, subject: ApiSubject) -> None:
    for name, value in _attributes(_TOPIC)(subject).items():
        if name not in _ONLY_AT_CREATE:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            api.call(
                subject,
                "set_topic_attributes",
                TopicArn=subject.id,
                AttributeName=name,
                AttributeValue=text,
            )


@action("sns:get_subscription_attributes", "sns:list_subscriptions_by_topic")
def _read_subscription(api: Api, subject: ApiSubject) -> Any:
    return api.call(subject, "get_subscription_attributes", SubscriptionArn=subject.id)[
        "Attributes"
    ]


_TOPIC_POLICY: Final = Call(
    operation="set_topic_attributes",
    give={"TopicArn": "{arn}", "AttributeName": "Policy", "AttributeValue": "{policy}"},
    fill=False,
)
_QUEUE_POLICY: Final = Call(
    operation="set_queue_attributes",
    give={"QueueUrl": "{queueUrl}", "Attributes": {"Policy": "{policy}"}},
    fill=False,
)
_READ_TOPIC: Final = Call(operation="get_topic_attributes", give={"TopicArn": "{id}"}, fill=False)
_READ_QUEUE: Final = Call(
    operation="get_queue_attributes",
    give={"QueueUrl": "{id}", "AttributeNames": ["All"]},
    fill=False,
)

KINDS: Final = {
    "aws:sns/topic:Topic": Kind(
        service="sns",
        create=Call(
            operation="create_topic",
            give={"Name": "{name}", "Attributes": _attributes(_TOPIC)},
            fill=False,
        ),
        update=_set_topic,
        read=_READ_TOPIC,
        at="Attributes",
        delete=Call(operation="delete_topic", give={"TopicArn": "{id}"}, fill=False),
        id="<TopicArn>",
        tags=Tags(of="{id}", read="list_tags_for_resource"),
        names={"arn": "TopicArn", **_TOPIC},
        unkept=("name", "policy"),
    ),
    "aws:sns/topicPolicy:TopicPolicy": Kind(
        service="sns",
        create=_TOPIC_POLICY,
        update=_TOPIC_POLICY,
        read=_READ_TOPIC,
        at="Attributes",
        id="{arn}",
        unkept=("arn",),
    ),
    "aws:sns/topicSubscription:TopicSubscription": Kind(
        service="sns",
        create=Call(
            operation="subscribe", give={"TopicArn": "{topic}", "ReturnSubscriptionArn": True}
        ),
        read=_read_subscription,
        delete=Call(operation="unsubscribe", give={"SubscriptionArn": "{id}"}, fill=False),
        id="<SubscriptionArn>",
        names={"topic": "TopicArn", "arn": "SubscriptionArn", "ownerId": "Owner"},
    ),
    "aws:sqs/queue:Queue": Kind(
        service="sqs",
        create=Call(
            operation="create_queue",
            give={"QueueName": "{name}", "Attributes": _attributes(_QUEUE)},
            fill=False,
        ),
        update=Call(
            operation="set_queue_attributes",
            give={"QueueUrl": "{id}", "Attributes": _attributes(_QUEUE)},
            fill=False,
        ),
        read=_READ_QUEUE,
        at="Attributes",
        delete=Call(operation="delete_queue", give={"QueueUrl": "{id}"}, fill=False),
        id="<QueueUrl>",
        tags=Tags(of="{id}", add="tag_queue", remove="untag_queue", read="list_queue_tags"),
        names={"arn": "QueueArn", **_QUEUE},
        outputs={"url": "{id}"},
        unkept=("name",),
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Kind(
        service="sqs",
        create=_QUEUE_POLICY,
        update=_QUEUE_POLICY,
        read=_READ_QUEUE,
        at="Attributes",
        delete=Call(
            operation="set_queue_attributes",
            give={"QueueUrl": "{id}", "Attributes": {"Policy": ""}},
            fill=False,
        ),
        id="{queueUrl}",
        unkept=("queueUrl",),
    ),
}
