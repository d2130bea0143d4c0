"""Runs a preview with the policy pack and observes its events.

The stand-in provider of AWS records which inputs it checked; the report names them by provider.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mobile_ai.contracts.resource import Resource
from mobile_ai.gate.engine.events import parse_event
from mobile_ai.gate.engine.observation import EngineObservation
from mobile_ai.gate.engine.process import running
from mobile_ai.gate.engine.progress import Tell
from mobile_ai.gate.engine.timing import CpuMeter
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project
from mobile_ai.gate.report.sections import ProviderReport
from mobile_ai.pricing.errors import CostError
from mobile_ai.pricing.recorded import origin_line, resources_of_steps
from mobile_ai.sandbox.engine import Engine
from mobile_ai.sandbox.providers.aws.schemas.checker import RECORD_VARIABLE, checked_against
from mobile_ai.sandbox.providers.specfile import sdk_version
from mobile_ai.stack.reader import StackFile

_KNOWN: Final = ("aws", "kubernetes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Result of a preview.

    Attributes:
        observation: Observation of its events.
        exit_code: The engine's exit code.
        stderr: Standard error of the engine.
        seconds: Duration.
        cpu: CPU seconds by part (see `gate.engine.timing`); empty unless measured.
        checks: The stand-ins' checks of inputs, one for each AWS resource.
    """

    observation: EngineObservation
    exit_code: int
    stderr: str
    seconds: float
    cpu: Mapping[str, float]
    checks: tuple[Mapping[str, Any], ...]

    def planned(self) -> list[Resource]:
        """Return the planned resources; empty if there are none."""
        try:
            return resources_of_steps(self.observation.planned)
        except CostError:
            return []

    def providers(self, *, official: Collection[str]) -> tuple[ProviderReport, ...]:
        """Return the providers of the plan, given the names of the official ones that ran."""
        return providers(self.observation.types.values(), self.checks, official=official)


def preview(
    project: Project,
    engine: Engine,
    *,
    environment: Mapping[str, str],
    config_file: Path,
    judged: bool = True,
    timed: bool = False,
    source: StackFile | None = None,
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
        source: Stack file that the log names first.
        tell: Receives the progress after every event.

    Raises:
        GateError: The recorded checks of inputs cannot be read.
    """
    observation, meter = EngineObservation(), CpuMeter() if timed else None
    line_of = command(
        project, engine, config_file=config_file, pack=project.pack if judged else None
    )
    project.log.parent.mkdir(parents=True, exist_ok=True)
    project.input_checks.unlink(missing_ok=True)
    streamed = {
        "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true",
        RECORD_VARIABLE: str(project.input_checks),
    }
    with (
        project.log.open("w") as log,
        running(line_of, folder=project.root, environment={**environment, **streamed}) as run,
    ):
        if meter:
            meter.start(run.pid)
        log.write(origin_line(source.name, source.text) if source else "")
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
        checks=read_checks(project.input_checks),
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


def providers(
    types: Iterable[str], checks: Iterable[Mapping[str, Any]], *, official: Collection[str]
) -> tuple[ProviderReport, ...]:
    """Return the providers of a plan's resource types.

    Args:
        types: Type tokens of the plan.
        checks: Recorded checks, one for each AWS resource.
        official: Names of the official providers that ran.
    """
    used = {token.partition(":")[0] for token in types}
    present = [name for name in _KNOWN if name in used]
    return tuple(
        ProviderReport(name=name, kind="official") if name in official else _stand_in(name, checks)
        for name in present
    )


def read_checks(path: Path) -> tuple[Mapping[str, Any], ...]:
    """Return the last check of every resource; empty if none was recorded.

    Raises:
        GateError: The record cannot be read.
    """
    if not path.exists():
        return ()
    try:
        checks = [json.loads(line) for line in path.read_text().splitlines()]
        return tuple({check["urn"]: check for check in checks}.values())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GateError(
            f"{path}: got {error}; expected one JSON object a line with the checks of inputs. "
            "Next: run `mobile-ai gate` again."
        ) from error


def _stand_in(name: str, checks: Iterable[Mapping[str, Any]]) -> ProviderReport:
    return _aws(checks) if name == "aws" else _by_types(name)


def _aws(checks: Iterable[Mapping[str, Any]]) -> ProviderReport:
    found = tuple(checks)
    missed = [f"{check['type']}.{name}" for check in found for name in check["uncovered"]]
    checked = sum(check["checked"] for check in found)
    return ProviderReport(
        name="aws",
        kind="stand-in",
        checked_against=f"{checked_against()} models",
        inputs=checked + len(missed),
        checked=checked,
        unknown=sum(check["unknown"] for check in found),
        uncovered=tuple(sorted(set(missed))),
    )


def _by_types(name: str) -> ProviderReport:
    against = f"the types of pulumi-{name} {sdk_version(name)}"
    return ProviderReport(name=name, kind="stand-in", checked_against=against)
