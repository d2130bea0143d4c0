"""Runs the agent of a `pull` site against the site's cluster in the sandbox."""

from pathlib import Path

from mobile_ai.sandbox.errors import SandboxError
from mobile_ai.sandbox.kubernetes.agent import Synced, sync
from mobile_ai.sandbox.kubernetes.api import KubernetesApi
from mobile_ai.sandbox.services.endpoints import Endpoints
from mobile_ai.sandbox.services.state import SandboxFolder


def sync_site(endpoints: Endpoints, site: str, bundle: Path, *, folder: SandboxFolder) -> Synced:
    """Apply a site's bundle to its cluster.

    Args:
        endpoints: Endpoints with the clusters.
        site: Name of the site; one without its own cluster uses the default one.
        bundle: Folder of YAML files.
        folder: The sandbox, which stores the applied objects.

    Raises:
        SandboxError: There is no cluster, or a file is not usable.
        KubernetesApiError: The API server refuses an object.
    """
    cluster = endpoints.cluster(site)
    if cluster is None:
        raise SandboxError(
            f"Sandbox `{folder.name}` has no cluster: got nothing for site {site!r}, expected an "
            "API server. Run `mobile-ai sandbox up --only kubernetes`."
        )
    api = KubernetesApi.of(cluster)
    return sync(api, bundle, site=site, inventory=folder.data / f"site-{site}.json")
