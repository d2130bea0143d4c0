"""The engine's event stream, one JSON object per line, as types.

The stream is what `pulumi preview --json` prints under `PULUMI_ENABLE_STREAMING_JSON_PREVIEW`
(`apitype.EngineEvent` of Pulumi 3.259). Only what a report needs is kept; an event that this
module does not know is `Other`, never an error, since newer engines add some. A line that is
not an event at all is kept as `Noise`, so that nothing which was printed gets lost.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mobile_ai.contracts.engine_values import decode_json, shown_value
from mobile_ai.contracts.exported import read_event

STACK_TYPE = "pulumi:pulumi:Stack"
"""Type token of the stack itself."""

# Colour directives of the engine (`<{%fg 1%}>`) and of terminals.
_COLOUR = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*[mK]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """Something the engine, the program or a plugin says.

    Attributes:
        severity: `debug`, `info`, `info#err`, `warning` or `error`.
        message: The text, without colours.
        urn: What it is about; empty for the whole stack.
        ephemeral: Whether it is only progress.
    """

    severity: str
    message: str
    urn: str
    ephemeral: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceSeen:
    """A step that the engine plans for a resource.

    Attributes:
        urn: The resource.
        type: Its type token.
        op: As `create`, `same`, `update`, `replace`, `delete`.
        step: The whole step, as in the event.
    """

    urn: str
    type: str
    op: str
    step: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceDone:
    """The planned outputs of the stack, as reports show them; empty for other resources."""

    urn: str
    type: str
    outputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackLoading:
    """A policy pack begins to start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Violation of a rule by a resource.

    Attributes:
        pack: The pack's name.
        pack_version: The version that the pack gives itself.
        rule: The rule's id.
        urn: The resource, or the stack's own URN.
        message: The rule's text, without colours.
        level: `advisory`, `mandatory`, `remediate` or `disabled`.
        severity: `low`, `medium`, `high`, `critical`, or empty.
    """

    pack: str
    pack_version: str
    rule: str
    urn: str
    message: str
    level: str
    severity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceSummary:
    """Rules of a pack that ran on one resource; in neither list means not applicable."""

    pack: str
    pack_version: str
    urn: str
    passed: tuple[str, ...]
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSummary:
    """Stack rules of a pack that ran."""

    pack: str
    pack_version: str
    passed: tuple[str, ...]
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The engine's own conclusion.

    Attributes:
        result: `succeeded` or `failed`; empty from engines that do not tell.
        changes: Number of steps by operation.
        packs: Version of every pack that ran, by name.
    """

    result: str
    changes: Mapping[str, int]
    packs: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """An event that a report does not need; `kind` is the name of its payload."""

    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """A line that is no event, such as an error that comes before the first one."""

    text: str


Event = (
    Diagnostic
    | Finished
    | Noise
    | Other
    | PackLoading
    | ResourceDone
    | ResourceSeen
    | ResourceSummary
    | StackSummary
    | Violation
)
"""One event of the engine, as far as a report needs it."""


def parse_event(line: str) -> Event:
    """Return the event of a line; never raises, whatever the line is."""
    try:
        kind, body = read_event(line)
        parser = _PARSERS.get(kind)
        return parser(body) if parser else Other(kind=kind)
    except (ValueError, TypeError, KeyError, AttributeError):
        return Noise(text=plain(line).strip())


def plain(text: str) -> str:
    """Return a text without the engine's and a terminal's colours.

    >>> plain("<{%fg 1%}>denied<{%reset%}>")
    'denied'
    """
    return _COLOUR.sub("", text)


def _diagnostic(body: Mapping[str, Any]) -> Diagnostic:
    return Diagnostic(
        severity=body["severity"],
        message=plain(body["message"]).rstrip(),
        urn=body.get("urn", ""),
        ephemeral=body.get("ephemeral", False),
    )


def _stdout(body: Mapping[str, Any]) -> Diagnostic:
    return Diagnostic(
        severity="info", message=plain(body["message"]).strip(), urn="", ephemeral=False
    )


def _seen(body: Mapping[str, Any]) -> ResourceSeen:
    step = body["metadata"]
    return ResourceSeen(urn=step["urn"], type=step["type"], op=step["op"], step=step)


def _done(body: Mapping[str, Any]) -> ResourceDone:
    step = body["metadata"]
    outputs = (step.get("new") or {}).get("outputs") if step["type"] == STACK_TYPE else None
    shown = {name: shown_value(decode_json(value)) for name, value in (outputs or {}).items()}
    return ResourceDone(urn=step["urn"], type=step["type"], outputs=shown)


def _violation(body: Mapping[str, Any]) -> Violation:
    return Violation(
        pack=body["policyPackName"],
        pack_version=body["policyPackVersion"],
        rule=body["policyName"],
        urn=body.get("resourceUrn", ""),
        message=plain(body["message"]).strip(),
        level=body["enforcementLevel"],
        severity=body.get("severity", ""),
    )


def _resource_summary(body: Mapping[str, Any]) -> ResourceSummary:
    return ResourceSummary(
        pack=body["policyPackName"],
        pack_version=body["policyPackVersion"],
        urn=body["resourceUrn"],
        passed=tuple(body.get("passed", ())),
        failed=tuple(body.get("failed", ())),
    )


def _stack_summary(body: Mapping[str, Any]) -> StackSummary:
    return StackSummary(
        pack=body["policyPackName"],
        pack_version=body["policyPackVersion"],
        passed=tuple(body.get("passed", ())),
        failed=tuple(body.get("failed", ())),
    )


def _finished(body: Mapping[str, Any]) -> Finished:
    return Finished(
        result=body.get("result", ""),
        changes=body.get("resourceChanges") or {},
        # Written with a capital P, and kept so by the engine for old readers.
        packs=body.get("PolicyPacks") or {},
    )


def _error(body: Mapping[str, Any]) -> Diagnostic:
    return Diagnostic(severity="error", message=plain(body["error"]), urn="", ephemeral=False)


_PARSERS: Mapping[str, Callable[[Mapping[str, Any]], Event]] = {
    "diagnosticEvent": _diagnostic,
    "stdoutEvent": _stdout,
    "errorEvent": _error,
    "resourcePreEvent": _seen,
    "resOutputsEvent": _done,
    "policyLoadEvent": lambda _: PackLoading(),
    "policyEvent": _violation,
    "policyAnalyzeSummaryEvent": _resource_summary,
    "policyAnalyzeStackSummaryEvent": _stack_summary,
    "summaryEvent": _finished,
}
