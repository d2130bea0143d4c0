"""From settings to a table."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

from mobile_ai.delivery.client import ClientLimits, Device
from mobile_ai.edge.models.folder import FolderSource
from mobile_ai.edge.models.load_check import Prover
from mobile_ai.edge.models.model_store import Shelf
from mobile_ai.edge.models.settings import FollowedModel, ModelSettings
from mobile_ai.edge.models.source import ReleaseSource, Source
from mobile_ai.edge.models.split import Split
from mobile_ai.edge.models.subscription import Follower
from mobile_ai.edge.models.table import Entry, Table

_LOCAL_APP: Final = "local"
# A function's initialisation is cut off after ten seconds.
_HURRIED: Final = ClientLimits(
    attempts=1, connect_seconds=3.0, total_seconds=8.0, grace_seconds=4.0
)
_LOCAL_PERIOD: Final = 10.0  # seconds: a folder on this machine costs little to look at


def open_table(settings: ModelSettings) -> Table:
    """Return the table of a server; nothing is loaded before its `start`.

    Raises:
        OSError: If the trusted root cannot be read.
    """
    return _Maker(settings).table()


class _Maker:
    """Makes the parts of a table, which refer to each other."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._prover = Prover()
        # One: verification and loading take turns, so their memory is needed once.
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="models")
        releases = settings.releases
        self._root = b"" if releases is None else releases.root.read_bytes()

    def table(self) -> Table:
        """Return the table of the settings."""
        settings = self._settings
        releases = settings.releases
        return Table(
            {item.model: self._entry(item) for item in settings.follow},
            worker=self._worker,
            period=_LOCAL_PERIOD if releases is None else releases.period_seconds,
        )

    def _entry(self, followed: FollowedModel) -> Entry:
        follow = partial(self._follower, followed)
        entry = Entry(stable=follow(followed.ring))
        if followed.canary is not None:
            entry.canary = follow(followed.canary.ring)
            entry.split = Split(followed.canary.percent, salt=followed.model)
        return entry

    def _follower(self, followed: FollowedModel, ring: str) -> Follower:
        shelf = Shelf(self._device(followed.model, ring))
        return Follower(
            model=followed.model,
            ring=ring,
            shelf=shelf,
            source=self._source(followed, shelf),
            prover=self._prover,
            watch_settings=self._settings.watch,
            threads=self._settings.threads,
            worker=self._worker,
        )

    def _source(self, followed: FollowedModel, shelf: Shelf) -> Source:
        local, brought = self._settings.local, None
        if local is not None:
            brought = FolderSource(
                shelf=shelf,
                prover=self._prover,
                folder=local.folder,
                trust=local.trust,
                variant=str(followed.variant),
                pin=local.pin,
            )
            if self._settings.releases is None:
                return brought
        return ReleaseSource(shelf, self._prover, brought=brought)

    def _device(self, model: str, ring: str) -> Device:
        releases = self._settings.releases
        app = _LOCAL_APP if releases is None else releases.app
        folder = Path(self._settings.cache, f"{app}-{model}", ring)
        if releases is None:
            return Device(folder=folder, root=b"", url="", app=app, model=model, app_version=None)
        place = {"site" if releases.target == "edge" else "region": releases.place}
        return Device(
            folder=folder,
            root=self._root,
            url=releases.url,
            app=app,
            model=model,
            app_version=None,
            target=releases.target,
            place=place,
            ring=ring,
            limits=_HURRIED if releases.target == "cloud" else ClientLimits(),
        )
