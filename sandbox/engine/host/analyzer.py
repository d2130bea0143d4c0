"""The stack's configuration as a policy pack reads it.

`pulumi.policy` takes configuration from the environment when the pack starts; the engine sends it
in a call, `ConfigureStack`, after the start. The official host bridges the two with a proxy
(`PolicyProxy` in the engine's SDK), and so does `relay`.
"""

import json

from pulumi.runtime.proto import analyzer_pb2 as analyzer

__all__ = ["METHOD_PREFIX", "stack_environment"]

METHOD_PREFIX = "/pulumirpc.Analyzer/"


def stack_environment(request: bytes | None) -> dict[str, str]:
    """Return the variables that hand a `ConfigureStack` request over.

    Args:
        request: The request as it came; `None` when the engine configures no stack, as
            `pulumi policy analyze` does.
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
