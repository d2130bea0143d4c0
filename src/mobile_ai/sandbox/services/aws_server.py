"""AWS API of the sandbox: moto's server with patches.

Moto accepts a distribution's function associations and the origin access control of its origins,
but returns none. A CDN relying on that would serve objects that must not be readable.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from moto import server
from moto.cloudfront import models

from mobile_ai.sandbox.services.aws_api_domains import give_api_domains_a_target
from mobile_ai.sandbox.services.aws_databases import keep_one_managed_secret
from mobile_ai.sandbox.services.aws_keys import take_digests_as_such
from mobile_ai.sandbox.services.aws_policies import fix_bucket_policies
from mobile_ai.sandbox.services.aws_zones import let_zones_have_their_id


def apply_patches() -> None:
    """Apply the patches of this module and its siblings to moto in this process."""
    keep_what_is_forgotten()
    give_api_domains_a_target()
    keep_one_managed_secret()
    take_digests_as_such()
    fix_bucket_policies()
    let_zones_have_their_id()


def keep_what_is_forgotten() -> None:
    """Patch moto's distributions to keep function associations and origin access control."""
    _after_init(models.DefaultCacheBehaviour, _keep_associations)
    _after_init(models.Origin, _keep_access_control)


def _keep_associations(behaviour: Any, config: dict[str, Any]) -> None:
    items = (config.get("FunctionAssociations") or {}).get("Items") or []
    behaviour.function_associations = {
        "Quantity": len(items),
        **({"Items": items} if items else {}),
    }


def _keep_access_control(origin: Any, config: dict[str, Any]) -> None:
    origin.origin_access_control_id = config.get("OriginAccessControlId") or ""


def _after_init(kind: Any, then: Callable[[Any, dict[str, Any]], None]) -> None:
    before = kind.__init__

    @wraps(before)
    def init(self: Any, config: dict[str, Any]) -> None:
        before(self, config)
        then(self, config)

    kind.__init__ = init


def main() -> None:
    """Serve with moto's own options until terminated."""
    apply_patches()
    server.main()


if __name__ == "__main__":
    main()
