"""State of an environment's trust, for people and for machines."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from mobile_ai.contracts.trust import Trust
from mobile_ai.signing.trust.history import TrustHistory
from mobile_ai.signing.trust.people import holdings
from mobile_ai.signing.trust.versions import demands
from mobile_ai.signing.trust.words import differences


def status_lines(history: TrustHistory) -> list[str]:
    """Return the thresholds, the expiry, and what waits for whose signature."""
    lines = []
    current = history.current
    if current is not None:
        state = current.ended if current.expired else f"valid until {current.expires.date()}"
        lines.append(f"trust {current.label}: {state}")
        lines += [
            f"role {role}: {item.threshold} of {len(current.active_keys(role))} active keys"
            for role, item in sorted(current.roles.items())
        ]
        roots = len(current.active_keys("root"))
        if roots == current.roles["root"].threshold:
            lines.append(f"a lost root key ends this trust: it needs {roots} of {roots}; add one")
    if history.staged is not None:
        staged = history.staged
        lines.append(f"staged: version {staged.trust.version}, {staged.path}")
        lines += [f"  {line}" for line in differences(current, staged.trust)]
        for item in demands(history, staged.trust, staged.envelope):
            have, waiting = ", ".join(item.have) or "nobody", ", ".join(item.waiting) or "nobody"
            lines.append(
                f"  root of version {item.version}: signed by {have}; {item.lacking} more "
                f"needed of {waiting}"
            )
    lines += [f"stale, of no use: {path}" for path in history.stale]
    return lines


def history_of(history: TrustHistory) -> list[str]:
    """Return what each version changed, oldest first."""
    lines = []
    before: Trust | None = None
    for trust in history.versions:
        lines.append(f"version {trust.version}:")
        lines += [f"  {line}" for line in differences(before, trust)] or ["  nothing"]
        before = trust
    return lines


def report_of(history: TrustHistory, *, history_too: bool = False) -> dict[str, Any]:
    """Return the JSON form of a trust's state."""
    current, staged = history.current, history.staged
    value: dict[str, Any] = {
        "environment": history.environment,
        "version": current.version if current else 0,
        "expires": current.expires.isoformat() if current else None,
        "expired": current.expired if current else None,
        "roles": {
            role: {"threshold": item.threshold, "active": len(current.active_keys(role))}
            for role, item in sorted(current.roles.items())
        }
        if current
        else {},
        "keys": [asdict(item) for item in holdings(current)] if current else [],
        "revoked": dict(current.revoked) if current else {},
        "staged": None,
        "stale": [str(path) for path in history.stale],
    }
    if staged is not None:
        value["staged"] = {
            "version": staged.trust.version,
            "file": str(staged.path),
            "changes": differences(current, staged.trust),
            "signatures": [
                asdict(item) for item in demands(history, staged.trust, staged.envelope)
            ],
        }
    if history_too:
        pairs = zip((None, *history.versions), history.versions, strict=False)
        value["history"] = [
            {"version": after.version, "changes": differences(before, after)}
            for before, after in pairs
        ]
    return value
