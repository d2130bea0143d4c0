"""Access to the verified metadata: python-tuf's client, and the documents that it names."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel
from tuf.api.metadata import TargetFile
from tuf.ngclient import Updater

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.released import check_target
from mobile_ai.delivery.client import documents
from mobile_ai.delivery.client.cache import TargetCache
from mobile_ai.delivery.client.device import Device
from mobile_ai.delivery.client.download import collect
from mobile_ai.delivery.client.fetcher import LimitedFetcher
from mobile_ai.delivery.client.names import target_url
from mobile_ai.delivery.errors import UpdateError
from mobile_ai.delivery.halts import LIFTS_FILE, HaltDocument, LiftDocument
from mobile_ai.delivery.repository.roles import HALT_FILE, ring_file, rings_file

Document = TypeVar("Document", bound=BaseModel)


class Trusted:
    """A consistent view of one release: everything is from the same snapshot.

    Attributes:
        fetcher: HTTP client of the downloads.
        used: Digests of the documents that were read.
    """

    def __init__(self, device: Device, cache: TargetCache, fetcher: LimitedFetcher) -> None:
        """Load the root that the application trusts; nothing is downloaded yet."""
        metadata = device.folder / "metadata"
        metadata.mkdir(parents=True, exist_ok=True)
        self._device, self._cache, self.fetcher = device, cache, fetcher
        self.used: set[str] = set()
        self._targets_url = f"{device.url.rstrip('/')}/targets"
        self._updater = Updater(
            str(metadata),
            f"{device.url.rstrip('/')}/metadata/",
            fetcher=fetcher,
            config=device.limits.updater(),
            bootstrap=device.root,
        )

    def refresh(self) -> None:
        """Update the metadata (TUF 1.0.34, client workflow 5.3 to 5.6).

        Raises:
            RepositoryError: If any of it does not verify.
            DownloadError: If it cannot be downloaded.
        """
        self._updater.refresh()

    def halts(self) -> dict[str, tuple[str, ...]]:
        """Return the digests that are halted for the device's model, by id of the halt.

        Read before any other document: role ``halt`` is the first delegation of ``targets``, so
        neither a ring nor ``models`` can keep it from the device.
        """
        found = self._document(HALT_FILE, HaltDocument)
        return found.of(self._device.app, self._device.model)

    def lifted(self) -> tuple[str, ...]:
        """Return the ids of the halts that role ``models`` has lifted."""
        if self._updater.get_targetinfo(LIFTS_FILE) is None:
            return ()
        return self._document(LIFTS_FILE, LiftDocument).lifted

    def rings(self) -> documents.RingsDocument:
        """Return the ring table of the device's deployment."""
        found = self._document(rings_file(self._device.deployment), documents.RingsDocument)
        self._check_subject(found.app, found.model)
        return found

    def release(self, ring: str) -> documents.ReleaseDocument | None:
        """Return a ring's release, or ``None`` if the ring has none yet."""
        path = ring_file(ring, self._device.deployment)
        if self._updater.get_targetinfo(path) is None:
            return None
        found = self._document(path, documents.ReleaseDocument)
        self._check_subject(found.app, found.model)
        return found

    def target(self, path: str) -> TargetFile:
        """Return the signed facts of a file whose name, digest and length are safe to store.

        Raises:
            UpdateError: If no authorised role signed it, or path, digest or length are malformed.
        """
        found = self._updater.get_targetinfo(path)
        if found is None:
            raise UpdateError(
                path,
                got="no signature of an authorised role",
                expected="a file of role models",
                next_step="release it again; the device keeps what it has",
            )
        try:
            check_target(found.path, hashes=found.hashes, length=found.length, custom=found.custom)
        except DocumentError as error:
            raise UpdateError(
                error.what, got=error.got, expected=error.expected, next_step=error.next_step
            ) from error
        return found

    def artifact(
        self, place: documents.PlacementDocument
    ) -> tuple[TargetFile, documents.ArtifactFacts]:
        """Return an artifact and the facts that role ``models`` signed about it.

        Raises:
            UpdateError: If its model or variant differs from the ring's document.
        """
        target = self.target(place.file)
        facts = documents.read_facts(documents.ArtifactFacts, target.custom, name=place.file)
        expected = (self._device.model, place.variant)
        if (facts.model, facts.variant) != expected or target.length > self._limit:
            raise UpdateError(
                place.file,
                got=f"{facts.model} {facts.variant}, {target.length} bytes",
                expected=f"{' '.join(expected)}, at most {self._limit} bytes",
                next_step="release it again; the device keeps what it has",
            )
        return target, facts

    def fetch(self, path: str) -> bytes:
        """Return the bytes of a small signed file, from the cache if present."""
        target = self.target(path)
        if target.length > self._device.limits.document_bytes:
            raise UpdateError(
                path,
                got=f"{target.length} bytes",
                expected=f"at most {self._device.limits.document_bytes}",
                next_step="release a smaller document",
            )
        self.collect(target)
        self.used.add(target.hashes["sha256"])
        data = self._cache.content(target.hashes["sha256"])
        if data is None:  # the disk returned other bytes than were just written
            raise UpdateError(
                path, got="a damaged cache", expected="it", next_step="check the disk"
            )
        return data

    def collect(self, target: TargetFile) -> None:
        """Download a target into the cache unless it is there."""
        url = target_url(self._targets_url, target, access=self._device.access)
        collect(self._cache, target, url=url, fetcher=self.fetcher)

    @property
    def _limit(self) -> int:
        return self._device.limits.file_bytes

    def _document(self, path: str, kind: type[Document]) -> Document:
        return documents.read_document(kind, self.fetch(path), name=path)

    def _check_subject(self, app: str, model: str) -> None:
        if (app, model) != (self._device.app, self._device.model):
            raise UpdateError(
                self._device.deployment,
                got=f"a document about {app} and {model}",
                expected=f"one about {self._device.app} and {self._device.model}",
                next_step="release it again",
            )
