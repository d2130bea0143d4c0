"""Patches moto: preexisting hosted zones by ID, and issued certificates.

A stack file names a hosted zone that exists before the stack. The first record written to an
unknown zone therefore creates it, for the domain given by the record's last two labels. A new zone
whose caller reference has the form of a zone ID gets that ID; other IDs start with Z, as in AWS.
Reading from or deleting in an unknown zone creates nothing.

A certificate that a stack file names counts as issued, since no certificate can be created with a
given ARN.
"""

import contextlib
import re
from collections.abc import Sequence
from typing import Any, Final

from moto.elb.exceptions import CertificateNotFoundException
from moto.elbv2 import models as elbv2
from moto.route53.models import HostedZoneIdentifier, Route53Backend
from moto.utilities.id_generator import moto_id_manager

_ZONE_ID: Final = re.compile(r"Z[A-Z0-9]{5,31}")


def let_zones_have_their_id() -> None:
    """Patch moto to use caller references as zone IDs and to create zones of stack files."""
    create = Route53Backend.create_hosted_zone
    change = Route53Backend.change_resource_record_sets
    generate = HostedZoneIdentifier.generate

    def create_with_id(self: Any, name: str, *given: Any, **named: Any) -> Any:
        wanted = str(named.get("caller_reference") or "")
        if not _ZONE_ID.fullmatch(wanted):
            return create(self, name, *given, **named)
        identifier = HostedZoneIdentifier(self.account_id, name, named.get("delegation_set_id"))
        moto_id_manager.set_custom_id(identifier, wanted)
        try:
            return create(self, name, *given, **named)
        finally:  # the ID must not apply to another zone of this name
            moto_id_manager.unset_custom_id(identifier)

    def change_in_any(self: Any, zoneid: str, change_list: Sequence[Any]) -> None:
        zone = zoneid.removeprefix("/hostedzone/")
        if zone not in self.zones and _ZONE_ID.fullmatch(zone) and _puts(change_list):
            create_with_id(self, _domain(change_list), False, caller_reference=zone)  # noqa: FBT003
        change(self, zoneid, change_list)

    def generate_as_aws(self: Any, *given: Any, **named: Any) -> str:
        made: str = generate(self, *given, **named)
        return made if made.startswith("Z") else f"Z{made[1:]}"

    Route53Backend.create_hosted_zone = create_with_id
    Route53Backend.change_resource_record_sets = change_in_any
    HostedZoneIdentifier.generate = generate_as_aws
    elbv2.ELBv2Backend._certificate_exists = lambda *_, **__: True  # noqa: SLF001
    register = elbv2.register_certificate

    def register_known(*given: Any, **named: Any) -> None:
        with contextlib.suppress(CertificateNotFoundException):
            register(*given, **named)

    elbv2.register_certificate = register_known


def _puts(changes: Sequence[Any]) -> bool:
    return all(item["Action"] in {"CREATE", "UPSERT"} for item in changes)


def _domain(changes: Sequence[Any]) -> str:
    return ".".join(changes[0]["ResourceRecordSet"]["Name"].strip(".").split(".")[-2:]) + "."
