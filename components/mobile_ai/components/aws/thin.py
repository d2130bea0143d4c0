"""AWS resources declared without importing their SDK namespace.

Importing ``pulumi_aws.ec2`` or ``pulumi_aws.wafv2`` takes over two seconds, more than the rest of a
program's start. The few resources needed from them are declared here by type token. Inputs use wire
names (camelCase); a test compares each with the types of the SDK.
"""

import importlib.metadata
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

import pulumi


class ThinResource(pulumi.CustomResource):
    """A resource declared by its type token; subclasses set the token and annotate outputs."""

    TYPE: ClassVar[str]
    OUTPUTS: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        name: str,
        inputs: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the resource with its inputs in wire form."""
        # The version makes the engine load the provider plugin that matches the SDK.
        versioned = pulumi.ResourceOptions(version=_sdk_version())
        declared = {**inputs, **{output: None for output in self.OUTPUTS if output not in inputs}}
        super().__init__(self.TYPE, name, declared, pulumi.ResourceOptions.merge(versioned, opts))


@cache  # reading the metadata of a distribution takes a millisecond
def _sdk_version() -> str:
    return importlib.metadata.version("pulumi-aws")
