"""CloudWatch log groups, filters and log deliveries."""

from typing import Final

from mobile_ai.sandbox.providers.aws.api.calls import Api
from mobile_ai.sandbox.providers.aws.api.kind import Call, Kind, ListCall, Tags, action
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject
from mobile_ai.sandbox.providers.errors import ProviderError


@action(only=("kmsKeyId",))
def _no_new_key(_: Api, subject: ApiSubject) -> None:
    raise ProviderError(
        f"log group {subject.id}: got another key; expected the one it was made with, since the "
        "sandbox's AWS API has no AssociateKmsKey. Next: `mobile-ai down`, then `up`",
        code="UNIMPLEMENTED",
    )


_DESTINATION: Final = Call(
    operation="put_delivery_destination",
    give={"deliveryDestinationConfiguration": "{deliveryDestinationConfiguration}"},
)
_SOURCE: Final = Call(operation="put_delivery_source")
_METRIC_FILTER: Final = Call(
    operation="put_metric_filter",
    give={
        "filterName": "{name}",
        "filterPattern": "{pattern}",
        "metricTransformations": ["{metricTransformation}"],
    },
)
_RESOURCE_POLICY: Final = Call(operation="put_resource_policy")

KINDS: Final = {
    "aws:cloudwatch/logGroup:LogGroup": Kind(
        service="logs",
        create=Call(operation="create_log_group", give={"logGroupName": "{name}"}),
        then=(
            Call(
                operation="put_retention_policy",
                give={"logGroupName": "{id}", "retentionInDays": "{retentionInDays}"},
                only=("retentionInDays",),
                fill=False,
            ),
        ),
        changes=(_no_new_key,),
        read=Call(operation="describe_log_groups", give={"logGroupNamePrefix": "{id}"}, fill=False),
        at="logGroups[?logGroupName=='{id}'] | [0]",
        delete=Call(operation="delete_log_group", give={"logGroupName": "{id}"}, fill=False),
        id="{name}",
        tags=Tags(
            of="arn:{partition}:logs:{region}:{account}:log-group:{id}",
            read="list_tags_for_resource",
            at="tags",
        ),
        names={"name": "logGroupName"},
        outputs={"arn": "arn:{partition}:logs:{region}:{account}:log-group:{id}"},
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": Kind(
        service="logs",
        create=_METRIC_FILTER,
        update=_METRIC_FILTER,
        read=Call(
            operation="describe_metric_filters",
            give={"filterNamePrefix": "{id}", "logGroupName": "{logGroupName}"},
            fill=False,
        ),
        at="metricFilters[?filterName=='{id}'] | [0]",
        delete=Call(
            operation="delete_metric_filter",
            give={"filterName": "{id}", "logGroupName": "{logGroupName}"},
            fill=False,
        ),
        id="{name}",
        names={
            "name": "filterName",
            "pattern": "filterPattern",
            "metricTransformation": "metricTransformations[0]",
        },
    ),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": Kind(
        service="logs",
        create=_RESOURCE_POLICY,
        update=_RESOURCE_POLICY,
        read=Call(operation="describe_resource_policies", fill=False),
        at="resourcePolicies[?policyName=='{id}'] | [0]",
        delete=Call(operation="delete_resource_policy", give={"policyName": "{id}"}, fill=False),
        id="{policyName}",
    ),
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": Kind(
        service="logs",
        create=_SOURCE,
        update=_SOURCE,
        read=Call(operation="get_delivery_source", give={"name": "{id}"}, fill=False),
        at="deliverySource",
        delete=Call(operation="delete_delivery_source", give={"name": "{id}"}, fill=False),
        id="{name}",
        tags=Tags(add="", remove="", at="tags"),
        names={"resourceArn": "resourceArns[0]"},
    ),
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": Kind(
        service="logs",
        create=_DESTINATION,
        update=_DESTINATION,
        read=Call(operation="get_delivery_destination", give={"name": "{id}"}, fill=False),
        at="deliveryDestination",
        delete=Call(operation="delete_delivery_destination", give={"name": "{id}"}, fill=False),
        id="{name}",
        tags=Tags(add="", remove="", at="tags"),
    ),
    "aws:cloudwatch/logDelivery:LogDelivery": Kind(
        service="logs",
        create=Call(operation="create_delivery"),
        update=None,
        read=Call(operation="get_delivery", give={"id": "{id}"}, fill=False),
        at="delivery",
        delete=Call(operation="delete_delivery", give={"id": "{id}"}, fill=False),
        id="<delivery.id>",
        tags=Tags(add="", remove="", at="tags"),
        roster=ListCall(
            call=Call(operation="describe_deliveries", fill=False), at="deliveries", id="<id>"
        ),
    ),
}
