"""A happy path for gate tests: recorded streams of the real engine, and what they must show."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from mobile_ai.gate.engine.events import Event, parse_event
from mobile_ai.gate.engine.observation import EngineObservation
from mobile_ai.gate.engine.pack import PolicyPack
from mobile_ai.gate.engine.preview import Preview
from mobile_ai.gate.report.assemble import EngineRun
from mobile_ai.gate.report.report import EngineFacts, ProviderReport, Source, Timing
from mobile_ai.gate.state import baseline
from mobile_ai.governance.rule import Rule, resource_rule, stack_rule
from mobile_ai.stack.reader import StackFile

PROVIDERS = (
    ProviderReport(
        name="aws",
        kind="stand-in",
        checked_against="cfn-lint 1.58.0 and botocore 1.44.5 models",
        inputs=1_737,
        checked=1_735,
        unknown=329,
        uncovered=("aws:rds/instance:Instance.finalSnapshotIdentifier",),
    ),
    ProviderReport(
        name="kubernetes",
        kind="stand-in",
        checked_against="the types of pulumi-kubernetes 4.34.0",
    ),
)
STREAMS = Path(__file__).parent / "streams"
DEPLOYMENT = "mobileai:index:MobileAIDeployment"
STACK_URN = "urn:pulumi:dev::mobile-ai::pulumi:pulumi:Stack::mobile-ai-dev"
FIELD_URN = f"urn:pulumi:dev::mobile-ai::{DEPLOYMENT}::field-digits"
OTHER_URN = f"urn:pulumi:dev::mobile-ai::{DEPLOYMENT}::other-digits"
DOCUMENTATION = "https://git.example/owner/name/blob/HEAD/docs/"
STACK_TEXT = """\
# A stack of two deployments.
config:
  mobile-ai:owner:
    project: field-apps
  mobile-ai:deployments:
    - app: field
      model: digits
      version: 1.1.0
      region: mars-1
      rollout:
        rings:
          - {name: canary, percent: 5}
    - app: other
      model: digits
      version: 1.0.0
"""


def rules() -> dict[str, Rule]:
    """The rules of the pack that the streams were recorded with."""

    def check(_: Any) -> None:
        raise AssertionError("the gate runs no rule itself")

    shared = {"group": "security", "frameworks": ("CIS 1",), "remediation": "fix it"}
    resource = [
        resource_rule(
            id=name, title=f"{name}.", severity=severity, applies_to=(DEPLOYMENT,), **shared
        )
        for name, severity in (("no-bad", "critical"), ("later", "low"), ("excused", "medium"))
    ]
    made = [make(check) for make in resource]
    made.append(stack_rule(id="whole", title="whole.", severity="high", **shared)(check))
    return {rule.id: rule for rule in made}


def expected(**changes: Any) -> PolicyPack:
    """The pack that the recorded runs had to run."""
    found = rules()
    value = PolicyPack(
        name="mobile-ai-governance",
        version="0.1.0",
        sha256="ab" * 32,
        rules=found,
        levels=dict.fromkeys(found, "mandatory"),
    )
    return replace(value, **changes)


def lines(name: str) -> list[str]:
    """The lines of a recorded stream."""
    return (STREAMS / f"{name}.jsonl").read_text().splitlines()


def events(name: str) -> list[Event]:
    """The events of a recorded stream."""
    return [parse_event(line) for line in lines(name)]


def observed(source: str | Iterable[Event]) -> EngineObservation:
    """Observation of a recorded stream, or of events."""
    seen = EngineObservation()
    for event in events(source) if isinstance(source, str) else source:
        seen.add(event)
    return seen


def preview_of(seen: EngineObservation) -> Preview:
    """A preview that ended well."""
    return Preview(observation=seen, exit_code=0, stderr="", seconds=1.5, cpu={}, checks=())


def run_of(source: str | Iterable[Event], *, exit_code: int = 0, **changes: Any) -> EngineRun:
    """A run that saw a stream."""
    value = EngineRun(
        stack="dev",
        source=Source(
            commit="c" * 40,
            clean=True,
            stack_file="Pulumi.dev.yaml",
            stack_file_sha256="d" * 64,
            documentation=DOCUMENTATION,
        ),
        stack_file=StackFile.parse(STACK_TEXT, name="Pulumi.dev.yaml"),
        engine=EngineFacts(version="3.259.0", origin="built", providers="stand-in"),
        expected=expected(),
        observation=observed(source),
        exit_code=exit_code,
        providers=PROVIDERS,
    )
    given = replace(value, **changes)
    proposed = baseline.pins_of(preview_of(given.observation).planned())
    return replace(given, changes=baseline.changes(given.baseline, proposed))


TIMING = Timing(
    total_seconds=1.5, phases={"engine start": 0.5, "gate": 1.0}, resources_per_second=2
)
