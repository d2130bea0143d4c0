"""Leaves of inputs: every plain value, with its property path."""

from __future__ import annotations

from collections.abc import Iterator

from mobile_ai.sandbox.providers.values import SecretValue, Value


def leaves(value: Value, path: str = "", *, secret: bool = False) -> Iterator[tuple[str, Value]]:
    """Yield path and value of every leaf; a secret one is yielded in its wrapper.

    Args:
        value: Inputs, or a part of them.
        path: Property path of the value, such as ``rules[0].prefix``.
        secret: Whether the value is nested in a secret.
    """
    while isinstance(value, SecretValue):
        value, secret = value.value, True
    if isinstance(value, dict):
        for key, item in value.items():
            if not key.startswith("__") and item is not None:
                yield from leaves(item, f"{path}.{key}" if path else key, secret=secret)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]", secret=secret)
    else:
        yield path, SecretValue(value) if secret else value
