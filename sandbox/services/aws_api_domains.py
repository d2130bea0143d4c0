"""Domain names of API Gateway in moto's server: the host name that their records lead to."""

import hashlib
from functools import wraps
from typing import Any, Final

from moto.apigatewayv2.models import DomainName

__all__ = ["give_api_domains_a_target"]

# AWS has one such zone in each region; nothing in a sandbox asks which.
_ZONE: Final = "Z1U9ULNL0V5AJ3"


def give_api_domains_a_target() -> None:
    """Let every configuration of a domain name say which regional host name it answers at."""
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
