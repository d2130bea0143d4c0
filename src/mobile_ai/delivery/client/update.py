"""One check for updates, from the signed metadata to a model that passed its self-test.

    metadata -> ring -> release -> artifact -> cache -> self-test -> state

Whatever fails, the model in use stays in use: the state changes last, in one rename.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.api.metadata import TargetFile

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.delivery.client import disk, selection
from mobile_ai.delivery.client.cache import TargetCache, digest_of
from mobile_ai.delivery.client.device import Device
from mobile_ai.delivery.client.documents import (
    ArtifactFacts,
    PlacementDocument,
    ReleaseDocument,
    SelfTestDocument,
    SelfTestInputs,
    read_document,
)
from mobile_ai.delivery.client.events import EventSpool, update_event
from mobile_ai.delivery.client.fetcher import LimitedFetcher
from mobile_ai.delivery.client.install import obtain
from mobile_ai.delivery.client.lock import BusyError, only_updater
from mobile_ai.delivery.client.model import active_model
from mobile_ai.delivery.client.selftest import Runner, check_answers, run_apart
from mobile_ai.delivery.client.state import DeviceState, Installed, load_state, save_state
from mobile_ai.delivery.client.trusted import Trusted
from mobile_ai.delivery.errors import DeliveryError, SelfTestError

_QUIET: Final = frozenset({"current", "none"})
_NOTHING: Final = frozenset({"none", "halt-stale"})  # a halt of the active model outranks these


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOutcome:
    """Result of a check for updates.

    Attributes:
        word: ``installed``; ``current`` (nothing new); ``none`` (nothing for this device);
            ``halted``; ``halt-stale`` (today's halts could not be read, so only a model that ran
            here before may be activated); ``refused`` (the offered update is not acceptable);
            ``unreachable``; ``busy`` (another check is running: load the present model).
        reason: Explanation, in a sentence.
        version: The version considered, or 0.0.0.
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
    """Intermediate results of one check.

    Attributes:
        stale: Reason why today's halts could not be read; empty if they could.
    """

    device: Device
    state: DeviceState
    cache: TargetCache
    run: Runner
    facts: dict[str, Any] = field(default_factory=dict)
    downloaded: int = 0
    stale: str = ""

    def save(self, state: DeviceState) -> None:
        """Save a state, first on the disk."""
        self.state = save_state(self.device.state_file, state)


def update(
    device: Device,
    *,
    run: Runner = run_apart,
    now: datetime | None = None,
    patience: float = 0.0,
) -> UpdateOutcome:
    """Check for an update and install it; one check at a time in a folder.

    Args:
        device: The device.
        run: Runner of self-tests.
        now: Time to record; signatures are checked against the system's clock.
        patience: Seconds to wait for another check of the same folder.

    Returns:
        The outcome. Errors of network, server, signatures and disk are outcomes, not exceptions:
        the application continues with the model that it has.
    """
    try:
        with only_updater(device.folder, patience=patience):
            return _update(device, run, now or datetime.now(UTC))
    except BusyError as error:
        return UpdateOutcome(word="busy", reason=str(error))
    except OSError as error:
        return UpdateOutcome(word="refused", reason=_say(error))


def _update(device: Device, run: Runner, now: datetime) -> UpdateOutcome:
    begun = time.monotonic()
    fetcher = LimitedFetcher(device.limits)
    check = _Check(
        device, load_state(device.state_file), TargetCache(device.folder, device.key), run
    )
    try:
        _begin(check)
        outcome = _with_stale(_check(check, fetcher), check.stale)
        check.state = replace(check.state, checked=now.isoformat(timespec="seconds"))
    except DownloadError as error:
        outcome = UpdateOutcome(word="unreachable", reason=_say(error))
    except (RepositoryError, GovernanceError, OSError) as error:
        outcome = UpdateOutcome(
            word="refused", reason=_say(error), version=check.facts.get("version", "0.0.0")
        )
    outcome = replace(outcome, requests=fetcher.requests, downloaded=check.downloaded)
    _remember(check, outcome, now=now, seconds=time.monotonic() - begun)
    return outcome


def _begin(check: _Check) -> None:
    """Remove leftovers of killed checks, and save a new device's id at once.

    An id drawn anew at every start would change the device's ring each time.
    """
    disk.clear_beside(check.device.state_file)
    check.cache.clear_beside()
    if not check.device.state_file.exists():
        check.save(check.state)


def _check(check: _Check, fetcher: LimitedFetcher) -> UpdateOutcome:
    trusted = Trusted(check.device, check.cache, fetcher)
    trusted.refresh()
    check.stale = _take_halts(check, trusted)
    halted = _halted(check)
    assignment = selection.assign(check.device, trusted.rings(), check.state.installation)
    check.facts |= asdict(assignment)
    release = trusted.release(assignment.ring) if assignment.ring else None
    if release is None:
        return halted or UpdateOutcome(
            word="none", reason=f"ring {assignment.ring} has no release yet"
        )
    place = selection.find_place(check.device, release)
    check.facts |= {"version": release.version}
    if place is None:
        return halted or UpdateOutcome(
            word="none", reason="the release has nothing for this device"
        )
    outcome = _consider(check, trusted, release, place)
    return halted if halted and outcome.word in _NOTHING else outcome


def _take_halts(check: _Check, trusted: Trusted) -> str:
    """Store the current halts, before rings or models are read.

    Returns:
        The reason why they could not be read; empty if they could. Stored halts remain.
    """
    try:
        listed = trusted.halts()
    except (RepositoryError, GovernanceError, DownloadError) as error:
        check.facts["halts"] = _say(error)
        return _say(error)
    if (known := check.state.with_halts(listed)) != check.state:
        check.save(known)
    _lift(check, trusted)
    return ""


def _lift(check: _Check, trusted: Trusted) -> None:
    """Remove the halts that role ``models`` has lifted; an unreadable document lifts nothing."""
    if not check.state.halts:
        return
    try:
        lifted = trusted.lifted()
    except (RepositoryError, GovernanceError, DownloadError) as error:
        check.facts["lifts"] = _say(error)
        return
    if (left := check.state.without_halts(lifted)) != check.state:
        check.save(left)


def _halted(check: _Check) -> UpdateOutcome | None:
    """Return the outcome for a device whose active model is halted, else ``None``."""
    device, state = check.device, check.state
    if state.active is not None:
        version, stopped = state.active.version, state.stops(state.active.sha256)
    else:
        digest = digest_of(device.embedded) if device.embedded and state.halts else None
        version, stopped = "embedded", digest is not None and state.stops(digest)
    if not stopped:
        return None
    return UpdateOutcome(
        word="halted",
        reason=f"{version} is halted: {active_model(device).version} runs",
        version=version if state.active is not None else "0.0.0",
    )


def _with_stale(outcome: UpdateOutcome, stale: str) -> UpdateOutcome:
    """Return the outcome, marked as stale if today's halts could not be read."""
    if not stale:
        return outcome
    word = "halt-stale" if outcome.word in _QUIET else outcome.word
    return replace(outcome, word=word, reason=f"{outcome.reason}; halts are stale: {stale}"[:500])


def _consider(
    check: _Check, trusted: Trusted, release: ReleaseDocument, place: PlacementDocument
) -> UpdateOutcome:
    device, state = check.device, check.state
    target, facts = trusted.artifact(place)
    sha256 = target.hashes["sha256"]
    check.facts |= {"variant": facts.variant, "sha256": sha256, "manifest": facts.manifest_sha256}
    check.facts["version"] = facts.version
    if state.stops(sha256):
        return _outcome("halted", f"{facts.version} is halted: no device may run it", facts)
    if state.active is not None and state.active.sha256 == sha256 and check.cache.holds(sha256):
        return _outcome("current", f"{facts.version} is installed", facts)
    if check.stale and sha256 not in state.ran:
        return _outcome("halt-stale", f"{facts.version} never ran on this device", facts)
    if sha256 in state.failed:
        reason = f"{facts.version} failed here before: {state.failed[sha256]}"
        return _outcome("refused", reason, facts)
    if lacks := selection.unmet(device, release, facts):
        return _outcome("none", f"this device has {', '.join(lacks)}", facts)
    have = _patch_bases(check)
    obtained = obtain(trusted, check.cache, place, target, have=have)
    check.downloaded = obtained.downloaded
    check.facts |= {"way": obtained.way, "patches refused": list(obtained.refused)}
    try:
        _self_test(check, trusted, facts, sha256)
    except SelfTestError as error:
        check.state = state.with_failure(sha256, _say(error))
        raise
    return _activate(check, trusted, facts, target, obtained.way)


def _patch_bases(check: _Check) -> list[str]:
    """Return the digests of the models to patch from: intact, and not halted."""
    models = [item.sha256 for item in (check.state.active, check.state.previous) if item]
    return [item for item in models if not check.state.stops(item) and check.cache.holds(item)]


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
) -> UpdateOutcome:
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
    check.save(check.state.with_active(installed))
    models = [item.sha256 for item in (check.state.active, check.state.previous) if item]
    check.cache.forget_all_but({*models, *trusted.used})
    return _outcome("installed", f"{facts.version} came {way}", facts)


def _remember(check: _Check, outcome: UpdateOutcome, *, now: datetime, seconds: float) -> None:
    """Save the decision for ``device why`` and record the telemetry event."""
    decision = {
        **check.facts,
        "outcome": outcome.word,
        "reason": outcome.reason,
        "at": now.isoformat(timespec="seconds"),
        "app_version": check.device.app_version,
    }
    try:
        check.save(replace(check.state, decision=decision))
        if outcome.word not in _QUIET:
            event = update_event(
                _subject(check, outcome),
                outcome=outcome.word,
                now=now,
                seconds=seconds,
                downloaded=outcome.downloaded,
            )
            EventSpool(check.device.folder / "events.jsonl").add(event)
    except (OSError, DeliveryError):
        return  # a full disk, for example: the model in use is unaffected


def _subject(check: _Check, outcome: UpdateOutcome) -> dict[str, str]:
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


def _outcome(word: str, reason: str, facts: ArtifactFacts) -> UpdateOutcome:
    return UpdateOutcome(word=word, reason=reason, version=facts.version)


def _say(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return f"{type(error).__name__}: {text}"[:500]
