"""OPA's own command line as judge of the probes in `rego_probes.json`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

PROBES: Final[Mapping[str, Any]] = json.loads(
    Path(__file__).with_name("rego_probes.json").read_text("utf-8")
)
"""Expressions by what must become of them: `true`, `refused` or `raises`; and `helpers`, rules."""
HEAD: Final = "package mobile.ai.governance\n\nimport rego.v1\n\n"
DOCUMENT: Final = {
    "apiVersion": "mobile-ai/v1",
    "kind": "MobileAIDeployment",
    "metadata": {"name": "camera-digits", "labels": {"region": "eu-central-1"}},
    "spec": {"aiModel": {"id": "digits", "version": "1.0.0"}, "placement": [{"target": "edge"}]},
}
"""The `input` of every probe."""
DATA: Final = {"ai_registry": {"models": {}}, "jurisdictions": {"home": ["eu-central-1"]}}
"""The `data` of every probe."""


def probe_module(expression: str) -> str:
    """Return a module whose `deny` has `fired` where the expression is true."""
    helpers = "\n".join(PROBES["helpers"])
    return f'{HEAD}{helpers}\ndeny contains "fired" if {{\n{expression}\n}}\n'


def untrue_in_opa(program: Path, folder: Path) -> list[str]:
    """Return the names of the `true` probes that are not true in OPA, with what it says."""
    (folder / "input.json").write_text(json.dumps(DOCUMENT))
    (folder / "data.json").write_text(json.dumps(DATA))
    module = folder / "p.rego"
    files = ("-d", module, "-d", folder / "data.json", "-i", folder / "input.json")
    found = []
    for name, expression in PROBES["true"].items():
        module.write_text(probe_module(expression))
        done = subprocess.run(
            [program, "eval", "-f", "raw", *files, "data.mobile.ai.governance.deny"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.stdout.strip() != '["fired"]':
            found.append(f"{name}: {done.stdout}{done.stderr}")
    return found
