"""EventBridge rules, targets and schedules."""

from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.kind import Call, Kind, Tags
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject


def _target_id(subject: ApiSubject) -> str:
    """Return a deterministic ID, so that a retry addresses the same target."""
    return str(subject.value("targetId") or f"sandbox-{subject.facts['mark'][-32:]}")


def _target(subject: ApiSubject) -> list[dict[str, Any]]:
    return [{"Id": _target_id(subject), "Arn": subject.value("arn")}]


_TARGET: Final = Call(
    operation="put_targets",
    give={"Rule": "{rule}", "EventBusName": "{eventBusName}", "Targets": _target},
    fill=False,
)
_RULE: Final = Call(operation="put_rule")
_ON_BUS: Final = {"Name": "{id}", "EventBusName": "{eventBusName}"}

KINDS: Final = {
    "aws:cloudwatch/eventRule:EventRule": Kind(
        service="events",
        create=_RULE,
        update=_RULE,
        read=Call(operation="describe_rule", give=_ON_BUS, fill=False),
        delete=Call(operation="delete_rule", give=_ON_BUS, fill=False),
        id="{name}",
        tags=Tags(
            of="arn:{partition}:events:{region}:{account}:rule/{id}",
            read="list_tags_for_resource",
        ),
    ),
    "aws:cloudwatch/eventTarget:EventTarget": Kind(
        service="events",
        create=_TARGET,
        update=_TARGET,
        read=Call(
            operation="list_targets_by_rule",
            give={"Rule": "{rule}", "EventBusName": "{eventBusName}"},
            fill=False,
        ),
        at="Targets[?Arn=='{arn}'] | [0]",
        delete=Call(
            operation="remove_targets",
            give={"Rule": "{rule}", "EventBusName": "{eventBusName}", "Ids": ["{targetId}"]},
            fill=False,
        ),
        id=lambda subject: f"{subject.value('rule')}-{_target_id(subject)}",
        names={"targetId": "Id"},
        unkept=("rule", "eventBusName"),
    ),
    "aws:scheduler/schedule:Schedule": Kind(
        service="scheduler",
        create=Call(operation="create_schedule", give={"GroupName": "{groupName}"}),
        update=Call(operation="update_schedule", give={"GroupName": "{groupName}"}),
        read=Call(
            operation="get_schedule",
            give={"Name": "{name}", "GroupName": "{groupName}"},
            fill=False,
        ),
        delete=Call(
            operation="delete_schedule",
            give={"Name": "{name}", "GroupName": "{groupName}"},
            fill=False,
        ),
        id=lambda subject: f"{subject.value('groupName') or 'default'}/{subject.value('name')}",
    ),
}
