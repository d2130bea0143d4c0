"""Turns breached windows into findings: persistence, agreement of sources, allowed actions.

One breached window is no finding: `needed` of `among` consecutive judged windows must be breached.
Device data can be forged by anyone with a token. Alone, it notifies, requests a retraining or
freezes a rollout, and nothing more; a roll-back is allowed when edge sites' own data show the same
for the same version.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

from mobile_ai.operations.monitor.compare_windows import ComparisonSettings, WindowComparison
from mobile_ai.operations.monitor.finding import FindingSubject, MonitorFinding, Source, Windows
from mobile_ai.operations.monitor.measures import Action
from mobile_ai.operations.monitor.window_counts import MonitoredSubject

_ALLOWED: Final[Mapping[Source, tuple[Action, ...]]] = MappingProxyType(
    {
        "device": ("notify", "retrain", "freeze"),
        "site": ("notify", "retrain", "freeze", "rollback"),
        "device+site": ("notify", "retrain", "freeze", "rollback"),
        "bill": ("notify", "throttle"),
    }
)
_WORTH_ASKING: Final[Mapping[Source, frozenset[Action]]] = MappingProxyType(
    {
        "device": frozenset({"rollback"}),
        "site": frozenset(),
        "device+site": frozenset(),
        "bill": frozenset({"scale-down"}),
    }
)
_AGREE_WITHIN: Final = 24  # hours between the two sources' first windows


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A run of breached windows of one rule, subject and series.

    Attributes:
        observations: The breached observations, in order.
        alarm: The window at which the threshold of breached windows was reached.
        is_open: True if the newest judged windows are still breached.
    """

    observations: tuple[WindowComparison, ...]
    alarm: int
    is_open: bool

    @property
    def first(self) -> WindowComparison:
        """The first breached observation."""
        return self.observations[0]


def findings(
    observations: Iterable[WindowComparison], settings: ComparisonSettings
) -> list[MonitorFinding]:
    """Return the persistent changes, in order of the alarm.

    Args:
        observations: Of any rules and subjects, in any order.
        settings: Width of windows and number of breached ones required.
    """
    lines: dict[tuple[MonitoredSubject, str, str], list[WindowComparison]] = {}
    for item in observations:
        lines.setdefault((item.subject, item.rule, item.series), []).append(item)
    found = [episode for line in lines.values() for episode in episodes(line, settings)]
    made = [_finding(episode, _source(episode, found, settings), settings) for episode in found]
    return sorted(made, key=lambda item: (item.windows.alarm, item.id))


def episodes(line: Sequence[WindowComparison], settings: ComparisonSettings) -> Iterator[Episode]:
    """Yield the episodes of one rule, subject and series.

    An episode begins when `needed` of the last `among` judged windows are breached, and ends when
    none of the last `among` is.
    """
    ordered = sorted(line, key=lambda item: item.window)
    kept: list[WindowComparison] = []
    alarm: int | None = None
    for at, item in enumerate(ordered):
        recent = ordered[max(0, at + 1 - settings.among) : at + 1]
        breached = [one for one in recent if one.evidence.breached]
        if alarm is None:
            kept = breached
            alarm = item.window if len(breached) >= settings.needed else None
        elif not breached:
            yield Episode(observations=tuple(kept), alarm=alarm, is_open=False)
            kept, alarm = [], None
        elif item.evidence.breached:
            kept.append(item)
    if alarm is not None:
        yield Episode(observations=tuple(kept), alarm=alarm, is_open=True)


def _source(episode: Episode, found: Iterable[Episode], settings: ComparisonSettings) -> Source:
    mine = episode.first
    if mine.subject.channel == "bill":
        return "bill"
    if mine.subject.channel != "device":
        return "site"
    near = _AGREE_WITHIN / settings.width
    agreed = any(
        other.first.subject.channel == "site"
        and (other.first.rule, other.first.series) == (mine.rule, mine.series)
        and _model(other.first.subject) == _model(mine.subject)
        and abs(other.first.window - mine.window) <= near
        for other in found
    )
    return "device+site" if agreed else "device"


def _model(subject: MonitoredSubject) -> MonitoredSubject:
    return replace(subject, ring="", channel="", group="")


def _finding(episode: Episode, source: Source, settings: ComparisonSettings) -> MonitorFinding:
    first, last = episode.first, episode.observations[-1]
    subject = first.subject
    allowed = _ALLOWED[source]
    asked: set[Action] = {*_WORTH_ASKING[source], first.playbook} - set(allowed)
    named = FindingSubject(
        app=subject.app, model=subject.model, version=subject.version, ring=subject.ring
    )
    return MonitorFinding(
        id=_id(episode),
        rule=first.rule,
        severity=first.severity,
        summary=_summary(last),
        subject=named,
        series=first.series,
        group=subject.group,
        source=source,
        against=first.against,
        other=last.other,
        windows=Windows(
            width_hours=settings.width,
            first=begin_of(first.window, settings.width),
            alarm=begin_of(episode.alarm, settings.width),
            last=begin_of(last.window, settings.width),
            breached=len(episode.observations),
        ),
        evidence=last.evidence.to_dict(),
        is_open=episode.is_open,
        playbook=first.playbook,
        allowed_actions=allowed,
        needs_approval=tuple(sorted(asked)),
    )


def _id(episode: Episode) -> str:
    first = episode.first
    who = first.subject
    parts = [
        *(who.app, who.model, who.version, who.ring, who.channel, who.group),
        *(first.rule, first.series, str(first.window)),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _summary(last: WindowComparison) -> str:
    who, numbers = last.subject, last.evidence
    group = f", group {who.group}" if who.group else ""
    ring = f" in ring {who.ring}" if who.ring else ""
    return (
        f"{last.rule}: {last.series} of {who.app} {who.model} {who.version}{ring}{group} changed "
        f"by {numbers.effect:.3g} against {last.other or 'its past'}; from "
        f"{numbers.least_effect:g} it matters (n {numbers.n:.0f}, {numbers.n_reference:.0f})"
    )


def begin_of(window: int, width: int) -> str:
    """Return the beginning of a window, as ISO 8601 in UTC."""
    begin = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=window * width)
    return begin.strftime("%Y-%m-%dT%H:%M:%SZ")
