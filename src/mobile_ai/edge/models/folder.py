"""Version folders, as in Git, as a model source: for development, and in the image.

They are verified as the gate verifies them, and then installed as a release is: through the cache,
the self-test and the state of the release client.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.manifest import Artifact
from mobile_ai.contracts.trust import load_trust
from mobile_ai.delivery.client import UpdateOutcome, disk
from mobile_ai.delivery.client.cache import TargetCache
from mobile_ai.delivery.client.device import version_key
from mobile_ai.delivery.client.documents import SelfTestDocument, SelfTestInputs, read_document
from mobile_ai.delivery.client.selftest import check_answers
from mobile_ai.delivery.client.state import DeviceState, Installed, load_state, save_state
from mobile_ai.delivery.errors import SelfTestError, UpdateError
from mobile_ai.delivery.repository.targets import self_test_targets
from mobile_ai.delivery.repository.versions import ModelVersionFiles, read_version_files
from mobile_ai.edge.models.load_check import Prover
from mobile_ai.edge.models.model_store import Shelf

_unfit = UpdateError.advising(
    "run mobile-ai model verify on its manifest; the one in use stays",
    expected="a version that verifies",
)

_EXPIRING: Final = ("evaluation", "assessment")


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderSource:
    """The folder ``<folder>/<model>``, with one folder for each version.

    Attributes:
        shelf: Destination of the model.
        prover: Runner of self-tests.
        folder: The folder of models.
        trust: The trust file, ``<environment>.yaml``.
        variant: The artifact to install.
        pin: The only manifest to accept, if given.
    """

    shelf: Shelf
    prover: Prover
    folder: Path
    trust: Path
    variant: str
    pin: str | None = None

    def check(self) -> UpdateOutcome:
        """Install the highest version that verifies, unless a higher one runs; see ``Source``.

        A refused version does not hide lower ones.
        """
        try:
            with self.shelf.locked():
                return self._check()
        except OSError as error:
            return _refused(error)

    def _check(self) -> UpdateOutcome:
        active = load_state(self.shelf.device.state_file).active
        floor = version_key(active.version) if active else ()
        refused: UpdateOutcome | None = None
        for folder in self._versions():
            if version_key(folder.name) < floor:
                break
            try:
                outcome = self._install(folder, load_state(self.shelf.device.state_file))
            except (GovernanceError, OSError, ValueError, KeyError) as error:
                refused = refused or _refused(error, version=folder.name)
                continue
            if outcome.word == "installed" or refused is None:
                return outcome
        where = self.folder / self.shelf.device.model
        return refused or UpdateOutcome(word="none", reason=f"no version in {where}")

    def _versions(self) -> Iterator[Path]:
        """Yield the folders named by a version, highest first."""
        found = []
        for path in self.folder.joinpath(self.shelf.device.model).glob("*/manifest.yaml"):
            try:
                found.append((version_key(path.parent.name), path.parent))
            except UpdateError:
                continue
        yield from (folder for _, folder in sorted(found, reverse=True))

    def _install(self, folder: Path, state: DeviceState) -> UpdateOutcome:
        version = self._verified(folder, state)
        artifact = version.artifact(self.variant)
        label = version.model.manifest.metadata.version
        cache = TargetCache(self.shelf.device.folder)
        active = state.active
        if active is not None and active.sha256 == artifact.sha256 and cache.holds(artifact.sha256):
            return UpdateOutcome(word="current", reason=f"{label} is installed", version=label)
        if state.stops(artifact.sha256):
            raise _unfit(label, "halted")
        if artifact.sha256 in state.failed:
            raise _unfit(label, f"failed here before: {state.failed[artifact.sha256]}")
        data = version.read(artifact.file, artifact.sha256)
        if data is None or len(data) != artifact.bytes:
            raise _unfit(f"{folder / artifact.file}", "no file of the length in the manifest")
        disk.write_whole(cache.path(artifact.sha256), data)
        self._self_test(version, artifact, cache, state)
        installed = _installed(version, artifact)
        state = state.with_active(installed)
        save_state(self.shelf.device.state_file, state)
        kept = (item.sha256 for item in (state.active, state.previous) if item is not None)
        cache.forget_all_but(frozenset(kept))
        return UpdateOutcome(word="installed", reason=f"{label} came from {folder}", version=label)

    def _verified(self, folder: Path, state: DeviceState) -> ModelVersionFiles:
        """Return a version whose evidence verifies and, unless it runs already, has not expired."""
        now = _now()
        trust = load_trust(
            self.trust.read_text(encoding="utf-8"), environment=self.trust.stem, now=now
        )
        manifest = folder / "manifest.yaml"
        pin = self.pin or sha256_bytes(manifest.read_bytes())
        runs = any(
            item is not None and item.manifest_sha256 == pin
            for item in (state.active, state.previous)
        )
        version = read_version_files(manifest, pin=pin, trust=trust, released=runs)
        meta = version.model.manifest.metadata
        if (meta.name, meta.version) != (self.shelf.device.model, folder.name):
            raise _unfit(str(folder), f"the manifest of {meta.name} {meta.version}")
        for kind in _EXPIRING:
            if not runs and version.model.expiry(kind) <= now:
                raise _unfit(
                    f"{version.label}: {kind}", f"expired on {version.model.expiry(kind).date()}"
                )
        return version

    def _self_test(
        self, version: ModelVersionFiles, artifact: Artifact, cache: TargetCache, state: DeviceState
    ) -> None:
        path = cache.path(artifact.sha256)
        targets = self_test_targets(version, [artifact.variant]).get(artifact.variant)
        try:
            if targets is None:
                self.prover.answers(path, artifact.format, ())
                return
            test, inputs = ((item.data or b"", item.path) for item in targets)
            check_answers(
                path,
                artifact.format,
                read_document(SelfTestDocument, test[0], name=test[1]),
                read_document(SelfTestInputs, inputs[0], name=inputs[1]),
                run=self.prover.answers,
            )
        except SelfTestError as error:
            failed = state.with_failure(artifact.sha256, f"{type(error).__name__}: {error}")
            save_state(self.shelf.device.state_file, failed)
            raise


def _installed(version: ModelVersionFiles, artifact: Artifact) -> Installed:
    manifest = version.model.manifest
    return Installed(
        sha256=artifact.sha256,
        length=artifact.bytes,
        version=manifest.metadata.version,
        variant=artifact.variant,
        format=artifact.format,
        manifest_sha256=version.model.sha256,
        ring="local",
        fallback=manifest.fallback.mode,
    )


def _refused(error: Exception, *, version: str = "0.0.0") -> UpdateOutcome:
    return UpdateOutcome(
        word="refused", reason=f"{type(error).__name__}: {error}"[:500], version=version
    )


def _now() -> datetime:
    return datetime.now(UTC)
