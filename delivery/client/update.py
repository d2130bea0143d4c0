"""One check for updates, from the signed metadata to a model that passed its self-test.

    metadata -> ring -> release -> artifact -> cache -> self-test -> state

Whatever goes wrong, the model in use stays in use: the state is the last thing to change, and it
changes in one rename.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.api.metadata import TargetFile

from delivery.client import choose
from delivery.client.cache import Cache
from delivery.client.device import Device
from delivery.client.documents import (
    ArtifactFacts,
    Place,
    ReleaseDocument,
    SelfTestDocument,
    SelfTestInputs,
    read_document,
)
from delivery.client.events import Spool, update_event
from delivery.client.fetcher import LimitedFetcher
from delivery.client.install import obtain
from delivery.client.selftest import Runner, check_answers, run_apart
from delivery.client.state import Installed, State, load_state, save_state
from delivery.client.trusted import Trusted
from delivery.errors import DeliveryError, SelfTestError

__all__ = ["Outcome", "update"]

_QUIET: Final = frozenset({"current", "none"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a check for updates ended.

    Attributes:
        word: ``installed``; ``current`` (nothing new); ``none`` (nothing for this device);
            ``halted``; ``refused`` (what was offered is not fit); ``unreachable``.
        reason: In a sentence.
        version: The version that was looked at, or 0.0.0.
        requests: HTTP requests made.
        downloaded: Bytes of model files.
    """

    word: str
    reason: str
    version: str = "0.0.0"
    requests: int = 0
    downloaded: int = 0


@dataclass(slots=True)
class _Check:
    """What one check has found so far."""

    device: Device
    state: State
    cache: Cache
    run: Runner
    facts: dict[str, Any] = field(default_factory=dict)
    downloaded: int = 0


def update(device: Device, *, run: Runner = run_apart, now: datetime | None = None) -> Outcome:
    """Check for an update and install it.

    Args:
        device: Who asks.
        run: What runs a model for its self-test.
        now: For the record only; signatures are judged by the system's clock.

    Returns:
        The outcome. Errors of network, server, signatures and disk are outcomes, not exceptions:
        there is nothing that an application should do about them but go on.
    """
    begun, now = time.monotonic(), now or datetime.now(UTC)
    fetcher = LimitedFetcher(device.limits)
    check = _Check(device, load_state(device.state_file), Cache(device.folder, device.key), run)
    try:
        _keep_installation(check)
        outcome = _check(check, fetcher)
        check.state = replace(check.state, checked=now.isoformat(timespec="seconds"))
    except DownloadError as error:
        outcome = Outcome(word="unreachable", reason=_say(error))
    except (RepositoryError, DeliveryError, OSError) as error:
        outcome = Outcome(
            word="refused", reason=_say(error), version=check.facts.get("version", "0.0.0")
        )
    outcome = replace(outcome, requests=fetcher.requests, downloaded=check.downloaded)
    _remember(check, outcome, now=now, seconds=time.monotonic() - begun)
    return outcome


def _keep_installation(check: _Check) -> None:
    """Save a new device's id at once: drawn anew at every start, it would wander through rings."""
    if not check.device.state_file.exists():
        save_state(check.device.state_file, check.state)


def _check(check: _Check, fetcher: LimitedFetcher) -> Outcome:
    trusted = Trusted(check.device, check.cache, fetcher)
    trusted.refresh()
    assignment = choose.assign(check.device, trusted.rings(), check.state.installation)
    check.facts |= asdict(assignment)
    halted = _apply_halt(check, trusted)
    release = trusted.release(assignment.ring) if assignment.ring else None
    if release is None:
        return halted or Outcome(word="none", reason=f"ring {assignment.ring} runs nothing yet")
    place = choose.find_place(check.device, release)
    check.facts |= {"version": release.version}
    if place is None:
        return halted or Outcome(word="none", reason="the release has nothing for this device")
    return _consider(check, trusted, release, place)


def _apply_halt(check: _Check, trusted: Trusted) -> Outcome | None:
    """Stop the active model if role ``halt`` says so, before anything else can go wrong."""
    active, previous, device = check.state.active, check.state.previous, check.device
    halts = trusted.halted()
    if previous and halts.stops(device.app, device.model, previous.sha256):
        check.state = replace(check.state, previous=None)  # nothing to fall back to
    stopped = active is not None and halts.stops(device.app, device.model, active.sha256)
    if active is None or not stopped:
        if check.state.halted is not None:
            check.state = replace(check.state, halted=None)
            save_state(device.state_file, check.state)
        return None
    if check.state.halted is None:
        check.state = replace(check.state, halted=active.fallback)
        save_state(device.state_file, check.state)
    return Outcome(
        word="halted",
        reason=f"{active.version} is halted: {active.fallback}",
        version=active.version,
    )


def _consider(check: _Check, trusted: Trusted, release: ReleaseDocument, place: Place) -> Outcome:
    device, state = check.device, check.state
    target, facts = trusted.artifact(place)
    sha256 = target.hashes["sha256"]
    check.facts |= {"variant": facts.variant, "sha256": sha256, "manifest": facts.manifest_sha256}
    check.facts["version"] = facts.version
    if trusted.halted().stops(device.app, device.model, sha256):
        return _outcome("halted", f"{facts.version} is halted: nobody runs it", facts)
    if state.active is not None and state.active.sha256 == sha256 and check.cache.holds(sha256):
        return _outcome("current", f"{facts.version} is installed", facts)
    if sha256 in state.failed:
        reason = f"{facts.version} failed here before: {state.failed[sha256]}"
        return _outcome("refused", reason, facts)
    if lacks := choose.unmet(device, release, facts):
        return _outcome("none", f"this device has {', '.join(lacks)}", facts)
    have = [item.sha256 for item in (state.active, state.previous) if item is not None]
    obtained = obtain(trusted, check.cache, place, target, have=_whole(check.cache, have))
    check.downloaded = obtained.downloaded
    check.facts |= {"way": obtained.way, "patches refused": list(obtained.refused)}
    try:
        _self_test(check, trusted, facts, sha256)
    except SelfTestError as error:
        check.state = state.with_failure(sha256, _say(error))
        raise
    return _activate(check, trusted, facts, target, obtained.way)


def _self_test(check: _Check, trusted: Trusted, facts: ArtifactFacts, sha256: str) -> None:
    if facts.self_test is None:
        check.facts["self-test"] = "none released"
        return
    test = read_document(SelfTestDocument, trusted.fetch(facts.self_test), name=facts.self_test)
    inputs = read_document(SelfTestInputs, trusted.fetch(test.inputs), name=test.inputs)
    with check.cache.runnable(sha256) as model:
        check_answers(model, facts.format, test, inputs, run=check.run)
    check.facts["self-test"] = f"{len(test.cases)} cases passed"


def _activate(
    check: _Check, trusted: Trusted, facts: ArtifactFacts, target: TargetFile, way: str
) -> Outcome:
    sha256 = target.hashes["sha256"]
    installed = Installed(
        sha256=sha256,
        length=target.length,
        version=facts.version,
        variant=facts.variant,
        format=facts.format,
        manifest_sha256=facts.manifest_sha256,
        ring=str(check.facts["ring"]),
        fallback=facts.fallback,
    )
    check.state = check.state.with_active(installed)
    save_state(check.device.state_file, check.state)
    models = [item.sha256 for item in (check.state.active, check.state.previous) if item]
    check.cache.forget_all_but({*models, *trusted.used})
    return _outcome("installed", f"{facts.version} came {way}", facts)


def _whole(cache: Cache, digests: list[str]) -> list[str]:
    return [item for item in digests if cache.holds(item)]


def _remember(check: _Check, outcome: Outcome, *, now: datetime, seconds: float) -> None:
    """Keep the decision for ``device why``, count the outcome, clear what is not needed."""
    decision = {
        **check.facts,
        "outcome": outcome.word,
        "reason": outcome.reason,
        "at": now.isoformat(timespec="seconds"),
        "app_version": check.device.app_version,
    }
    try:
        save_state(check.device.state_file, replace(check.state, decision=decision))
        if outcome.word not in _QUIET:
            event = update_event(
                _subject(check, outcome),
                outcome=outcome.word,
                now=now,
                seconds=seconds,
                downloaded=outcome.downloaded,
            )
            Spool(check.device.folder / "events.jsonl").add(event)
    except OSError:
        return  # a full disk: the model in use is untouched, and that is what counts


def _subject(check: _Check, outcome: Outcome) -> dict[str, str]:
    device, known = check.device, check.facts
    subject: Mapping[str, object] = {
        "app": device.app,
        "model": device.model,
        "version": outcome.version,
        "target": device.target,
        "variant": known.get("variant"),
        "manifest_sha256": known.get("manifest"),
        "ring": known.get("ring"),
        "device_class": device.place.get("deviceClass"),
        "site": device.place.get("site"),
    }
    return {name: str(value) for name, value in subject.items() if value is not None}


def _outcome(word: str, reason: str, facts: ArtifactFacts) -> Outcome:
    return Outcome(word=word, reason=reason, version=facts.version)


def _say(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return f"{type(error).__name__}: {text}"[:500]
