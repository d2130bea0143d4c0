"""Settings of the served models: sources, canary, probation and rollback thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
_Percent = Annotated[float, Field(ge=0, le=100)]
_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

ENVIRONMENT: Final = (
    "MOBILE_AI_APP",
    "MOBILE_AI_MODEL",
    "MOBILE_AI_VARIANT",
    "MOBILE_AI_RING",
    "MOBILE_AI_SITE",
    "MOBILE_AI_RELEASE_URL",
    "MOBILE_AI_CACHE",
    "MOBILE_AI_MANIFEST_SHA256",
)
"""Environment variables of a workload; see `from_environment`."""
IMAGE: Final = Path("/opt/mobile-ai")
"""Folder in the image of the trusted root, the trust file and, if it brings one, a model."""

_CACHE: Final = Path("/var/cache/mobile-ai")
_LAMBDA_CACHE: Final = Path("/tmp/mobile-ai")  # noqa: S108  # the one folder that a function may write


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Releases(_Section):
    """The signed releases that the server subscribes to."""

    url: str = Field(pattern=r"^https?://", description="Address of the CDN.")
    root: Path = Field(
        default=IMAGE / "root.json", description="The first trusted root; comes with the image."
    )
    app: _Name = Field(description="The application whose models are served.")
    target: Literal["edge", "cloud"] = Field(default="edge", description="Kind of place.")
    place: str = Field(description="Name of the site; region of a cloud function.")
    period_seconds: float = Field(default=300.0, gt=0, description="Between two checks.")


class LocalSource(_Section):
    """Model folders as they stand in Git: ``<folder>/<model>/<version>/manifest.yaml``.

    Without releases this is the source, for development. With releases it is what the image
    brought: served until the first release has arrived.
    """

    folder: Path = Field(description="The folder of models.")
    trust: Path = Field(
        description="The trust file, `<environment>.yaml`: who may vouch for a version."
    )
    pin: _Digest | None = Field(default=None, description="Take only the manifest of this digest.")


class Trial(_Section):
    """A second ring of a model, for a part of its requests."""

    ring: _Name = Field(description="The ring.")
    percent: _Percent = Field(description="Share of requests.")


class FollowedModel(_Section):
    """A model that is served."""

    model: _Name = Field(description="The model.")
    ring: _Name = Field(default="general", description="The ring of its releases.")
    variant: _Name | None = Field(
        default=None, description="Artifact to take from a local folder; releases name their own."
    )
    canary: Trial | None = Field(default=None, description="Answers a part of the requests.")

    @model_validator(mode="after")
    def _one_ring_each(self) -> Self:
        if self.canary is not None and self.canary.ring == self.ring:
            raise ValueError("ring and canary.ring must differ")
        return self


class WatchSettings(_Section):
    """Conditions under which a new version is rolled back."""

    probation_seconds: float = Field(default=900.0, gt=0, description="Duration of its probation.")
    window_seconds: float = Field(default=60.0, gt=0, description="Runs this recent are judged.")
    min_runs: int = Field(default=50, ge=1, description="Runs in a window before it is judged.")
    error_rate: float = Field(default=0.05, gt=0, le=1, description="More failed runs trip it.")
    slowdown: float = Field(
        default=4.0,
        gt=1,
        description="A median time per row over this multiple of the old one's trips it.",
    )


class ModelSettings(_Section):
    """The ``models`` part of a server's configuration."""

    cache: Path = Field(default=_CACHE, description="Folder of verified models.")
    releases: Releases | None = None
    local: LocalSource | None = None
    follow: tuple[FollowedModel, ...] = Field(min_length=1, description="Models that are served.")
    watch: WatchSettings = WatchSettings()
    threads: int = Field(default=1, ge=1, le=64, description="Threads of one run.")

    @model_validator(mode="after")
    def _has_source(self) -> Self:
        if self.releases is None and self.local is None:
            raise ValueError("releases or local must be given: nothing else is trusted")
        if self.releases is None and any(item.canary for item in self.follow):
            raise ValueError("canary needs releases: a folder has no rings")
        names = [item.model for item in self.follow]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"served under one name twice: {repeated}")
        if self.local is not None and any(item.variant is None for item in self.follow):
            raise ValueError("follow[].variant must be given with local: which artifact to take")
        return self

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], *, image: Path = IMAGE) -> Self:
        """Return the settings of a workload that the components declare.

        Args:
            environment: Its variables.
            image: Folder of the image's files beside the code.

        Raises:
            ValueError: If a variable is missing or wrong.
        """
        missing = [name for name in ENVIRONMENT[:6] if not environment.get(name)]
        if missing:
            raise ValueError(f"environment: got no {', '.join(missing)}; expected all of them")
        function = "AWS_LAMBDA_FUNCTION_NAME" in environment  # set by Lambda itself
        cache = _LAMBDA_CACHE if function else _CACHE
        values: dict[str, Any] = {
            "cache": environment.get("MOBILE_AI_CACHE", cache),
            "releases": {
                "url": environment["MOBILE_AI_RELEASE_URL"],
                "root": image / "root.json",
                "app": environment["MOBILE_AI_APP"],
                "target": "cloud" if function else "edge",
                "place": environment["AWS_REGION" if function else "MOBILE_AI_SITE"],
            },
            "follow": [
                {
                    "model": environment["MOBILE_AI_MODEL"],
                    "ring": environment["MOBILE_AI_RING"],
                    "variant": environment["MOBILE_AI_VARIANT"],
                }
            ],
        }
        if trust := sorted((image / "trust").glob("*.yaml")):
            values["local"] = {
                "folder": image / "models",
                "trust": trust[0],
                "pin": environment.get("MOBILE_AI_MANIFEST_SHA256"),
            }
        return cls.model_validate(values)
