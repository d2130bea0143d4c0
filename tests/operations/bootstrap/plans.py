"""Recorded preview plans of dev and prod, from the program itself."""

import tempfile
from functools import cache
from pathlib import Path

from mobile_ai.contracts.engine_values import decode_json
from mobile_ai.contracts.resource import Resource
from mobile_ai.operations.bootstrap.rights import StackPlace
from tests.components.support import run_stack, stack_values, write_repository

__all__ = ["STACKS", "place_of", "plan_of"]

STACKS = ("dev", "prod")


@cache
def plan_of(stack: str) -> tuple[Resource, ...]:
    """Return the AWS resources that a stack plans, with unknowns marked."""
    engine = run_stack(_repository(), stack)
    return tuple(
        Resource(
            type=item.type,
            name=item.name,
            urn=item.urn,
            props=decode_json(item.inputs),
        )
        for item in engine.registered
        if item.custom and item.type.startswith("aws:")
    )


@cache
def place_of(stack: str) -> StackPlace:
    """Return the place of a stack, as the command reads it from the stack file."""
    values = stack_values(_repository(), stack)
    aws = values["aws"]
    regions = sorted({values["region"], *aws["allowedRegions"], "us-east-1"})
    return StackPlace(
        account=str(aws["accountId"]),
        stack=stack,
        region=values["region"],
        regions=tuple(regions),
    )


@cache
def _repository() -> Path:
    return write_repository(Path(tempfile.mkdtemp()))
