"""Converts the stack configuration for a policy pack.

`pulumi.policy` reads configuration from the environment at startup, while the engine sends it
later, in the call `ConfigureStack`. The official host bridges the two with a proxy (`PolicyProxy`
in the engine's SDK); so does `relay`.
"""

import json

from pulumi.runtime.proto import analyzer_pb2 as analyzer

METHOD_PREFIX = "/pulumirpc.Analyzer/"


def stack_environment(request: bytes | None) -> dict[str, str]:
    """Return the environment variables for a `ConfigureStack` request.

    Args:
        request: The serialized request; `None` if the engine configures no stack, as in `pulumi
            policy analyze`.
    """
    if request is None:
        return {}
    stack = analyzer.AnalyzerStackConfigureRequest.FromString(request)
    return {
        "PULUMI_CONFIG": json.dumps(dict(stack.config)),
        "PULUMI_STACK": stack.stack,
        "PULUMI_PROJECT": stack.project,
        "PULUMI_ORGANIZATION": stack.organization,
        "PULUMI_DRY_RUN": "true" if stack.dry_run else "false",
    }
