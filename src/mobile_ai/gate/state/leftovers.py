"""Lists resources left in the sandbox after `destroy`, from its APIs instead of the state."""

from collections.abc import Mapping
from typing import Any

from mobile_ai.gate.errors import GateError
from mobile_ai.sandbox.kubernetes.agent import agent_manager
from mobile_ai.sandbox.kubernetes.api import KubernetesApi, KubernetesApiError
from mobile_ai.sandbox.kubernetes.inventory import managed_by, owned_objects
from mobile_ai.sandbox.providers.aws.api.session import AwsSession
from mobile_ai.sandbox.providers.aws.inventory import inventory
from mobile_ai.sandbox.providers.errors import ProviderError
from mobile_ai.sandbox.services.endpoints import Endpoints

# Field manager prefix; the Kubernetes provider generates a random suffix for each object.
_PROVIDER = "pulumi-kubernetes-"
# CloudFront requires its certificates in this region, whatever the stack's region.
_EVERYWHERE = "us-east-1"


def left_in_sandbox(
    endpoints: Endpoints, config: Mapping[str, Any], *, stack: str
) -> dict[str, list[str]]:
    """Return the remaining resources by listing call, such as ``eu-central-1 s3:list_buckets``.

    The AWS part covers the whole account, including resources of other stacks. The Kubernetes part
    covers objects applied for the stack's environment and, as ``site lab``, objects applied by the
    agent of each of its sites; an agent deletes them at its next sync, when the bundle is empty.

    Args:
        endpoints: Endpoints of the running sandbox.
        config: The stack file's ``config``.
        stack: Name of the stack.

    Raises:
        GateError: An API cannot be listed.
    """
    try:
        return _listed(endpoints, config)
    except (KubernetesApiError, ProviderError, KeyError) as error:
        raise GateError(
            f"Stack {stack} is deleted, but what is left cannot be told: got {error!r}; expected "
            "a list. Next: `mobile-ai sandbox status`, then `mobile-ai down` again."
        ) from error


def _listed(endpoints: Endpoints, config: Mapping[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    if endpoints.aws:
        found |= _in_aws(endpoints.aws, config)
    ours = managed_by(_PROVIDER, environment=str(config["mobile-ai:environment"]))
    for name, cluster in endpoints.kubernetes.items():
        found[f"kubernetes {name}"] = owned_objects(KubernetesApi.of(cluster), owner=ours)
    for site in config.get("mobile-ai:sites") or ():
        name = str(site["name"])
        if (its := endpoints.cluster(name)) is not None:
            agent = managed_by(agent_manager(name))
            found[f"site {name}"] = owned_objects(KubernetesApi.of(its), owner=agent)
    return {name: objects for name, objects in found.items() if objects}


def _in_aws(url: str, config: Mapping[str, Any]) -> dict[str, list[str]]:
    account = str(config["mobile-ai:aws"]["accountId"])
    regions = {_EVERYWHERE, str(config["mobile-ai:region"])}
    session = AwsSession(url, account=account)
    found: dict[str, list[str]] = {}
    seen: set[tuple[str, str]] = set()
    for region in sorted(regions):
        for name, ids in inventory(session, account=account, region=region).items():
            fresh = [one for one in ids if (name, one) not in seen]  # global services repeat
            seen |= {(name, one) for one in fresh}
            if fresh:
                found[f"{region} {name}"] = fresh
    return found
