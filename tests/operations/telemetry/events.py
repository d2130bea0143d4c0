"""Sample events."""

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def event(at: int = 0, **changes: Any) -> dict[str, Any]:
    """Return a valid event; the same `at` gives the same id."""
    valid = {
        "event_id": str(uuid.UUID(int=at)),
        "occurred_at": f"2026-01-{30 + at % 2}T{at % 12:02}:30:00Z",
        "kind": "inference",
        "app": "field-assistant",
        "model": "digits",
        "version": "1.1.0",
        "target": "on-device",
        "ring": "canary",
        "count": 10,
        "latency_ms": 4.5,
        "histogram": [4, 6],
    }
    return {**valid, **changes}


def write(path: Path, *events: Any) -> Path:
    """Write events as lines."""
    path.write_text("".join(json.dumps(item) + "\n" for item in events))
    return path
