"""Checks an application package before release; a build step of the application team.

The package brings what a device cannot verify by itself: the first trusted root (TUF 1.0.34,
client workflow 5.2) and the embedded model. Both are checked here against the repository that
signs the releases.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.manifest import read_manifest
from mobile_ai.contracts.trust import Trust
from mobile_ai.delivery.client.device import version_key
from mobile_ai.delivery.repository.folder import read_releases
from mobile_ai.delivery.repository.halted import stopped
from mobile_ai.delivery.repository.release import RepositoryPaths
from mobile_ai.delivery.repository.stack import read_deployments, read_trust
from mobile_ai.delivery.repository.versions import ModelVersionFiles, read_version_files
from mobile_ai.stack.settings_deployment import Deployment

_ROOT_LEFT: Final = timedelta(days=30)
_KEY: Final = b"PRIVATE KEY-----"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Files and versions that an application package contains.

    Attributes:
        app: The application.
        model: The model.
        app_version: Version of the application.
        root: The trusted root.
        embedded: The embedded model, if the package has one.
        folder: Folder of all packaged files, searched for private keys; ``None`` skips the search.
    """

    app: str
    model: str
    app_version: str
    root: Path
    embedded: Path | None = None
    folder: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFinding:
    """Result of one check: its name, its verdict and what was found."""

    check: str
    good: bool
    found: str


def verify_bundle(
    bundle: Bundle, places: RepositoryPaths, *, now: datetime, trust: Trust | None = None
) -> list[BundleFinding]:
    """Return every check of a package.

    Args:
        bundle: The package.
        places: The repository and the stack that it gets its releases from.
        now: Reference time for the expiry of the root.
        trust: Signers that may vouch for models; the stack's by default.

    Raises:
        DeliveryError: If the repository's own metadata does not verify.
    """
    trust = trust or read_trust(places.root / "policy-pack", places.stack)
    name = f"{bundle.app}-{bundle.model}"
    known = {item.name: item for item in read_deployments(places.stack_file)}
    found = [*_roots(bundle, places, now)]
    if name not in known:
        said = f"{name} is not in {places.stack_file.name}, which has {sorted(known)}"
        return [*found, BundleFinding(check="deployment", good=False, found=said)]
    deployment = known[name]
    found.append(_app_version(bundle, deployment))
    found += _embedded(bundle, deployment, places, trust)
    if bundle.folder is not None:
        found.append(_private_keys(bundle.folder))
    return found


def _roots(bundle: Bundle, places: RepositoryPaths, now: datetime) -> Iterator[BundleFinding]:
    newest = read_releases(places.releases).root.signed  # the whole chain was verified
    names = {
        path.read_bytes(): path.name for path in (places.releases / "metadata").glob("*.root.json")
    }
    try:
        data = bundle.root.read_bytes()
    except OSError as error:
        yield BundleFinding(
            check="trusted root", good=False, found=f"{bundle.root}: {error.strerror}"
        )
        return
    ours = names.get(data)
    said = (
        ours
        or f"{bundle.root} is not a root of {places.stack}: it was changed, or is another stack's"
    )
    yield BundleFinding(check="trusted root", good=ours is not None, found=said)
    until = f"root {newest.version} counts until {newest.expires:%Y-%m-%d}"
    yield BundleFinding(check="root lifetime", good=newest.expires - now > _ROOT_LEFT, found=until)


def _app_version(bundle: Bundle, deployment: Deployment) -> BundleFinding:
    least = deployment.rollout.min_app_version
    good = version_key(bundle.app_version) >= version_key(least)
    said = f"{bundle.app_version}; releases are for {least} and later"
    return BundleFinding(check="app version", good=good, found=said)


def _embedded(
    bundle: Bundle, deployment: Deployment, places: RepositoryPaths, trust: Trust
) -> Iterator[BundleFinding]:
    released = read_version_files(
        places.root / deployment.pin.manifest,
        pin=deployment.pin.sha256,
        trust=trust,
        released=_released(deployment.pin.sha256, places, trust),
    )
    mode = released.model.manifest.fallback.mode
    if bundle.embedded is None:
        said = f"none; {deployment.model} {deployment.pin.version} says fallback: {mode}"
        yield BundleFinding(check="embedded model", good=mode == "off", found=said)
        return
    try:
        digest = sha256_bytes(bundle.embedded.read_bytes())
        version = _version_of(digest, places, deployment.model, trust)
    except (OSError, GovernanceError) as error:
        yield BundleFinding(check="embedded model", good=False, found=str(error))
        return
    if version is None:
        said = f"sha256 {digest} is no artifact of any version of {deployment.model}"
        yield BundleFinding(check="embedded model", good=False, found=said)
        return
    said = f"{version.label}, evidence verified, sha256 {digest}"
    yield BundleFinding(check="embedded model", good=True, found=said)
    said = _halted(digest, version, deployment, places)
    found = said or "not halted, not revoked"
    yield BundleFinding(check="embedded model may run", good=not said, found=found)


def _halted(
    digest: str, version: ModelVersionFiles, deployment: Deployment, places: RepositoryPaths
) -> str:
    """Return the source of a digest's halt (stack file or role ``halt``), or an empty text."""
    if deployment.rollout.halted and version.model.sha256 == deployment.pin.sha256:
        return "halted in the stack file"
    releases = read_releases(places.releases)
    in_force = [item for item in releases.halts if item.id not in releases.lifted]
    return "halted by role halt" if digest in stopped(in_force, deployment) else ""


def _version_of(
    digest: str, places: RepositoryPaths, model: str, trust: Trust
) -> ModelVersionFiles | None:
    """Return the verified version that contains an artifact, or ``None``.

    Manifests are searched unverified; the one that matches is verified before it is returned.
    """
    for path in sorted((places.models / model).glob("[!.]*/manifest.yaml")):
        manifest, _ = read_manifest(path.read_text(encoding="utf-8"), name=str(path))
        if any(item.digest == digest for item in manifest.artifacts):
            pin = sha256_bytes(path.read_bytes())
            released = _released(pin, places, trust)
            return read_version_files(path, pin=pin, trust=trust, released=released)
    return None


def _released(pin: str, places: RepositoryPaths, trust: Trust) -> bool:
    # An expired trust needs proof that the version is older than the expiry.
    return not trust.expired or read_releases(places.releases).lists(pin)


def _private_keys(folder: Path) -> BundleFinding:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    with_key = [str(path.relative_to(folder)) for path in files if _KEY in path.read_bytes()]
    said = f"in {', '.join(with_key)}" if with_key else f"none in {len(files)} files"
    good = not with_key and folder.is_dir()
    return BundleFinding(check="private keys", good=good, found=said)
