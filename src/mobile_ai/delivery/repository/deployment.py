"""A deployment of a stack file as releases need it.

Apart from what reads stack files: an edge site uses it and has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mobile_ai.delivery.rings import Ring

__all__ = ["ManifestPin", "ReleasedDeployment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestPin:
    """A version that a stack file names."""

    version: str
    manifest: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedDeployment:
    """Deployment of one model in one application, as the stack file states it.

    Attributes:
        app: The application.
        model: The model.
        pin: The version to release.
        previous: The version of rings not reached yet, if there is one.
        placement: Its placements, as in the stack file.
        salt: Decides which devices come first.
        rings: Rings in order.
        stage: The ring reached.
        halted: Whether nobody runs the version any more.
        min_app_version: Oldest application that gets it.
    """

    app: str
    model: str
    pin: ManifestPin
    previous: ManifestPin | None
    placement: tuple[Mapping[str, Any], ...]
    salt: str
    rings: tuple[Ring, ...]
    stage: str
    halted: bool
    min_app_version: str

    @property
    def name(self) -> str:
        """Name of the deployment, unique in the stack."""
        return f"{self.app}-{self.model}"
