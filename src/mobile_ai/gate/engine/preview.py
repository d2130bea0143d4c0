"""Runs a preview with the policy pack and observes its events."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mobile_ai.gate.engine.events import parse_event
from mobile_ai.gate.engine.observation import EngineObservation
from mobile_ai.gate.engine.process import running
from mobile_ai.gate.engine.progress import Tell
from mobile_ai.gate.engine.timing import CpuMeter
from mobile_ai.gate.project import Project
from mobile_ai.sandbox.engine import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Result of a preview.

    Attributes:
        observation: Observation of its events.
        exit_code: The engine's exit code.
        stderr: Standard error of the engine.
        seconds: Duration.
        cpu: CPU seconds by part (see `gate.engine.timing`); empty unless measured.
    """

    observation: EngineObservation
    exit_code: int
    stderr: str
    seconds: float
    cpu: Mapping[str, float]


def preview(
    project: Project,
    engine: Engine,
    *,
    environment: Mapping[str, str],
    config_file: Path,
    judged: bool = True,
    timed: bool = False,
    head: str = "",
    tell: Tell = lambda _: None,
) -> Preview:
    """Run `pulumi preview`, with the pack, and return the observation.

    Args:
        project: Project to preview.
        engine: Engine that runs the preview.
        environment: The engine's variables.
        config_file: Stack file to use.
        judged: Run the policy pack; `False` only computes the plan.
        timed: Measure CPU time.
        head: Text that the log begins with.
        tell: Receives the progress after every event.
    """
    observation, meter = EngineObservation(), CpuMeter() if timed else None
    line_of = command(
        project, engine, config_file=config_file, pack=project.pack if judged else None
    )
    project.log.parent.mkdir(parents=True, exist_ok=True)
    with (
        project.log.open("w") as log,
        running(
            line_of,
            folder=project.root,
            environment={**environment, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"},
        ) as run,
    ):
        if meter:
            meter.start(run.pid)
        log.write(head)
        for line, seconds in run.lines():
            log.write(line)
            observation.add(parse_event(line), seconds)
            tell(_progress(observation))
        ended = run.wait()
    return Preview(
        observation=observation,
        exit_code=ended.exit_code,
        stderr=ended.errors,
        seconds=ended.seconds,
        cpu=meter.stop() if meter else {},
    )


def _progress(seen: EngineObservation) -> str:
    if not seen.steps:
        return "Starting program, policy pack and providers"
    return f"{len(seen.steps)} resources seen, {seen.denied} mandatory violations"


def command(
    project: Project,
    engine: Engine,
    *,
    config_file: Path,
    pack: Path | None,
) -> list[str]:
    """Return the command line of a preview, with a policy pack if one is given."""
    judge = [f"--policy-pack={pack}"] if pack else []
    return [
        str(engine.pulumi),
        "preview",
        "--json",
        "--non-interactive",
        "--color=never",
        "--skip-plugin-pre-install",
        f"--stack={project.stack}",
        f"--config-file={config_file}",
        *judge,
    ]
