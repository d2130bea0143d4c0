"""CloudWatch alarms and dashboards."""

from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.calls import Api
from mobile_ai.sandbox.providers.aws.api.kind import Call, Kind, Tags, action
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject

_OF_METRIC: Final = ("metricName", "namespace", "dimensions")


def _queries(subject: ApiSubject) -> Any:
    """Return queries in the API's form, with metric and statistic apart."""
    given = subject.value("metricQueries")
    return [_query(item) for item in given] if given else None


def _query(given: dict[str, Any]) -> dict[str, Any]:
    found = dict(given)
    metric = dict(found.pop("metric", None) or {})
    if metric:
        of_metric = {name: metric.pop(name) for name in _OF_METRIC if name in metric}
        found["MetricStat"] = {**metric, "Metric": of_metric}
    return found


@action("cloudwatch:describe_alarms")
def _read_alarm(api: Api, subject: ApiSubject) -> Any:
    found = api.call(subject, "describe_alarms", AlarmNames=[subject.id])["MetricAlarms"]
    for alarm in found:
        for query in alarm.get("Metrics", ()):
            if stat := query.pop("MetricStat", None):
                query["Metric"] = {**stat.pop("Metric"), **stat}
    return found[0] if found else None


_ALARM: Final = Call(
    operation="put_metric_alarm",
    give={"AlarmName": "{name}", "OKActions": "{okActions}", "Metrics": _queries},
)
_DASHBOARD: Final = Call(operation="put_dashboard")

KINDS: Final = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": Kind(
        service="cloudwatch",
        create=_ALARM,
        update=_ALARM,
        read=_read_alarm,
        delete=Call(operation="delete_alarms", give={"AlarmNames": ["{id}"]}, fill=False),
        id="{name}",
        tags=Tags(
            of="arn:{partition}:cloudwatch:{region}:{account}:alarm:{id}",
            read="list_tags_for_resource",
        ),
        names={
            "name": "AlarmName",
            "arn": "AlarmArn",
            "metricQueries": "Metrics",
            "metricName": "MetricName",
        },
    ),
    "aws:cloudwatch/dashboard:Dashboard": Kind(
        service="cloudwatch",
        create=_DASHBOARD,
        update=_DASHBOARD,
        read=Call(operation="get_dashboard", give={"DashboardName": "{id}"}, fill=False),
        delete=Call(operation="delete_dashboards", give={"DashboardNames": ["{id}"]}, fill=False),
        id="{dashboardName}",
    ),
}
