"""Route 53 hosted zones and records."""

from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.calls import Api
from mobile_ai.sandbox.providers.aws.api.kind import Call, Kind, ListCall, action
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject


def _change(verb: str) -> Any:
    @action("route53:change_resource_record_sets")
    def change(api: Api, subject: ApiSubject) -> Any:
        batch = {"Changes": [{"Action": verb, "ResourceRecordSet": _record(subject)}]}
        return api.call(
            subject,
            "change_resource_record_sets",
            HostedZoneId=subject.value("zoneId"),
            ChangeBatch=batch,
        )

    return change


def _record(subject: ApiSubject) -> dict[str, Any]:
    found: dict[str, Any] = {"Name": subject.value("name"), "Type": subject.value("type")}
    if subject.value("records"):
        found["TTL"] = int(subject.value("ttl"))
        found["ResourceRecords"] = [{"Value": item} for item in subject.value("records")]
    for alias in subject.value("aliases") or ():
        found["AliasTarget"] = {
            "HostedZoneId": alias["zoneId"],
            "DNSName": alias["name"],
            "EvaluateTargetHealth": alias["evaluateTargetHealth"],
        }
    return found


@action("route53:list_resource_record_sets")
def _read_record(api: Api, subject: ApiSubject) -> Any:
    name, kind = str(subject.value("name")).rstrip("."), subject.value("type")
    answer = api.call(subject, "list_resource_record_sets", HostedZoneId=subject.value("zoneId"))
    found = next(
        (
            item
            for item in answer["ResourceRecordSets"]
            if item["Name"].rstrip(".") == name and item["Type"] == kind
        ),
        None,
    )
    if found is None:
        return None
    return {**found, "Records": [item["Value"] for item in found.get("ResourceRecords", ())]}


@action("route53:get_hosted_zone")
def _read_zone(api: Api, subject: ApiSubject) -> Any:
    answer = api.call(subject, "get_hosted_zone", Id=subject.id)
    servers = answer.get("DelegationSet", {}).get("NameServers", [])
    return {**answer["HostedZone"], "NameServers": servers}


@action("route53:list_resource_record_sets", "route53:change_resource_record_sets")
def _empty_zone(api: Api, subject: ApiSubject) -> None:
    """Delete the zone's own records, if the program allows it."""
    if not subject.value("forceDestroy"):
        return
    answer = api.call(subject, "list_resource_record_sets", HostedZoneId=subject.id)
    changes = [
        {"Action": "DELETE", "ResourceRecordSet": item}
        for item in answer["ResourceRecordSets"]
        if item["Type"] not in {"NS", "SOA"}
    ]
    if changes:
        api.call(
            subject,
            "change_resource_record_sets",
            HostedZoneId=subject.id,
            ChangeBatch={"Changes": changes},
        )


def _zone_config(subject: ApiSubject) -> dict[str, Any]:
    return {"Comment": subject.value("comment") or "", "PrivateZone": bool(subject.value("vpcs"))}


def _zone_network(subject: ApiSubject) -> Any:
    for item in subject.value("vpcs") or ():
        return {
            "VPCId": item["vpcId"],
            "VPCRegion": item.get("vpcRegion") or subject.facts["region"],
        }
    return None


def _zone_id(subject: ApiSubject) -> str:
    return str(subject.answer["HostedZone"]["Id"]).rpartition("/")[2]


KINDS: Final = {
    "aws:route53/zone:Zone": Kind(
        service="route53",
        create=Call(
            operation="create_hosted_zone",
            give={
                "CallerReference": "{mark}",
                "HostedZoneConfig": _zone_config,
                "VPC": _zone_network,
            },
        ),
        read=_read_zone,
        before_delete=(_empty_zone,),
        delete=Call(operation="delete_hosted_zone", give={"Id": "{id}"}, fill=False),
        id=_zone_id,
        names={"comment": "Config.Comment"},
        outputs={"zoneId": "{id}", "arn": "arn:{partition}:route53:::hostedzone/{id}"},
        unkept=("vpcs", "tags", "tagsAll", "name"),
        roster=ListCall(
            call=Call(operation="list_hosted_zones", fill=False),
            at="HostedZones",
            id="<Id>",
            mark="CallerReference",
        ),
    ),
    "aws:route53/record:Record": Kind(
        service="route53",
        create=_change("UPSERT"),
        update=_change("UPSERT"),
        read=_read_record,
        delete=_change("DELETE"),
        id="{zoneId}_{name}_{type}",
        names={"aliases": "AliasTarget"},
        outputs={"fqdn": "{name}"},
        unkept=("zoneId", "name", "aliases", "allowOverwrite"),
    ),
}
