"""Two parts of Pulumi's Python SDK whose CPU time grows with the resources of a program.

Together they took 40 % of the CPU time after the imports of the sample stack, and more of a larger
one (`program.resource_ms` of benchmarks/program.py).
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi
import pulumi.log

_DEBUG: Final = "MOBILE_AI_DEBUG"


def drop_debug_messages(environment: Mapping[str, str] = os.environ) -> None:
    """Keep the SDK from sending its debug messages to the engine, unless MOBILE_AI_DEBUG is set.

    It sends four for each resource and waits for an answer to each, though the engine shows none
    without its option `--debug`, of which a program is not told.
    """
    if not environment.get(_DEBUG):
        pulumi.log.debug = _nothing


def _nothing(*_: Any, **__: Any) -> None:
    """Take the place of `pulumi.log.debug`."""


async def registered(resources: Sequence[pulumi.Resource]) -> None:
    """Wait until all resources are registered.

    The SDK does so at the end of a program too, but looks at every open task each time that one of
    them ends (`wait_for_rpcs`): a number of steps that grows with the square of the resources.

    Raises:
        Exception: A registration failed; the SDK reports it.
    """
    await asyncio.gather(*(resource.urn.future() for resource in resources))
