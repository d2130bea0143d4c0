"""Converts the stack configuration for a policy pack.

`pulumi.policy` reads configuration from the environment at startup, while the engine sends it
later, in the call `ConfigureStack`. The official host bridges the two with a proxy (`PolicyProxy`
in the engine's SDK); so does `relay`.

A pack that takes its configuration by that call needs neither. With `sdk: protocol-only` among the
options of its runtime it is started at once, without the SDK, and the engine calls it directly: the
proxy and the SDK take as much CPU time of a preview as the judging of 200 resources. The official
host ignores the option.
"""

import json
from typing import Final

from pulumi.runtime.proto import analyzer_pb2 as analyzer
from pulumi.runtime.proto import language_pb2 as language

METHOD_PREFIX = "/pulumirpc.Analyzer/"
_OPTION: Final = "sdk"
_PROTOCOL_ONLY: Final = "protocol-only"


def is_protocol_only(info: language.ProgramInfo) -> bool:
    """Return whether a pack says that it serves the engine's protocol without the SDK."""
    option = info.options.fields.get(_OPTION)
    return option is not None and option.string_value == _PROTOCOL_ONLY


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
