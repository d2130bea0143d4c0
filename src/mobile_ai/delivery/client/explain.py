"""Explains the device's last decision, for ``mobile-ai device why``."""

from __future__ import annotations

from collections.abc import Iterator

from mobile_ai.delivery.client.device import Device
from mobile_ai.delivery.client.model import active_model
from mobile_ai.delivery.client.state import DeviceState, load_state


def explain(device: Device) -> list[tuple[str, str]]:
    """Return the model in use and the last decision as (name, text) pairs; offline."""
    state = load_state(device.state_file)
    model = active_model(device)
    lines = [("runs", f"{device.model} {model.version}: {model.reason}")]
    return [*lines, *_decision(state), *_memory(state)]


def _decision(state: DeviceState) -> Iterator[tuple[str, str]]:
    known = state.decision
    if not known:
        yield "last check", "never"
        return
    yield "last check", f"{known['at']}: {known['outcome']} ({known['reason']})"
    if known.get("cohort") is not None:
        shares = ", ".join(
            f"{name} below {share / 10_000:g} %" for name, share in known["shares"].items()
        )
        yield "cohort", f"{known['cohort'] / 10_000:.4f} % under salt {known['salt']}; {shares}"
    if known.get("ring"):
        given = "" if known.get("cohort") is not None else " (configured)"
        yield "ring", f"{known['ring']}{given}"
    for name in ("variant", "way", "self-test", "halts", "lifts"):
        if known.get(name):
            yield name, str(known[name])
    for refused in known.get("patches refused", ()):
        yield "patch refused", str(refused)


def _memory(state: DeviceState) -> Iterator[tuple[str, str]]:
    yield "metadata fresh", state.checked or "never"
    if state.previous is not None:
        yield "falls back to", f"{state.previous.version} ({state.previous.sha256[:12]})"
    for name, digests in state.halts.items():
        yield "halted", f"{', '.join(item[:12] for item in digests)} by halt {name}"
    for digest, reason in state.failed.items():
        yield "not tried again", f"{digest[:12]}: {reason}"
