"""Merges the provider's default tags with a resource's own."""

from __future__ import annotations

from mobile_ai.sandbox.providers.values import UNKNOWN, SecretValue, Value, contains_unknown, plain


def merge_tags(defaults: Value, own: Value) -> Value:
    """Return ``tagsAll``: own tags take precedence; unknown as a whole if any tag is unknown.

    The official provider does the same at check, so policies see ``tagsAll`` among the inputs.
    """
    if contains_unknown(defaults) or contains_unknown(own):
        return UNKNOWN
    merged: dict[str, Value] = {}
    for tags in (plain(defaults), plain(own)):
        if isinstance(tags, dict):
            merged |= {key: value for key, value in tags.items() if not key.startswith("__")}
    secret = isinstance(defaults, SecretValue) or isinstance(own, SecretValue)
    return SecretValue(merged) if secret else merged
