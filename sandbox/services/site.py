"""The agent of a `pull` site, run against the site's cluster in the sandbox."""

from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.kubernetes.agent import Synced, sync
from sandbox.kubernetes.api import Api
from sandbox.services.endpoints import Endpoints
from sandbox.services.state import Folder

__all__ = ["sync_site"]


def sync_site(endpoints: Endpoints, site: str, bundle: Path, *, folder: Folder) -> Synced:
    """Make a site's cluster what its bundle says.

    Args:
        endpoints: Where the clusters are.
        site: Name of the site; one without a cluster of its own is in the default one.
        bundle: Folder of YAML files.
        folder: The sandbox; remembers what was applied.

    Raises:
        SandboxError: There is no cluster, or a file cannot be used.
        ApiError: The API server refuses an object.
    """
    cluster = endpoints.cluster(site)
    if cluster is None:
        raise SandboxError(
            f"Sandbox `{folder.name}` has no cluster: got nothing for site {site!r}, expected an "
            "API server. Run `mobile-ai sandbox up --only kubernetes`."
        )
    api = Api.of(cluster)
    return sync(api, bundle, site=site, inventory=folder.data / f"site-{site}.json")
