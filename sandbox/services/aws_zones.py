"""What a company has before its stacks: hosted zones by their id, and certificates.

A stack file names a zone that its company has had for long. The sandbox can make it: a zone whose
caller reference has the form of a zone's id gets that id. The ids of others start as AWS's do.
A certificate that a stack file names counts as issued, since nobody can make one with that ARN.
"""

import re
from typing import Any, Final

from moto.elbv2.models import ELBv2Backend
from moto.route53.models import HostedZoneIdentifier, Route53Backend
from moto.utilities.id_generator import moto_id_manager

__all__ = ["let_zones_have_their_id"]

_ZONE_ID: Final = re.compile(r"Z[A-Z0-9]{5,31}")


def let_zones_have_their_id() -> None:
    """Let a caller reference that is a zone's id be the id of the new zone."""
    create = Route53Backend.create_hosted_zone
    generate = HostedZoneIdentifier.generate

    def create_with_id(self: Any, name: str, *given: Any, **named: Any) -> Any:
        wanted = str(named.get("caller_reference") or "")
        if _ZONE_ID.fullmatch(wanted):
            identifier = HostedZoneIdentifier(self.account_id, name, named.get("delegation_set_id"))
            moto_id_manager.set_custom_id(identifier, wanted)
        return create(self, name, *given, **named)

    def generate_as_aws(self: Any, *given: Any, **named: Any) -> str:
        made: str = generate(self, *given, **named)
        return made if made.startswith("Z") else f"Z{made[1:]}"

    Route53Backend.create_hosted_zone = create_with_id
    HostedZoneIdentifier.generate = generate_as_aws
    ELBv2Backend._certificate_exists = lambda *_, **__: True  # noqa: SLF001
