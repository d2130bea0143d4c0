"""Parses provider configuration, in which structured values are passed as JSON text."""

from __future__ import annotations

import json
from typing import Any

from mobile_ai.sandbox.providers.check import check_fields, describe
from mobile_ai.sandbox.providers.errors import Failure
from mobile_ai.sandbox.providers.spec import Spec
from mobile_ai.sandbox.providers.values import Properties, SecretValue, Value, plain

# Entries that the engine itself adds to a provider resource.
_ENGINE_KEYS = frozenset({"version", "pluginDownloadURL", "pluginChecksums"})


def parse_config(config: Properties, spec: Spec) -> tuple[Properties, list[Failure]]:
    """Decode the JSON text of structured settings; return them with decoding failures."""
    parsed: Properties = {}
    failures: list[Failure] = []
    for name, value in config.items():
        if name in _ENGINE_KEYS:
            continue
        shape = spec.config.get(name, ("string", 0))[0]
        text = plain(value)
        if shape == "string" or not isinstance(text, str):
            parsed[name] = value
            continue
        try:
            decoded = _floats(json.loads(text))
        except ValueError:
            failures.append(
                Failure(name, f"`{name}` is not JSON: expected {describe(shape)} as JSON text")
            )
            continue
        parsed[name] = SecretValue(decoded) if isinstance(value, SecretValue) else decoded
    return parsed, failures


def check_config_types(config: Properties, spec: Spec) -> list[Failure]:
    """Check parsed settings against the SDK's provider arguments."""
    return list(check_fields(config, spec.config, spec.objects, owner="the provider configuration"))


def _floats(value: Any) -> Value:
    """Return JSON values as property values, which have no integers."""
    if isinstance(value, dict):
        return {key: _floats(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_floats(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    result: Value = value
    return result
