"""Provider plugins and distributions installed in an interpreter."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """A provider plugin that an installed SDK requires.

    Attributes:
        name: Name of the plugin, such as `aws`.
        version: Version with the leading `v`.
        server: Download URL, empty for the default.
    """

    name: str
    version: str
    server: str


def plugins(site_packages: Sequence[str]) -> Iterator[Plugin]:
    """Yield the plugin of every installed SDK with a `pulumi-plugin.json`."""
    for folder in site_packages:
        for path in sorted(Path(folder).glob("*/pulumi-plugin.json")):
            try:
                described = json.loads(path.read_bytes())
            except (OSError, ValueError):
                continue
            if described.get("resource") and described.get("name") and described.get("version"):
                yield Plugin(
                    name=described["name"],
                    version="v" + described["version"].removeprefix("v"),
                    server=described.get("server", ""),
                )


def distributions(site_packages: Sequence[str], *, transitive: bool) -> list[tuple[str, str]]:
    """Return name and version of installed distributions, sorted by name.

    Args:
        site_packages: Folders to search.
        transitive: Include distributions that are only dependencies of others.
    """
    from importlib import metadata  # noqa: PLC0415 - slow, and only `pulumi about` asks

    found: dict[str, str] = {}
    needed: set[str] = set()
    for distribution in metadata.distributions(path=list(site_packages)):
        found[distribution.name] = distribution.version
        needed.update(_normal(line) for line in distribution.requires or ())
    kept = (name for name in found if transitive or _normal(name) not in needed)
    return [(name, found[name]) for name in sorted(kept, key=str.lower)]


def _normal(requirement: str) -> str:
    """Return the normalised name (PEP 503) at the start of a requirement (PEP 508)."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", name.group(0)).lower() if name else ""
