"""Obtains an artifact: by a patch where one applies, otherwise by whole download."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from tuf.api.exceptions import DownloadError
from tuf.api.metadata import TargetFile

from mobile_ai.delivery.client.cache import TargetCache
from mobile_ai.delivery.client.documents import PatchFacts, PlacementDocument, read_facts
from mobile_ai.delivery.client.trusted import Trusted
from mobile_ai.delivery.delta import patched_pieces
from mobile_ai.delivery.errors import PatchError, UpdateError


@dataclass(frozen=True, slots=True, kw_only=True)
class Obtained:
    """Record of how an artifact was obtained.

    Attributes:
        way: ``cached``, ``whole``, or the codec of the patch.
        downloaded: Bytes of the file downloaded for it.
        refused: Errors of patches that failed.
    """

    way: str
    downloaded: int
    refused: tuple[str, ...] = ()


def obtain(
    trusted: Trusted,
    cache: TargetCache,
    place: PlacementDocument,
    target: TargetFile,
    *,
    have: Sequence[str],
) -> Obtained:
    """Ensure that a verified artifact is in the cache.

    Patches are tried in order of size, then the whole file: a patch that is damaged or does not
    apply costs time, never the update.

    Args:
        trusted: Signed metadata.
        cache: Destination.
        place: The entry of the release, which names the patches.
        target: The artifact.
        have: Digests of the models on the device.

    Raises:
        UpdateError: If not even the whole file is what was signed.
        DownloadError: If it cannot be downloaded.
    """
    sha256 = target.hashes["sha256"]
    if cache.holds(sha256):
        return Obtained(way="cached", downloaded=0)
    refused = []
    for patch, facts in _usable(trusted, place, target, have):
        try:
            _patched(trusted, cache, patch, facts, target)
        except (PatchError, UpdateError, DownloadError) as error:
            refused.append(str(error))
            continue
        return Obtained(way=facts.codec, downloaded=patch.length, refused=tuple(refused))
    trusted.collect(target)
    return Obtained(way="whole", downloaded=target.length, refused=tuple(refused))


def _usable(
    trusted: Trusted, place: PlacementDocument, target: TargetFile, have: Sequence[str]
) -> Iterator[tuple[TargetFile, PatchFacts]]:
    found = []
    for path in place.patches:
        try:
            patch = trusted.target(path)
            facts = read_facts(PatchFacts, patch.custom, name=path)
        except UpdateError:
            continue  # named by the ring and not by role `models`
        fits = facts.goal == target.hashes["sha256"] and facts.source in {None, *have}
        if fits and patch.length < target.length:
            found.append((patch, facts))
    yield from sorted(found, key=lambda item: item[0].length)


def _patched(
    trusted: Trusted, cache: TargetCache, patch: TargetFile, facts: PatchFacts, target: TargetFile
) -> None:
    trusted.collect(patch)
    data = cache.content(patch.hashes["sha256"])
    if data is None:
        raise UpdateError(patch.path, got="damaged", expected="it", next_step="check the disk")
    with cache.mapped(facts.source) if facts.source else nullcontext(b"") as old:
        pieces = patched_pieces(data, old, length=target.length)
        cache.put(target.hashes["sha256"], pieces, length=target.length)
