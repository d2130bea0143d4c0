"""Reports a model that failed in use, and rolls back."""

from __future__ import annotations

from dataclasses import replace

from mobile_ai.contracts.canonical import parse_sha256
from mobile_ai.delivery.client.device import Device
from mobile_ai.delivery.client.lock import only_updater
from mobile_ai.delivery.client.state import load_state, save_state


def reject(device: Device, sha256: str, reason: str, *, patience: float = 20.0) -> None:
    """Record that an artifact failed in use, and roll back to the last known good.

    It is not installed again, whichever ring releases it. ``active_model`` returns what runs then.

    Args:
        device: The device.
        sha256: The artifact.
        reason: The failure, in a sentence.
        patience: Seconds to wait for a running check.

    Raises:
        BusyError: If the check takes longer; a subclass of ``OSError``.
        OSError: If the state cannot be written.
    """
    parse_sha256(sha256, name="rejected artifact")
    with only_updater(device.folder, patience=patience):
        state = load_state(device.state_file).with_failure(sha256, reason)
        if state.previous is not None and state.previous.sha256 == sha256:
            state = replace(state, previous=None)
        if state.active is not None and state.active.sha256 == sha256:
            state = replace(state, active=state.previous, previous=None)
        save_state(device.state_file, state)
