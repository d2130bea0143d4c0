"""What the engine says of a state: `pulumi policy analyze` with the pack."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gate.events import parse_event
from gate.observation import Observation
from gate.process import run_lines
from gate.project import Project
from sandbox.engine import Engine

__all__ = ["Analyzed", "analyze"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyzed:
    """How it ended.

    Attributes:
        seen: What the engine said; it gives no account of rules that passed.
        errors: What it failed with, a line each that begins with `error:`; what it says when it
            has only found violations is left out.
    """

    seen: Observation
    errors: str


def analyze(
    project: Project,
    engine: Engine,
    variables: Mapping[str, str],
    *,
    export: Mapping[str, Any],
) -> Analyzed:
    """Ask the engine about an exported state.

    Args:
        project: Whose pack.
        engine: The engine.
        variables: Its environment.
        export: The state.
    """
    folder = project.log.parent
    folder.mkdir(parents=True, exist_ok=True)
    seen = Observation()
    # A state may hold what only its owner should read: it goes when the engine has read it.
    with _private(folder / f"{project.stack}.state.json", json.dumps(export)) as state:
        ended = run_lines(
            [
                str(engine.pulumi),
                "policy",
                "analyze",
                "--json",
                "--non-interactive",
                "--color=never",
                f"--file={state}",
                f"--policy-pack={project.pack}",
            ],
            folder=project.root,
            environment=variables,
            on_line=lambda line, _: seen.add(parse_event(line)),
        )
    denied = any(item.level == "mandatory" for item in seen.violations)
    complete = seen.finished is not None and (denied or not ended.exit_code)
    if complete:
        return Analyzed(seen=seen, errors="")
    said = (
        ended.errors.strip() or f"error: the engine ended with {ended.exit_code} and said nothing"
    )
    return Analyzed(seen=seen, errors=said)


@contextmanager
def _private(path: Path, text: str) -> Iterator[Path]:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
