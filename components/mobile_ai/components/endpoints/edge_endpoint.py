"""Edge inference endpoint: stable and canary pods behind one weighted HTTPRoute."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from mobile_ai.components.aws.names import to_wire
from mobile_ai.components.endpoints import kube_workload
from mobile_ai.components.endpoints.kube_site import GATEWAY_NAME
from mobile_ai.governance.pods import ANNOTATION


class Canary(TypedDict):
    """The ring that receives a version first."""

    ring: str
    """Name of the ring."""
    weight: int
    """Share of requests, percent."""


class EdgeInferenceEndpointArgs(TypedDict):
    """Arguments of :class:`EdgeInferenceEndpoint`."""

    app: str
    """The application."""
    model: str
    """The model; its version comes with the signed releases."""
    manifest_sha256: str
    """The manifest that governs what is served."""
    variant: str
    """Artifact of the manifest."""
    image: str
    """The inference server, by digest."""
    site: str
    """Name of the site."""
    region: str
    """Region that the site belongs to."""
    namespace: str
    """Namespace that models run in."""
    host: str
    """Host name that clients request."""
    gateway_namespace: str
    """Namespace of the gateway's pods."""
    release_url: pulumi.Input[str]
    """Base URL of the signed releases."""
    ring: str
    """Ring of the stable pods."""
    canary: NotRequired[Canary]
    """Ring of the canary pods, where the rollout has one."""
    replicas: dict[str, int]
    """``min`` and ``max`` of the stable pods."""
    cpu_millis: int
    """CPU of a pod, 1/1000 core."""
    memory_mb: int
    """Memory of a pod, MiB."""
    rate_per_second: int
    """Rate limit of a pod, across all clients."""
    cache: NotRequired[dict[str, Any]]
    """``storage_class`` and ``size_gb`` of a persistent cache."""
    labels: dict[str, str]
    """Cost labels of every object."""


class EdgeInferenceEndpoint(pulumi.ComponentResource):
    """Service account, cache, throttle, workloads, route, autoscaler and network policy."""

    def __init__(
        self,
        name: str,
        args: EdgeInferenceEndpointArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the objects; the provider of the site comes with ``opts``."""
        super().__init__("mobileai:index:EdgeInferenceEndpoint", name, to_wire(args), opts)
        self._prefix, self._args = name, args
        self._object = f"{args['app']}-{args['model']}"
        k8s.core.v1.ServiceAccount(
            f"{name}-account",
            metadata=self._metadata(self._object),
            automount_service_account_token=False,
            opts=self._child(),
        )
        self._volume()
        # Shared by stable and canary: the rate limit does not depend on the ring.
        k8s.core.v1.ConfigMap(
            f"{name}-throttle",
            metadata=self._metadata(kube_workload.throttle_name(self._object)),
            data=kube_workload.throttle(args["rate_per_second"]),
            opts=self._child(),
        )
        self._track("stable", self._object, args["ring"], None)
        canary = args.get("canary")
        if canary is not None:
            self._track("canary", f"{self._object}-canary", canary["ring"], 1)
        self._scaling()
        k8s.networking.v1.NetworkPolicy(
            f"{name}-network",
            metadata=self._metadata(self._object),
            spec=kube_workload.network_policy(
                self._object, gateway_namespace=args["gateway_namespace"]
            ),
            opts=self._child(),
        )
        self._route(canary)
        self.register_outputs({"host": args["host"], "manifestSha256": args["manifest_sha256"]})

    def _volume(self) -> None:
        cache = self._args.get("cache")
        if cache is not None:
            k8s.core.v1.PersistentVolumeClaim(
                f"{self._prefix}-cache",
                metadata=self._metadata(self._object),
                spec=kube_workload.volume_claim(**cache),
                opts=self._child(),
            )

    def _track(self, track: str, object_name: str, ring: str, replicas: int | None) -> None:
        """Create the Deployment and the Service of one track."""
        args = self._args
        environment = kube_workload.pod_environment(
            app=args["app"],
            model=args["model"],
            variant=args["variant"],
            ring=ring,
            site=args["site"],
        )
        metadata = self._metadata(object_name)
        k8s.apps.v1.Deployment(
            f"{self._prefix}-{track}",
            # On the Deployment, not on its pods, which need no restart for a new version.
            metadata={**metadata, "annotations": {ANNOTATION: args["manifest_sha256"]}},
            spec=kube_workload.deployment(
                self._workload(),
                track=track,
                replicas=replicas,
                environment={**environment, "MOBILE_AI_RELEASE_URL": args["release_url"]},
            ),
            opts=self._child(),
        )
        k8s.core.v1.Service(
            f"{self._prefix}-{track}",
            metadata=metadata,
            spec=kube_workload.service(self._object, track=track),
            opts=self._child(),
        )

    def _workload(self) -> kube_workload.Workload:
        args = self._args
        return kube_workload.Workload(
            name=self._object,
            image=args["image"],
            cpu_millis=args["cpu_millis"],
            memory_mb=args["memory_mb"],
            claim=self._object if "cache" in args else None,
            labels=args["labels"],
        )

    def _scaling(self) -> None:
        replicas = self._args["replicas"]
        k8s.autoscaling.v2.HorizontalPodAutoscaler(
            f"{self._prefix}-autoscaler",
            metadata=self._metadata(self._object),
            spec=kube_workload.autoscaler(
                self._object, minimum=replicas["min"], maximum=replicas["max"]
            ),
            opts=self._child(),
        )
        k8s.policy.v1.PodDisruptionBudget(
            f"{self._prefix}-disruptions",
            metadata=self._metadata(self._object),
            spec=kube_workload.disruption_budget(self._object),
            opts=self._child(),
        )

    def _route(self, canary: Canary | None) -> None:
        weight = canary["weight"] if canary is not None else 0
        backends = [(self._object, 100 - weight)]
        if canary is not None:
            backends.append((f"{self._object}-canary", weight))
        k8s.apiextensions.CustomResource(
            f"{self._prefix}-route",
            api_version="gateway.networking.k8s.io/v1",
            kind="HTTPRoute",
            metadata=self._metadata(self._object),
            spec=kube_workload.route(
                gateway=GATEWAY_NAME,
                hostname=self._args["host"],
                model=self._args["model"],
                backends=backends,
            ),
            opts=self._child(),
        )

    def _metadata(self, name: str) -> dict[str, Any]:
        return {
            "name": name,
            "namespace": self._args["namespace"],
            "labels": {**self._args["labels"], **kube_workload.selector(self._object)},
        }

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)
