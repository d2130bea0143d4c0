"""Findings: a deviation with its statistics and the allowed actions, stored as JSON files.

One file per finding, named by its id. The id is derived from rule, subject and the first window,
so judging the same data again writes the same files.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from mobile_ai.contracts.files import read_model
from mobile_ai.delivery.client.disk import write_whole
from mobile_ai.operations.monitor.errors import MonitorError
from mobile_ai.operations.monitor.measures import Action, Severity

FINDING_SCHEMA: Final = "mobile-ai/finding/v1"
"""Format of a finding."""
Source = Literal["device", "site", "device+site", "bill"]
"""Source of the data behind a finding."""


_Time = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class FindingSubject(_Part):
    """Subject of a finding; empty fields where it spans several."""

    app: str
    model: str = ""
    version: str = ""
    ring: str = ""


class Windows(_Part):
    """Time windows of a finding."""

    width_hours: int = Field(ge=1, le=744)
    first: _Time = Field(description="Start of the first breached window, UTC.")
    alarm: _Time = Field(description="Start of the window at which it became a finding.")
    last: _Time = Field(description="Start of the last breached window.")
    breached: int = Field(ge=1, description="Windows breached so far.")


class Threshold(_Part):
    """A limit of the policy pack that does not fit the measurements, and a proposed one."""

    stack: str = Field(description="Stack whose configuration has the limit.")
    rule: str = Field(description="The pack's rule.")
    parameter: str = Field(description="Its parameter, such as midRange.")
    unit: str
    now: float = Field(description="Current limit.")
    proposed: float
    limited: str = Field(description="Quantile that the limit applies to, such as p95.")
    quantiles: dict[str, float] = Field(
        description="Of the deployment with the highest value, by name."
    )
    at_build: float | None = Field(description="Largest value that a pinned manifest states.")
    n: float = Field(ge=0, description="Number of events.")
    windows: int = Field(ge=1)
    deployments: int = Field(ge=1, description="Those the limit applies to; all were measured.")


class MonitorFinding(_Part):
    """One deviation of one subject."""

    schema_: Literal["mobile-ai/finding/v1"] = Field(default=FINDING_SCHEMA, alias="schema")
    id: str = Field(pattern=r"^[0-9a-f]{16}$")
    rule: str = Field(description="Such as input-drift, canary-crash-rate, cost-spike.")
    severity: Severity
    summary: str = Field(description="One sentence for people.")
    subject: FindingSubject
    series: str = Field(description="Counted series, such as input.brightness.")
    group: str = Field(default="", description="Group of people, if it is about one.")
    source: Source = Field(description="Source of the data; device data may be forged.")
    against: Literal["past", "control", "groups"]
    other: str = Field(default="", description="The control as version@ring, or the groups.")
    windows: Windows
    evidence: dict[str, float] = Field(description="Statistics of the last breached window.")
    is_open: bool = Field(description="True while the newest windows are breached.")
    playbook: Action = Field(description="Proposed playbook.")
    allowed_actions: tuple[Action, ...] = Field(description="Actions allowed without approval.")
    needs_approval: tuple[Action, ...] = Field(description="Actions that require approval.")
    threshold: Threshold | None = Field(default=None, description="Proposed limit, if any.")

    def text(self) -> str:
        """Return the content of its file."""
        return json.dumps(self.model_dump(by_alias=True), indent=1) + "\n"


def finding_schema() -> dict[str, Any]:
    """Return the JSON Schema of a finding."""
    return MonitorFinding.model_json_schema(by_alias=True)


def write_findings(folder: Path, findings: Iterable[MonitorFinding]) -> int:
    """Write findings, each to its file; return the number of new or changed ones.

    Raises:
        OSError: The folder cannot be written.
    """
    changed = 0
    for finding in findings:
        path, data = folder / f"{finding.id}.json", finding.text().encode()
        if not path.exists() or path.read_bytes() != data:
            write_whole(path, data)
            changed += 1
    return changed


def read_findings(folder: Path) -> list[MonitorFinding]:
    """Return the findings of a folder, newest first.

    Raises:
        MonitorError: A file is not a finding.
    """
    return sorted(
        map(read_finding, folder.glob("[!.]*.json")), key=lambda item: (item.windows.alarm, item.id)
    )[::-1]


def read_finding(path: Path) -> MonitorFinding:
    """Read a finding from its file.

    Raises:
        MonitorError: It is not a finding.
    """
    refused = MonitorError.advising("remove it and run `mobile-ai monitor drift` again")
    return read_model(
        MonitorFinding, path, refused=refused, expected=f"a finding ({FINDING_SCHEMA})"
    )
