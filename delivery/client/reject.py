"""An application's word that the model it was given does not work there."""

from __future__ import annotations

from dataclasses import replace

from governance.canonical import parse_sha256

from delivery.client.device import Device
from delivery.client.lock import only_updater
from delivery.client.state import load_state, save_state

__all__ = ["reject"]


def reject(device: Device, sha256: str, reason: str, *, patience: float = 20.0) -> None:
    """Remember that an artifact failed in use, and go back to the last known good.

    It is not installed again, whoever releases it. Whether there is something to go back to,
    ``active_model`` says.

    Args:
        device: Whose state.
        sha256: The artifact.
        reason: Why, in a sentence.
        patience: Seconds to wait for a check that is under way.

    Raises:
        BusyError: If a check takes longer; it is an ``OSError`` too.
        OSError: If it cannot be remembered.
    """
    parse_sha256(sha256, name="rejected artifact")
    with only_updater(device.folder, patience=patience):
        state = load_state(device.state_file).with_failure(sha256, reason)
        if state.previous is not None and state.previous.sha256 == sha256:
            state = replace(state, previous=None)
        if state.active is not None and state.active.sha256 == sha256:
            state = replace(state, active=state.previous, previous=None)
        save_state(device.state_file, state)
