"""A small checkout with a history, and findings about it."""

import datetime as dt
import shutil
import subprocess
from pathlib import Path
from typing import Any

from operations.finding import Finding

ROOT = Path(__file__).parents[3]
NOW = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)
NAME = "field-assistant-digits"


def finding(rule: str = "latency-regression", *, day: int = 1, **changes: Any) -> Finding:
    """Return a finding about the canary ring of dev, one for every day."""
    start = dt.datetime(2026, 11, day, tzinfo=dt.UTC)
    subject = {"stack": "dev", "app": "field-assistant", "model": "digits", "ring": "canary"}
    value = {
        "rule": rule,
        "severity": "high",
        "subject": subject,
        "sources": ["edge"],
        "message": "p95 is 80 ms against 40 ms in control",
        "evidence": {"p95Ms": 80.0, "controlMs": 40.0, "n": 1200.0},
        "windows": [
            {"start": start, "end": start + dt.timedelta(hours=1), "n": 400, "alarm": True}
        ],
        "allowedActions": ["notify", "throttle", "scale-down", "freeze", "roll-back"],
        "issued": start + dt.timedelta(hours=1),
    }
    return Finding.model_validate(value | changes)


def checkout(folder: Path, *, stage: str = "canary") -> Path:
    """Return a repository of one commit with the stack files and the playbooks."""
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "operations").mkdir()
    shutil.copy(ROOT / "operations" / "playbooks.yaml", folder / "operations")
    path = folder / "Pulumi.dev.yaml"
    path.write_text(path.read_text().replace("stage: general", f"stage: {stage}"))
    run(folder, "init", "--quiet", "--initial-branch", "main")
    run(folder, "add", "--all")
    run(folder, "commit", "--quiet", "--message", "Begin")
    return folder


def run(folder: Path, *arguments: str) -> str:
    """Run Git and return what it prints."""
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
