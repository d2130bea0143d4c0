"""``python -m mobile_ai.sandbox.providers.aws``: serve the AWS stand-in."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mobile_ai.sandbox.providers.aws.provider_behavior import AwsDialect
from mobile_ai.sandbox.providers.serve import main

if TYPE_CHECKING:
    from mobile_ai.sandbox.providers.cloud import Cloud


def _cloud(dialect: AwsDialect, environment: Mapping[str, str]) -> Cloud | None:
    """Return the AWS API of the running sandbox, or None without one."""
    from mobile_ai.sandbox.services.endpoints import Endpoints  # noqa: PLC0415  not at every preview

    endpoints = Endpoints.from_environment(environment)
    if endpoints is None or not endpoints.aws:
        return None
    from mobile_ai.sandbox.providers.aws.api.backend import AwsCloud  # noqa: PLC0415

    return AwsCloud.at(endpoints.aws, dialect)


if __name__ == "__main__":
    sys.exit(main("aws", AwsDialect, _cloud))
