"""Runs `pulumi policy analyze` with the pack on an exported state."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mobile_ai.gate.engine.events import parse_event
from mobile_ai.gate.engine.observation import EngineObservation
from mobile_ai.gate.engine.process import run_lines
from mobile_ai.gate.project import Project
from mobile_ai.sandbox.engine import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyzed:
    """Result of the engine's analysis.

    Attributes:
        seen: Violations that the engine reported; it does not list rules that passed.
        errors: Errors of the engine, one line each beginning with `error:`; empty if it completed,
            with or without violations.
    """

    seen: EngineObservation
    errors: str


def analyze(
    project: Project,
    engine: Engine,
    variables: Mapping[str, str],
    *,
    export: Mapping[str, Any],
) -> Analyzed:
    """Analyze an exported state with the engine.

    Args:
        project: Project with the policy pack.
        engine: The engine.
        variables: Environment of the engine.
        export: The exported state.
    """
    folder = project.log.parent
    folder.mkdir(parents=True, exist_ok=True)
    seen = EngineObservation()
    # A state may contain secrets: readable by its owner only, deleted after the engine has read it.
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
        ended.errors.strip()
        or f"error: the engine exited with {ended.exit_code} and printed no error"
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
