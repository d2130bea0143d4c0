"""Bare TUF client for the public TUF conformance suite (theupdateframework/tuf-conformance).

``init`` trusts a root, ``refresh`` updates the metadata, ``download`` fetches targets into a
folder. Targets have plain TUF names, with the digest prefix of consistent snapshots.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from tuf.api.exceptions import RepositoryError
from tuf.ngclient import Updater, UpdaterConfig

from mobile_ai.delivery.client.fetcher import LimitedFetcher
from mobile_ai.delivery.client.limits import ClientLimits
from mobile_ai.delivery.errors import UpdateError


def init_trusted_root(metadata: Path, root: Path) -> None:
    """Install a trusted root (TUF 1.0.34, client workflow 5.2).

    Raises:
        OSError: If it cannot be read or written.
    """
    metadata.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(root, metadata / "root.json")


def refresh_metadata(metadata: Path, url: str) -> None:
    """Update the top-level metadata (TUF 1.0.34, client workflow 5.3 to 5.6).

    Raises:
        RepositoryError: If it does not verify.
        DownloadError: If it cannot be downloaded.
    """
    _updater(metadata, url).refresh()


def download(
    metadata: Path, url: str, names: Iterable[str], *, base: str, folder: Path
) -> list[Path]:
    """Fetch targets into a folder; one that is cached there is not downloaded again.

    Raises:
        UpdateError: If a target is not signed by any role.
        RepositoryError: If metadata or bytes do not verify.
        DownloadError: If a file cannot be downloaded.
    """
    folder.mkdir(parents=True, exist_ok=True)
    updater = _updater(metadata, url, folder=folder, base=base)
    found = []
    for name in names:
        target = updater.get_targetinfo(name)
        if target is None:
            raise UpdateError(
                name, got="no signature", expected="a signed target", next_step="check its name"
            )
        path = updater.find_cached_target(target) or updater.download_target(target)
        found.append(Path(path))
    return found


def _updater(
    metadata: Path, url: str, *, folder: Path | None = None, base: str | None = None
) -> Updater:
    limits = ClientLimits(attempts=1)
    try:
        return Updater(
            str(metadata),
            url,
            target_dir=str(folder) if folder else None,
            target_base_url=base,
            fetcher=LimitedFetcher(limits),
            config=UpdaterConfig(max_root_rotations=256, max_delegations=32),
            bootstrap=None,  # the suite's `init` put the trusted root there
        )
    except OSError as error:
        raise RepositoryError(f"no trusted root in {metadata}: {error}") from error
