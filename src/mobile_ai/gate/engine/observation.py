"""Observation of one engine run, accumulated from its events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mobile_ai.gate.engine.events import (
    STACK_TYPE,
    Diagnostic,
    Event,
    Finished,
    Noise,
    Other,
    ResourceDone,
    ResourceSeen,
    ResourceSummary,
    StackSummary,
    Violation,
)

# The engine reports a replacement as three steps of one resource; only `replace` is kept.
_PARTS_OF_REPLACEMENT = frozenset({"create-replacement", "delete-replaced"})


@dataclass(slots=True, kw_only=True)
class EngineObservation:
    """State of a run that the report is built from; changed by `add` only.

    Attributes:
        events: Number of events.
        steps: The planned operation of every resource, by URN, in order of appearance.
        types: The type token of every resource, by URN.
        planned: The engine's steps, as in its events.
        outputs: The planned outputs of the stack, as reports show them.
        violations: Violations reported by rules.
        denied: Number of mandatory violations.
        resource_summaries: Rules that ran, by resource.
        stack_summaries: Stack rules that ran.
        diagnostics: Messages of engine, program and plugins, without progress.
        noise: Lines that are not events.
        finished: Final event of the engine, if it arrived.
        packs: Version of every pack that the engine reports to have run, by name.
        marks: Seconds from the engine's start to the first or the last event of each kind.
    """

    events: int = 0
    steps: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    planned: list[Mapping[str, Any]] = field(default_factory=list)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    denied: int = 0
    resource_summaries: list[ResourceSummary] = field(default_factory=list)
    stack_summaries: list[StackSummary] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    noise: list[str] = field(default_factory=list)
    finished: Finished | None = None
    packs: dict[str, str] = field(default_factory=dict)
    marks: dict[str, float] = field(default_factory=dict)

    def add(self, event: Event, seconds: float = 0.0) -> None:
        """Add one event, which arrived some seconds after the engine's start."""
        if isinstance(event, Noise):
            if event.text:
                self.noise.append(event.text)
            return
        self.events += 1
        self._mark(event, seconds)
        if isinstance(event, Violation | ResourceSummary | StackSummary):
            self._add_judgement(event)
            return
        match event:
            case ResourceSeen():
                self._add_step(event)
            case ResourceDone(type=token, outputs=outputs) if token == STACK_TYPE:
                self.outputs = outputs
            case Diagnostic(ephemeral=False, severity=severity) if severity != "debug":
                self.diagnostics.append(event)
            case Finished(packs=packs):
                self.finished = event
                # A local pack is listed as `name|local|path`.
                self.packs = {
                    name.partition("|")[0]: version.removeprefix("v")
                    for name, version in packs.items()
                }
            case _:
                pass

    def _mark(self, event: Event, seconds: float) -> None:
        self.marks.setdefault("first_event", seconds)
        match event:
            case Other(kind="preludeEvent"):
                self.marks.setdefault("prelude", seconds)
            case ResourceSeen(type=token) if token == STACK_TYPE:
                self.marks.setdefault("stack", seconds)
            case ResourceSeen():
                self.marks.setdefault("first_resource", seconds)
                self.marks["last_resource"] = seconds
            case ResourceDone(type=token) if token != STACK_TYPE:
                self.marks["last_resource"] = seconds
            case StackSummary():
                self.marks["stack_rules"] = seconds
            case _:
                pass

    def _add_judgement(self, event: Violation | ResourceSummary | StackSummary) -> None:
        match event:
            case Violation():
                self.violations.append(event)
                self.denied += event.level == "mandatory"
            case ResourceSummary():
                self.resource_summaries.append(event)
            case StackSummary():
                self.stack_summaries.append(event)

    def _add_step(self, event: ResourceSeen) -> None:
        self.types[event.urn] = event.type
        if event.step:
            self.planned.append(event.step)
        if event.op not in _PARTS_OF_REPLACEMENT or event.urn not in self.steps:
            self.steps[event.urn] = event.op

    @property
    def judged(self) -> frozenset[str]:
        """URNs that the engine sent to packs: all resources except deletions."""
        return frozenset(urn for urn, op in self.steps.items() if op not in {"delete", "discard"})
