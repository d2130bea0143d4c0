"""An ensemble in the table: bound anew when a step's model is swapped."""

from __future__ import annotations

from collections.abc import Mapping

from edge.models.ensemble import EnsembleModel
from edge.models.graph import EnsembleSettings
from edge.serving import IndexEntry, ModelUnavailableError, Served, UnknownModelError

__all__ = ["Composed"]


class Composed:
    """An ensemble and the binding that requests get. Event-loop thread only.

    Attributes:
        served: The binding, or ``None``.
    """

    def __init__(self, settings: EnsembleSettings) -> None:
        """Bind nothing yet."""
        self._settings, self._why, self._paused = settings, "not loaded yet", False
        self.served: Served | None = None

    def bind(self, models: Mapping[str, Served]) -> None:
        """Bind to the versions that are served now.

        A version whose tensors do not fit leaves the binding before it in place; a step's model
        that is gone takes the ensemble with it.
        """
        if self._paused:
            return
        gone = {step.model for step in self._settings.steps} - models.keys()
        try:
            model = EnsembleModel(self._settings, models)
        except ModelUnavailableError as error:
            self._why = str(error)
            if gone:
                self._replace(None)
            return
        if self.served is not None and self.served.model.identity == model.identity:
            model.close()
            return
        self._why = ""
        self._replace(model)

    def pause(self) -> None:
        """Take it from the table until ``resume``."""
        self._paused, self._why = True, "unloaded"
        self._replace(None)

    def resume(self) -> None:
        """Let ``bind`` bind again."""
        self._paused = False

    def require(self) -> None:
        """Do nothing, or raise ``ModelUnavailableError`` when it cannot be asked."""
        if self.served is None:
            raise ModelUnavailableError(self._why)

    def route(self, version: str | None) -> Served:
        """Return the binding, acquired; see ``ModelTable.route``."""
        if version is not None and version != self._settings.version:
            raise UnknownModelError(
                f"{self._settings.name}: got version {version}; served: {self._settings.version}"
            )
        if self.served is None:
            raise ModelUnavailableError(self._why)
        return self.served.acquire()

    def versions(self) -> tuple[str, ...]:
        """Return the one version while it can be asked."""
        return () if self.served is None else (self._settings.version,)

    def line(self) -> IndexEntry:
        """Return the line of the index; a binding that stayed says why the newer did not come."""
        return IndexEntry(
            name=self._settings.name,
            version=self._settings.version,
            state="UNAVAILABLE" if self.served is None else "READY",
            reason=self._why,
        )

    def _replace(self, model: EnsembleModel | None) -> None:
        old, self.served = self.served, None if model is None else Served(model)
        if old is not None and isinstance(old.model, EnsembleModel):
            old.when_idle(old.model.close)
