"""Report of a gate run, shared by every renderer and machine-readable as JSON.

The JSON form is versioned by `apiVersion`: fields may be added, and none changes its meaning.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from mobile_ai.gate.report.sections import CostReport, Count, ModelChange, Part, ProviderReport

__all__ = [
    "EXIT_CODES",
    "Advice",
    "Author",
    "Change",
    "CostReport",
    "EngineFacts",
    "ErrorResult",
    "GateVerdict",
    "Outcomes",
    "Pack",
    "ProviderReport",
    "Report",
    "Resources",
    "RuleOutcome",
    "RuleResult",
    "SettingChange",
    "Source",
    "Timing",
    "ViolationResult",
    "report_schema",
]

GateVerdict = Literal["pass", "denied", "undecided"]
"""Verdict of a run: passed, denied, or not decidable."""
RuleOutcome = Literal["fail", "unknown", "deferred", "warned", "waived"]
"""Outcome of a rule on a resource other than a pass."""
EXIT_CODES: Final[Mapping[GateVerdict, Literal[0, 1, 2]]] = {"pass": 0, "denied": 1, "undecided": 2}
"""Exit code of the command by verdict."""

_Seconds = Annotated[float, Field(ge=0)]


class EngineFacts(Part):
    """Engine that ran, and its providers."""

    version: str
    origin: Literal["official", "built"]
    providers: Literal["official", "stand-in"] = Field(
        description="Stand-ins have the SDK's types but no cloud, and see no existing resources."
    )


class Source(Part):
    """Files that were evaluated."""

    commit: str = Field(description="Commit checked out; empty outside of Git.")
    clean: bool = Field(description="Whether the files are exactly those of the commit.")
    stack_file: str
    stack_file_sha256: str
    documentation: str = Field(
        default="", description="URI of the folder `docs`, with a final slash; empty if missing."
    )


class Pack(Part):
    """The expected policy pack, and the packs that ran."""

    name: str
    version: str
    sha256: str = Field(description="SHA-256 over path and content of every file of the pack.")
    ran: dict[str, str] = Field(description="Version of every pack that the engine ran.")
    weakenings: tuple[str, ...] = Field(description="Rules set below their default level.")


class Outcomes(Part):
    """Number of resources by outcome of a rule."""

    passed: Count = Field(default=0, serialization_alias="pass", validation_alias="pass")
    fail: Count = 0
    unknown: Count = 0
    deferred: Count = 0
    warned: Count = 0
    waived: Count = 0
    not_applicable: Count = 0

    @property
    def judged(self) -> int:
        """Number of resources with an outcome."""
        return self.passed + self._told

    @property
    def clean(self) -> bool:
        """True if all resources that were judged passed."""
        return bool(self.passed) and not self._told

    @property
    def _told(self) -> int:
        return self.fail + self.unknown + self.deferred + self.warned + self.waived


class RuleResult(Part):
    """One rule of the pack and its outcomes."""

    id: str
    title: str
    kind: Literal["resource", "stack"]
    group: str
    level: str = Field(description="Level in effect: mandatory, advisory or disabled.")
    severity: str
    frameworks: tuple[str, ...]
    remediation: str = Field(
        default="", description="Remediation; empty if each finding contains it."
    )
    outcomes: Outcomes


class Author(Part):
    """Author of a change, as recorded; nothing is inferred."""

    who: str = Field(default="", description="A principal or a program; empty if not known.")
    when: str = Field(default="", description="RFC 3339, UTC; empty if not known.")
    source: str = Field(default="", description="Source record; empty for none.")
    note: str = Field(default="", description="Limits of the record, or why there is none.")

    def __str__(self) -> str:
        """Return one sentence without its final period."""
        told = f"last changed by {self.who or 'not known'}"
        told += f", {self.when}" if self.when else ""
        told += f" ({self.source})" if self.source else ""
        return f"{told}; {self.note}" if self.note else told


class _Placed(Part):
    """A result with its place in a file."""

    file: str = ""
    line: Count = Field(default=0, description="In `file`, from 1; 0 where none is known.")
    column: Count = Field(default=0, description="In `line`, from 1; 0 where none is known.")

    @property
    def place(self) -> str:
        """`file:line:column`, as far as it is known."""
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part)


class ViolationResult(_Placed):
    """One violation of a rule by one resource."""

    rule: str
    urn: str
    name: str = Field(description="The resource's logical name.")
    type: str
    outcome: RuleOutcome
    level: str
    severity: str
    message: str
    changed_by: Author | None = Field(
        default=None, description="Author of a manual change, found by an audit."
    )

    @property
    def order(self) -> tuple[bool, str, str, str]:
        """Sort key: mandatory rules first."""
        return (self.level != "mandatory", self.rule, self.urn, self.message)


class ErrorResult(_Placed):
    """Error of the program, a plugin or the engine."""

    message: str

    def __str__(self) -> str:
        """Return position and message."""
        return f"{self.place} {self.message}" if self.line else self.message


class Resources(Part):
    """Resources of the plan."""

    total: Count
    judged: Count = Field(description="Resources for which the pack reported every rule.")
    by_type: dict[str, int]
    by_operation: dict[str, int]


class Change(Part):
    """A deployment that differs from the baseline."""

    deployment: str
    prior: str = Field(description="Model, version and digest; empty for a new deployment.")
    proposed: str = Field(description="The same; empty for a removed deployment.")


class Advice(Part):
    """Basis of an advisory verdict: the one at `up`, on the state, decides."""

    base: str = Field(description="Commit that the change was compared with.")
    record: Count = Field(default=0, description="Sequence of the deployed record; 0: none.")

    def __str__(self) -> str:
        """Return one sentence."""
        told = f"record {self.record}" if self.record else "no deployed record"
        return (
            f"this verdict is advice, bound to base {self.base[:12]} and {told}; "
            "the verdict at `up` decides"
        )


class SettingChange(Part):
    """A value of the stack file that differs from the base commit."""

    key: str = Field(description="Such as deployments[app-model].rollout.stage.")
    prior: str = Field(description="JSON, cut if it is long; empty if there was none.")
    proposed: str = Field(description="The same; empty if it was removed.")


class Timing(Part):
    """Time spent by phase."""

    total_seconds: _Seconds
    phases: dict[str, _Seconds] = Field(description="In order; they add up to the total.")
    resources_per_second: _Seconds
    cpu_seconds: dict[str, _Seconds] = Field(
        default_factory=dict,
        description="CPU time by part: engine, program, pack, providers; with --time.",
    )


class Report(Part):
    """The verdict on a stack, with its evidence."""

    api_version: Literal["mobile-ai/v1"] = "mobile-ai/v1"
    kind: Literal["GateReport"] = "GateReport"
    command: Literal["gate", "audit"] = Field(
        default="gate",
        description="Command: evaluates a plan (gate) or the deployed state (audit).",
    )
    verdict: GateVerdict
    exit_code: Literal[0, 1, 2]
    stack: str
    advice: Advice | None = Field(
        default=None, description="Basis of an advisory verdict; null: the verdict decides."
    )
    source: Source
    engine: EngineFacts
    providers: tuple[ProviderReport, ...] = ()
    pack: Pack
    rules: tuple[RuleResult, ...]
    violations: tuple[ViolationResult, ...]
    doubts: tuple[str, ...] = Field(
        description="Reasons not to trust the verdict; empty if there are none."
    )
    errors: tuple[ErrorResult, ...]
    warnings: tuple[str, ...]
    proposed_roots: tuple[str, ...] = Field(
        default=(),
        description="Differences under the roots that the change proposes; not binding.",
    )
    resources: Resources
    cost: CostReport
    baseline: str = Field(description="Baseline of the changes; empty for none.")
    changes: tuple[Change, ...]
    settings: tuple[SettingChange, ...] = Field(
        default=(), description="Values of the stack file that differ; with --base."
    )
    models: tuple[ModelChange, ...] = ()
    outputs: dict[str, Any]
    timing: Timing

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return self.model_dump(mode="json", by_alias=True)


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a report."""
    schema = Report.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
