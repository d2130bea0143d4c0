"""Validate SARIF files with Microsoft's SARIF multitool, by its SARIF and GitHub rules.

Run by hand, with npm on PATH and a network: ``python -m tests.tools.sarif_multitool FILE ...``.
The tool is installed below ``build/``. ``tests/gate/test_sarif_github.py`` holds what it requires
without the tool. Exits with 1 when there is an error or a warning; notes are counted only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Final

__all__ = ["main", "validate"]

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "build" / "sarif-multitool"
VERSION: Final = "5.7.0"
_PACKAGES: Final = ("@microsoft/sarif-multitool", "@microsoft/sarif-multitool-linux")
_TOOL: Final = FOLDER / "node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
_KINDS: Final = "Sarif;Ghas"


def install() -> Path:
    """Return the program, installed if it is not there yet.

    Raises:
        subprocess.CalledProcessError: npm cannot install it.
    """
    if not _TOOL.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        names = [f"{name}@{VERSION}" for name in _PACKAGES]
        subprocess.run(["npm", "install", "--silent", "--prefix", FOLDER, *names], check=True)
    return _TOOL


def validate(tool: Path, file: Path) -> Counter[tuple[str, str]]:
    """Return how often each rule of the tool found something in a file, by level and rule.

    Raises:
        RuntimeError: The tool judged nothing.
    """
    log = FOLDER / "found.sarif"
    log.unlink(missing_ok=True)
    asked = ["--rule-kind", _KINDS, "--level", "Error;Warning;Note", "--kind", "Fail"]
    done = subprocess.run(
        [tool, "validate", file, *asked, "--output", log, "--log", "ForceOverwrite"],
        # The program is built for a machine with ICU, which a container often lacks.
        env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if "Analysis completed successfully" not in done.stdout or not log.exists():
        raise RuntimeError(f"{file}: the multitool judged nothing: {done.stdout}{done.stderr}")
    (run,) = json.loads(log.read_text(encoding="utf-8-sig"))["runs"]
    results = run.get("results", [])
    return Counter((item.get("level", "warning"), item["ruleId"]) for item in results)


def main(files: list[str]) -> int:
    """Print what the tool finds in each file; return 1 for an error or a warning."""
    tool = install()
    wrong = 0
    for name in files:
        found = validate(tool, Path(name))
        levels = Counter(dict.fromkeys(("error", "warning", "note"), 0))
        for (level, _), count in found.items():
            levels[level] += count
        wrong += levels["error"] + levels["warning"]
        print(f"{name}: " + ", ".join(f"{count} {level}" for level, count in levels.items()))
        for (level, rule), count in sorted(found.items()):
            print(f"  {level} {rule} {count}")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
