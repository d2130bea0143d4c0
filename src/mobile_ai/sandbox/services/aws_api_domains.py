"""Patches moto: target host names for API Gateway domain names."""

import hashlib
from functools import wraps
from typing import Any, Final

from moto.apigatewayv2.models import DomainName

# AWS has one such zone per region; its ID does not matter in a sandbox.
_ZONE: Final = "Z1U9ULNL0V5AJ3"


def give_api_domains_a_target() -> None:
    """Patch moto to return a regional host name for every domain name configuration."""
    before = DomainName.__init__

    @wraps(before)
    def init(self: Any, domain_name: str, *rest: Any, **more: Any) -> None:
        before(self, domain_name, *rest, **more)
        region = self.domain_name_arn.split(":")[3]
        digest = hashlib.sha256(domain_name.encode()).hexdigest()[:10]
        for configuration in self.domain_name_configurations:
            configuration["apiGatewayDomainName"] = f"d-{digest}.execute-api.{region}.amazonaws.com"
            configuration["hostedZoneId"] = _ZONE

    DomainName.__init__ = init
