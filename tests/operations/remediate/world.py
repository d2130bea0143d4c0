"""A small checkout with a history, and findings about it."""

import datetime as dt
import shutil
import subprocess
from pathlib import Path
from typing import Any

from mobile_ai.operations.monitor.finding import MonitorFinding
from mobile_ai.stack.settings_deployment import Deployment

ROOT = Path(__file__).parents[3]
NOW = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)
NAME = "field-assistant-digits"
# Changes that turn a finding into a threshold proposal.
THRESHOLD: dict[str, Any] = {
    "rule": "threshold",
    "source": "device",
    "allowed_actions": ["notify", "threshold"],
    "threshold": {
        "stack": "dev",
        "rule": "latency-within-budget",
        "parameter": "midRange",
        "unit": "ms an inference",
        "now": 60,
        "proposed": 5.3,
        "limited": "p95",
        "quantiles": {"p50": 1.1, "p95": 4.2, "p99": 8.0},
        "at_build": 0.0626,
        "n": 120000,
        "windows": 28,
        "deployments": 1,
    },
}


def finding(rule: str = "latency", *, number: int = 1, **changes: Any) -> MonitorFinding:
    """Return a finding about the canary ring; another number gives another finding."""
    value = {
        "schema": "mobile-ai/finding/v1",
        "id": f"{number:016x}",
        "rule": rule,
        "severity": "high",
        "summary": "latency changed by 0.2 against 1.0.0@general",
        "subject": {
            "app": "field-assistant",
            "model": "digits",
            "version": "1.1.0",
            "ring": "canary",
        },
        "series": "latency",
        "source": "site",
        "against": "control",
        "windows": {
            "width_hours": 1,
            "first": "2026-11-30T10:00:00Z",
            "alarm": "2026-11-30T12:00:00Z",
            "last": "2026-11-30T13:00:00Z",
            "breached": 3,
        },
        "evidence": {"effect": 0.2, "n": 1200.0},
        "is_open": True,
        "playbook": "freeze",
        "allowed_actions": ["notify", "throttle", "scale-down", "freeze", "rollback"],
        "needs_approval": [],
    }
    return MonitorFinding.model_validate(value | changes)


def deployed(app: str = "field-assistant", model: str = "digits") -> Deployment:
    """Return a deployment of 1.1.0 in its canary ring."""
    return Deployment.model_construct(app=app, model=model, version="1.1.0")


def checkout(folder: Path, *, stage: str = "canary") -> Path:
    """Return a repository of one commit with the stack files and the playbooks."""
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "operations").mkdir()
    shutil.copy(ROOT / "operations" / "playbooks.yaml", folder / "operations")
    (folder / "policy-pack").mkdir()
    shutil.copy(ROOT / "policy-pack" / "stacks.yaml", folder / "policy-pack")
    shutil.copytree(ROOT / "policy-pack" / "config", folder / "policy-pack" / "config")
    for manifest in (ROOT / "models" / "digits").glob("*/manifest.yaml"):
        copy = folder / manifest.relative_to(ROOT)
        copy.parent.mkdir(parents=True)
        shutil.copy(manifest, copy)
    path = folder / "Pulumi.dev.yaml"
    path.write_text(path.read_text().replace("stage: general", f"stage: {stage}"))
    run(folder, "init", "--quiet", "--initial-branch", "main")
    run(folder, "add", "--all")
    run(folder, "commit", "--quiet", "--message", "Begin")
    return folder


def run(folder: Path, *arguments: str) -> str:
    """Run Git and return its output."""
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
