"""Edge site: an isolated Kubernetes namespace that serves models."""

from typing import Any, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from mobile_ai.components.aws.names import to_wire
from mobile_ai.components.endpoints import kube_site
from mobile_ai.governance.admission import AdmissionPolicy, admission_policies


class EdgeSiteArgs(TypedDict):
    """Arguments of :class:`EdgeSite`."""

    site: str
    """Name of the site."""
    region: str
    """Region that it belongs to."""
    namespace: str
    """Namespace that models run in."""
    quota: dict[str, int]
    """Quota of the namespace: ``cpu``, ``memory_gb``, ``pods``."""
    gateway: dict[str, str]
    """Its ``class_name``, ``domain`` and ``tls_secret``."""
    labels: dict[str, str]
    """Cost labels of every object."""


def site_provider(
    site: str,
    *,
    directory: str,
    context: str | None = None,
    opts: pulumi.ResourceOptions | None = None,
) -> k8s.Provider:
    """Create the Kubernetes provider of one site.

    Args:
        site: Name of the site.
        directory: Output folder of the rendered manifests that an agent in the site applies.
        context: Kubeconfig context; if set, objects are applied directly instead of rendered.
        opts: Options of the provider.
    """
    # Running pods read the throttle ConfigMap, so it is updated in place and never replaced.
    if context is not None:
        return k8s.Provider(
            f"site-{site}", context=context, enable_config_map_mutable=True, opts=opts
        )
    return k8s.Provider(
        f"site-{site}",
        render_yaml_to_directory=directory,
        enable_config_map_mutable=True,
        opts=opts,
    )


class EdgeSite(pulumi.ComponentResource):
    """Namespace, quota, limits, default-deny network policy, admission policies and gateway."""

    namespace: k8s.core.v1.Namespace

    def __init__(
        self, name: str, args: EdgeSiteArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the objects; the provider of the site comes with ``opts``."""
        super().__init__("mobileai:index:EdgeSite", name, to_wire(args), opts)
        self._prefix, self._args = name, args
        self.namespace = self._namespace()
        k8s.core.v1.ResourceQuota(
            f"{name}-quota",
            metadata=self._metadata("mobile-ai"),
            spec=kube_site.quota(**args["quota"]),
            opts=self._inside(),
        )
        k8s.core.v1.LimitRange(
            f"{name}-limits",
            metadata=self._metadata("mobile-ai"),
            spec=kube_site.limit_range(),
            opts=self._inside(),
        )
        k8s.networking.v1.NetworkPolicy(
            f"{name}-default-deny",
            metadata=self._metadata("default-deny"),
            spec=kube_site.default_deny(),
            opts=self._inside(),
        )
        for policy in admission_policies():
            self._admission(policy)
        self._gateway()
        self.register_outputs({"site": args["site"], "namespace": args["namespace"]})

    def _namespace(self) -> k8s.core.v1.Namespace:
        labels = {**self._args["labels"], **kube_site.POD_SECURITY_LABELS}
        return k8s.core.v1.Namespace(
            f"{self._prefix}-namespace",
            metadata={"name": self._args["namespace"], "labels": labels},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _admission(self, policy: AdmissionPolicy) -> None:
        """Create a policy and its binding, both of which are cluster-scoped."""
        name = f"mobile-ai-{self._args['namespace']}-{policy.rule}"
        metadata = {"name": name, "labels": self._args["labels"]}
        k8s.admissionregistration.v1.ValidatingAdmissionPolicy(
            f"{self._prefix}-{policy.rule}",
            metadata=metadata,
            spec=policy.spec,
            opts=pulumi.ResourceOptions(parent=self),
        )
        k8s.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
            f"{self._prefix}-{policy.rule}",
            metadata=metadata,
            spec=kube_site.admission_binding(name, namespace=self._args["namespace"]),
            opts=self._inside(),
        )

    def _gateway(self) -> None:
        gateway = self._args["gateway"]
        k8s.apiextensions.CustomResource(
            f"{self._prefix}-gateway",
            api_version="gateway.networking.k8s.io/v1",
            kind="Gateway",
            metadata=self._metadata(kube_site.GATEWAY_NAME),
            spec=kube_site.gateway(
                class_name=gateway["class_name"],
                domain=gateway["domain"],
                tls_secret=gateway["tls_secret"],
            ),
            opts=self._inside(),
        )

    def _metadata(self, name: str) -> dict[str, Any]:
        return {
            "name": name,
            "namespace": self._args["namespace"],
            "labels": self._args["labels"],
        }

    def _inside(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=[self.namespace])
