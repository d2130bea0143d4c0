"""Digest of a stack file's settings without what a safety change may edit.

Two files with the same digest differ in versions, rollouts, replicas and concurrency alone, which
rules compare one by one (`mobile_ai.governance.steps`).
"""

from __future__ import annotations

from typing import Any, Final

from mobile_ai.contracts.canonical import canonical_bytes, sha256_bytes
from mobile_ai.stack.settings import Settings

_COMPARED: Final = frozenset({"version", "manifest", "sha256", "previous", "rollout"})
_SCALED: Final = frozenset({"replicas", "reservedConcurrency"})


def settings_digest(settings: Settings) -> str:
    """Return the SHA-256 of the settings without the fields that steps compare."""
    value = settings.to_plan()
    return sha256_bytes(
        canonical_bytes({**value, "deployments": [_rest(item) for item in value["deployments"]]})
    )


def _rest(deployment: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in deployment.items() if key not in _COMPARED}
    places = [
        {key: value for key, value in item.items() if key not in _SCALED}
        for item in deployment["placement"]
    ]
    return {**kept, "placement": places}
