"""A stack's release from end to end: read Git, plan, sign, write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from governance.trust import Trust

from delivery.repository.folder import Releases, read_releases
from delivery.repository.keys import Signers
from delivery.repository.plan import Change, Wanted, changes, wanted
from delivery.repository.publish import Published, Staged, publish, stage
from delivery.repository.stack import Deployment, Pin, read_deployments, read_trust
from delivery.repository.versions import Version, read_version

__all__ = ["Places", "Planned", "plan_release", "publish_release", "stage_release"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a stack's files are, below the root of the repository.

    Attributes:
        root: The repository.
        stack: The stack's name.
        config_file: Another stack file than the repository's, such as a sandbox's copy.
    """

    root: Path
    stack: str
    config_file: Path | None = None

    @property
    def stack_file(self) -> Path:
        """``Pulumi.<stack>.yaml``, or the copy that was named."""
        return self.config_file or self.root / f"Pulumi.{self.stack}.yaml"

    @property
    def releases(self) -> Path:
        """``releases/<stack>``."""
        return self.root / "releases" / self.stack

    @property
    def models(self) -> Path:
        """The folder of all model versions."""
        return self.root / "models"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A release that could be signed."""

    releases: Releases
    wanted: Wanted
    changes: tuple[Change, ...]


def plan_release(places: Places, *, trust: Trust | None = None) -> Planned:
    """Return what Git asks for against what is signed.

    Raises:
        ReleaseError: If the stack file, a version's evidence or the signed metadata do not hold.
    """
    trust = trust or read_trust(places.root / "policy-pack", places.stack)
    releases = read_releases(places.releases)
    deployments = read_deployments(places.stack_file)
    versions = {pin.sha256: _version(places, pin, trust, releases) for pin in _pins(deployments)}
    plan = wanted(deployments, versions, models=places.models, releases=releases, trust=trust)
    return Planned(releases=releases, wanted=plan, changes=tuple(changes(plan, releases)))


def publish_release(
    places: Places,
    *,
    signers: Signers,
    now: datetime,
    trust: Trust | None = None,
    rekey: bool = False,
) -> Published:
    """Sign and write a stack's release; what did not change is not signed again.

    Raises:
        ReleaseError: If anything does not hold, or a key is missing.
    """
    planned = plan_release(places, trust=trust)
    return publish(
        places.releases,
        planned.wanted,
        releases=planned.releases,
        signers=signers,
        now=now,
        rekey=rekey,
    )


def stage_release(
    places: Places,
    *,
    signers: Signers,
    now: datetime,
    trust: Trust | None = None,
    rekey: bool = False,
) -> list[Staged]:
    """Sign a stack's release with the keys at hand and leave it for others to sign too.

    Raises:
        ReleaseError: If anything does not hold: nobody signs what does not.
    """
    planned = plan_release(places, trust=trust)
    return stage(
        places.releases,
        planned.wanted,
        releases=planned.releases,
        signers=signers,
        now=now,
        rekey=rekey,
    )


def _pins(deployments: list[Deployment]) -> list[Pin]:
    pins = [item.pin for item in deployments]
    return pins + [item.previous for item in deployments if item.previous]


def _version(places: Places, pin: Pin, trust: Trust, releases: Releases) -> Version:
    metadata = releases.role("models")
    known = metadata.signed.targets.values() if metadata else ()
    released = any((item.custom or {}).get("manifestSha256") == pin.sha256 for item in known)
    return read_version(places.root / pin.manifest, pin=pin.sha256, trust=trust, released=released)
