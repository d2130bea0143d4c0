"""Writes the bundles of a stack's `pull` sites from its state."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mobile_ai.gate.deploy.session import Desk, ask, open_desk
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.run import GateOptions
from mobile_ai.gate.state.rendered import (
    SiteBundle,
    rendered_folders,
    site_bundles,
    write_bundle,
)

# Operations that change which objects a state holds; a refresh excludes rendered ones.
_DEPLOYS: Final = ("update", "destroy")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBundle:
    """A bundle on disk.

    Attributes:
        site: Name of the site.
        folder: Its folder.
        files: Number of manifests; none if the site is to delete what it applied.
        commit: Commit that was deployed; empty if the engine found no Git checkout.
    """

    site: str
    folder: str
    files: int
    commit: str


def bundle_state(
    options: GateOptions, *, out: Path | None, removed: Sequence[str] = ()
) -> list[WrittenBundle]:
    """Write the bundles of a stack that is deployed, whoever deployed it.

    Args:
        options: Options of the run.
        out: Folder with one subfolder for each site; None for the folders of the providers.
        removed: Sites that the stack has no more, which get a bundle without objects.

    Raises:
        GateError: The last operation on the stack did not succeed, a removed site is still there,
            or a bundle cannot be written.
    """
    desk = open_desk(options)
    last = (_history(desk) or [{}])[0]
    if last.get("result") != "succeeded":
        raise GateError(
            f"stack {options.stack}: got {last.get('kind', 'no operation')} with result "
            f"{last.get('result')!r}; expected a last operation that succeeded. Next: "
            "`mobile-ai up`, then run the same command again."
        )
    bundles = site_bundles(desk.export())
    present = {one.site for one in bundles}
    for site in removed:
        _require_removed(site, present)
    empty = [SiteBundle(folder=f"build/sites/{options.stack}/{site}", files={}) for site in removed]
    return _write(desk, [*bundles, *empty], out)


def write_bundles(desk: Desk, before: Mapping[str, Any]) -> list[WrittenBundle]:
    """Write the bundles after an update, and empty ones for sites that it removed.

    Args:
        desk: The engine session.
        before: The state exported before the update.

    Raises:
        GateError: A bundle cannot be written.
    """
    bundles = site_bundles(desk.export())
    gone = set(rendered_folders(before)) - {one.folder for one in bundles}
    empty = [SiteBundle(folder=folder, files={}) for folder in sorted(gone)]
    return _write(desk, [*bundles, *empty], None)


def _require_removed(site: str, present: Collection[str]) -> None:
    if not site or site in present or site != Path(site).name:
        raise GateError(
            f"--removed {site}: got a site of the stack, or no name of a site; expected a site "
            "that was taken out of the stack file. Next: correct the option or leave it out."
        )


def _write(desk: Desk, bundles: Sequence[SiteBundle], out: Path | None) -> list[WrittenBundle]:
    if not bundles:
        return []
    commit, clean = _deployed_commit(desk)
    stack = desk.project.stack
    written = []
    for one in bundles:
        folder = desk.project.root / one.folder if out is None else out / one.site
        try:
            write_bundle(one, folder, stack=stack, commit=commit, clean=clean)
        except OSError as error:
            raise GateError(
                f"{folder}: got {error}; expected to write the bundle of site {one.site}. Next: "
                f"`mobile-ai bundle --stack {stack}` once the folder can be written."
            ) from error
        shown = one.folder if out is None else str(folder)
        written.append(
            WrittenBundle(site=one.site, folder=shown, files=len(one.files), commit=commit)
        )
    return written


def _deployed_commit(desk: Desk) -> tuple[str, bool]:
    """Return the commit that the engine recorded for the last deployment, and whether clean."""
    deploys = (one for one in _history(desk) if one.get("kind") in _DEPLOYS)
    recorded = (next(deploys, {}) or {}).get("environment") or {}
    commit = recorded.get("git.head", "")
    return commit, bool(commit) and recorded.get("git.dirty") == "false"


def _history(desk: Desk) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = ask(desk, "stack", "history") or []
    return found
