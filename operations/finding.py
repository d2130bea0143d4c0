"""A finding: something measured is not as it should be, with the figures that say so.

Monitor, audit and cost write findings; remediation and the dashboard read them. A finding proposes
and never acts. Who measured it decides what may be done about it: a stream of device telemetry can
be poisoned, so devices alone may warn and stop a rollout from growing, and nothing else.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import rfc8785
from governance.documents import read_json
from governance.errors import DocumentError, GovernanceError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

__all__ = ["ACTIONS", "Action", "Finding", "Subject", "Window", "permitted", "read_finding"]

Action = Literal["notify", "throttle", "scale-down", "freeze", "roll-back"]
Source = Literal["device", "edge", "bill", "audit", "person"]
Severity = Literal["low", "medium", "high", "critical"]
ACTIONS: Final[tuple[Action, ...]] = ("notify", "throttle", "scale-down", "freeze", "roll-back")
# What each source may bring about alone; several sources together may do what any of them may,
# and roll back when one of them is no device.
_MAY: Final[Mapping[str, frozenset[str]]] = {
    "device": frozenset({"notify", "freeze"}),
    "edge": frozenset(ACTIONS),
    "bill": frozenset({"notify", "throttle", "scale-down"}),
    "audit": frozenset({"notify", "freeze", "roll-back"}),
    "person": frozenset(ACTIONS),
}
_Text = Annotated[str, Field(max_length=300)]
_Number = Annotated[float, Field(allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, populate_by_name=True
    )


class Subject(_Part):
    """What a finding is about; empty levels mean all of them.

    Attributes:
        stack: The stack.
        app: The application.
        model: The model.
        version: Its version.
        ring: The ring of devices.
        site: The edge site.
    """

    stack: Annotated[str, Field(min_length=1, max_length=64)]
    app: _Text = ""
    model: _Text = ""
    version: _Text = ""
    ring: _Text = ""
    site: _Text = ""

    @property
    def deployment(self) -> str:
        """Name of the deployment in the stack file; empty where no single one is meant."""
        return f"{self.app}-{self.model}" if self.app and self.model else ""


class Window(_Part):
    """A span of time that was judged.

    Attributes:
        start: Its beginning.
        end: Its end.
        n: How many observations it had.
        alarm: Whether it was beyond the limit.
    """

    start: datetime
    end: datetime
    n: Annotated[int, Field(ge=0)]
    alarm: bool


class Finding(_Part):
    """Something measured is not as it should be.

    Attributes:
        rule: What was watched, such as ``input-drift``.
        severity: How bad it is.
        subject: What it is about.
        sources: Who measured it.
        message: One sentence for people.
        evidence: Figures by name: what was measured, the limit, the sample size.
        windows: Of which the alarm was made.
        allowed_actions: What the one who found it allows; ``permitted`` narrows it.
        issued: When it was found.
    """

    api_version: Literal["mobile-ai/v1"] = "mobile-ai/v1"
    kind: Literal["Finding"] = "Finding"
    rule: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{2,63}$")]
    severity: Severity
    subject: Subject
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    message: Annotated[str, Field(min_length=1, max_length=500)]
    evidence: Mapping[str, _Number | _Text] = Field(default_factory=dict)
    windows: Annotated[tuple[Window, ...], Field(max_length=200)] = ()
    allowed_actions: tuple[Action, ...] = ("notify",)
    issued: datetime

    @model_validator(mode="after")
    def _aware(self) -> Self:
        times = [self.issued, *(at for item in self.windows for at in (item.start, item.end))]
        if any(at.tzinfo is None for at in times):
            raise ValueError("times need a zone, such as 2026-12-01T00:00:00Z")
        return self

    @property
    def id(self) -> str:
        """Sixteen hex digits, the same whenever the same thing is found again.

        It is of the rule, the subject and the first window, so that a run that is repeated, or
        continues, does not find a second thing.
        """
        first = self.windows[0].start if self.windows else self.issued
        what: dict[str, Any] = {
            "rule": self.rule,
            "subject": self.subject.model_dump(by_alias=True),
            "first": first.isoformat(),
        }
        return hashlib.sha256(rfc8785.dumps(what)).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form, with the id for readers."""
        return {"id": self.id, **self.model_dump(mode="json", by_alias=True)}


def permitted(finding: Finding) -> frozenset[str]:
    """Return what may be done: what the finding allows and those who measured it may cause."""
    may = frozenset[str]().union(*(_MAY[source] for source in finding.sources))
    return may & {*finding.allowed_actions, "notify"}


def read_finding(path: Path) -> Finding:
    """Return a finding from its file.

    Raises:
        GovernanceError: The file is missing, is no finding, or its id is not its own.
    """
    try:
        value = read_json(path.read_text(encoding="utf-8"), name=str(path))
        claimed = value.pop("id", None) if isinstance(value, dict) else None
        finding = Finding.model_validate(value)
    except (OSError, UnicodeDecodeError, DocumentError) as error:
        raise _wrong(path, str(error)) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the top"
        raise _wrong(path, f"{first['msg']} at {where}") from error
    if claimed not in {None, finding.id}:
        raise _wrong(path, f"id {claimed!r} of another finding", f"id {finding.id!r}")
    return finding


def _wrong(path: Path, got: str, expected: str = "a finding (mobile-ai/v1)") -> GovernanceError:
    return GovernanceError(
        str(path), got=got, expected=expected, next_step="write it with the command that found it"
    )
