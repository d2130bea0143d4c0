"""Playbooks: the steps declared for each kind of finding, strictly validated."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.files import read_model

Step = Literal["freeze", "throttle", "scale-down", "rollback", "retrain", "threshold"]
"""Actions of a playbook."""


class _Part(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, strict=True, populate_by_name=True
    )


class PlaybookLimits(_Part):
    """Limits of automatic remediation.

    Attributes:
        cool_down_hours: Hours between two steps about one deployment.
        memory_days: Days for which a step counts as tried.
        deployments_per_day: Deployments that may be changed within a day.
        lateness_hours: Hours by which telemetry may be late; a finding whose last breach is older
            than this and two windows changes nothing.
    """

    cool_down_hours: Annotated[int, Field(ge=1, le=168)]
    memory_days: Annotated[int, Field(ge=1, le=90)]
    deployments_per_day: Annotated[int, Field(ge=1, le=20)]
    lateness_hours: Annotated[int, Field(ge=0, le=168)] = 24


class Playbook(_Part):
    """Steps for one kind of finding.

    Attributes:
        steps: Mildest first.
        approval: Steps that require a person's approval.
    """

    steps: Annotated[tuple[Step, ...], Field(min_length=1, strict=False)]
    approval: Annotated[tuple[Step, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _own(self) -> Self:
        foreign = [step for step in self.approval if step not in self.steps]
        if foreign or len(set(self.steps)) != len(self.steps):
            raise ValueError(f"approval {foreign} of no step, or a step twice in {self.steps}")
        return self


class Playbooks(_Part):
    """All playbooks.

    Attributes:
        limits: Limits of all of them together.
        playbooks: By rule of the finding.
    """

    limits: PlaybookLimits
    playbooks: Mapping[str, Playbook]


def read_playbooks(path: Path) -> Playbooks:
    """Read the playbooks of a file.

    Raises:
        GovernanceError: The file is missing or invalid.
    """
    refused = GovernanceError.advising("see docs/remediation.md for every key")
    return read_model(Playbooks, path, refused=refused, expected="limits and playbooks")
