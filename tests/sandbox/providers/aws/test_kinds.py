"""The table against what the components declare, botocore's models and moto's own list."""

import importlib

import pytest
from moto.backends import get_backend
from moto.core.responses import BaseResponse

from mobile_ai.sandbox.providers.aws.api.calls import operations_of
from mobile_ai.sandbox.providers.aws.kinds import KINDS, STATE_ONLY
from mobile_ai.sandbox.providers.aws.types_page import share_in_state
from tests.tools.types_in_use import aws_types_in_use

MAX_SHARE = 0.15
_MODULES = {"lambda": "awslambda"}


def implements(service: str, operation: str) -> bool:
    """Return whether moto implements an operation, in its responses or its backend."""
    try:
        responses = importlib.import_module(f"moto.{_MODULES.get(service, service)}.responses")
        backend = get_backend(service)["123456789012"]["us-east-1"]
    except KeyError:
        backend = get_backend(service)["123456789012"]["aws"]
    answering = [
        item
        for item in vars(responses).values()
        if isinstance(item, type) and issubclass(item, BaseResponse)
    ]
    return any(hasattr(owner, operation) for owner in (*answering, backend))


def test_every_type_in_use_is_made_or_listed_as_kept_in_the_state():
    assert aws_types_in_use() <= KINDS.keys() | STATE_ONLY.keys()


def test_no_type_is_both():
    assert not KINDS.keys() & STATE_ONLY.keys()


def test_few_types_in_use_are_kept_in_the_state_only():
    assert 0 < share_in_state(aws_types_in_use()) <= MAX_SHARE


@pytest.mark.parametrize("token", sorted(KINDS))
def test_moto_implements_every_call_of_a_type_that_is_made(token):
    # The authorizers of an API cannot be listed there: the entry has no roster for that.
    missing = [f"{s}:{o}" for s, o in operations_of(KINDS[token]) if not implements(s, o)]
    assert missing == []


@pytest.mark.parametrize("token", sorted(STATE_ONLY))
def test_a_type_is_kept_in_the_state_for_a_call_that_moto_lacks(token):
    reason = STATE_ONLY[token]
    if " " in reason:
        pytest.skip("its calls exist and fail")
    assert not implements(*reason.split(":"))
