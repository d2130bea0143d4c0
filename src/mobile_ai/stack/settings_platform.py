"""The sections of the stack file about the platform: account, network, sites, money."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from mobile_ai.contracts.models import Mail
from mobile_ai.contracts.vocabulary import is_system_namespace
from mobile_ai.stack.settings_types import (
    AccountId,
    Arn,
    Cidr,
    DomainName,
    HttpsUrl,
    ImageReference,
    Name,
    Region,
    Section,
    TagValue,
)


class Owner(Section):
    """Owner and payer of the stack."""

    project: TagValue = Field(description="Project that the cost is booked to.")
    team: TagValue = Field(description="Team that answers for the stack.")
    cost_center: TagValue = Field(description="Cost centre that pays.")


class Aws(Section):
    """The account that the stack may touch, with the credentials of whoever runs it."""

    account_id: AccountId = Field(description="The only account that providers accept.")
    allowed_regions: tuple[Region, ...] = Field(
        min_length=1, description="Regions where data of this stack may be held or processed."
    )


class EdgeImage(Section):
    """The inference server's image: one index, and one digest for each platform."""

    index: ImageReference = Field(description="The multi-platform index, for Kubernetes.")
    amd64: ImageReference = Field(description="The linux/amd64 image; Lambda takes no index.")
    arm64: ImageReference = Field(description="The linux/arm64 image; Lambda takes no index.")


class Images(Section):
    """Container images, pinned by digest."""

    edge: EdgeImage = Field(description="The inference server.")
    mlflow: ImageReference = Field(description="The MLflow tracking server.")

    @property
    def references(self) -> tuple[str, ...]:
        """Every pinned image."""
        return (self.edge.index, self.edge.amd64, self.edge.arm64, self.mlflow)


class ExternalRegistry(Section):
    """A model registry that somebody else runs."""

    kind: Literal["external"] = Field(description="`external`: use a registry that exists.")
    tracking_uri: HttpsUrl = Field(description="Address of the MLflow tracking server.")


class FargateRegistry(Section):
    """A model registry that this stack runs: MLflow on Fargate, RDS PostgreSQL behind it."""

    kind: Literal["fargate"] = Field(description="`fargate`: run the registry in this stack.")
    domain: DomainName = Field(description="Host name of the tracking server, inside the network.")
    certificate_arn: Arn = Field(description="ACM certificate of that name, in the home region.")
    tasks: int = Field(ge=1, le=10, description="Copies of the server.")
    cpu: Literal[256, 512, 1024, 2048] = Field(description="CPU units of a copy; 1024 is one CPU.")
    memory_mb: int = Field(ge=512, le=16_384, description="Memory of a copy, MiB.")
    instance_class: str = Field(
        pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$", description="RDS instance class."
    )
    storage_gb: int = Field(ge=20, le=1_000, description="RDS storage, GiB.")
    multi_az: bool = Field(description="Keep a standby of the database in another zone.")
    backup_retention_days: int = Field(ge=7, le=35, description="Days that backups are kept.")


Registry = Annotated[ExternalRegistry | FargateRegistry, Field(discriminator="kind")]
"""Model registry, told apart by ``kind``."""


class ExistingNetwork(Section):
    """A network that somebody else owns."""

    kind: Literal["existing"] = Field(description="`existing`: use a VPC that exists.")
    vpc_id: str = Field(pattern=r"^vpc-[0-9a-f]{8,17}$", description="The VPC.")
    subnet_ids: tuple[str, ...] = Field(
        min_length=2, description="Private subnets in at least two availability zones."
    )


class ManagedNetwork(Section):
    """A small network of this stack's own."""

    kind: Literal["managed"] = Field(description="`managed`: this stack makes a VPC.")
    cidr: Cidr = Field(description="Addresses of the VPC.")
    availability_zones: int = Field(ge=2, le=3, description="Zones to spread over.")
    zone_letters: tuple[Annotated[str, Field(pattern=r"^[a-f]$")], ...] = Field(
        default=("a", "b", "c"),
        description="Letters of the zones, the first ones are used: an account lacks some, such "
        "as b in Tokyo (`aws ec2 describe-availability-zones`).",
    )
    egress: Literal["endpoints", "nat", "public"] = Field(
        description="Route of tasks to AWS: VPC endpoints, a NAT gateway, or public addresses."
    )

    @model_validator(mode="after")
    def _letters_suffice(self) -> "ManagedNetwork":
        if len(set(self.zone_letters)) != len(self.zone_letters):
            raise ValueError("zoneLetters has a letter twice")
        if len(self.zone_letters) < self.availability_zones:
            raise ValueError("zoneLetters has fewer letters than availabilityZones")
        return self


Network = Annotated[ExistingNetwork | ManagedNetwork, Field(discriminator="kind")]
"""Network of the registry, told apart by ``kind``."""


class Identity(Section):
    """Device identity: the issuer of the tokens that the public APIs accept."""

    issuer: HttpsUrl = Field(description="OpenID issuer of device tokens.")
    audiences: tuple[str, ...] = Field(min_length=1, description="Audiences that are accepted.")


class Quota(Section):
    """Resource quota of the delivery at a site."""

    cpu: int = Field(ge=1, le=1_000, description="CPU cores, all pods together.")
    memory_gb: int = Field(ge=1, le=4_000, description="Memory, GiB, all pods together.")
    pods: int = Field(ge=3, le=1_000, description="Number of pods.")


class Gateway(Section):
    """Gateway by which clients inside a site reach its models."""

    class_name: Name = Field(description="GatewayClass that the site offers.")
    domain: DomainName = Field(description="An application answers at `<app>.<domain>`.")
    tls_secret: Name = Field(description="Secret in the namespace: certificate of `*.<domain>`.")
    namespace: Name = Field(
        description="Namespace that the gateway's own pods run in: the only one let in; none of "
        "those that every cluster has."
    )

    @field_validator("namespace")
    @classmethod
    def _is_its_own(cls, value: str) -> str:
        if is_system_namespace(value):
            raise ValueError("not `default` or `kube-*`, whose pods are others'")
        return value


class Cache(Section):
    """Volume of a site's pods for the last verified model: they restart without network."""

    storage_class: Name = Field(description="StorageClass that offers ReadWriteMany volumes.")
    size_gb: int = Field(ge=1, le=1_000, description="Size of an application's volume, GiB.")


class Site(Section):
    """A Kubernetes cluster that serves models near the user."""

    name: Name = Field(description="Name of the site.")
    kind: Literal["edge", "cloud"] = Field(description="On premises, or in a cloud region.")
    region: Region = Field(description="AWS region that the site counts to for data residency.")
    mode: Literal["pull", "push"] = Field(
        default="pull",
        description="`pull`: an agent in the site applies a signed bundle; `push`: applied here.",
    )
    context: str | None = Field(
        default=None, description="Context of the ambient kubeconfig, for `push` only."
    )
    node_price_usd_per_hour: float = Field(ge=0, description="Cost of a node of the site.")
    node_cpu: int | None = Field(
        default=None, ge=1, le=1_000, description="CPU cores of a node; absent: 2 to 8 assumed."
    )
    node_memory_gb: int | None = Field(
        default=None, ge=1, le=4_000, description="Memory of a node, GiB; absent: 8 to 32 assumed."
    )
    storage_usd_per_gb_month: float | None = Field(
        default=None, ge=0, description="Cost of the site's storage; absent: unknown."
    )
    namespace: Name = Field(default="mobile-ai", description="Namespace that models run in.")
    quota: Quota = Field(description="Resource quota of the delivery.")
    gateway: Gateway = Field(description="Gateway for clients inside the site.")
    cache: Cache | None = Field(
        default=None, description="Persistent model cache; absent: it lives as long as a pod."
    )

    @model_validator(mode="after")
    def _context_fits_mode(self) -> "Site":
        if (self.mode == "push") != (self.context is not None):
            raise ValueError("mode push needs a context, mode pull has none")
        return self


class Budget(Section):
    """A monthly limit on money."""

    name: Name = Field(description="Name that deployments refer to.")
    scope: str = Field(
        pattern=r"^(stack|app:[a-z]([a-z0-9-]{0,22}[a-z0-9])?)$",
        description="`stack` for all of it, or `app:<name>` for one application.",
    )
    monthly_usd: float = Field(gt=0, description="Limit for a calendar month, US dollars.")
    kind: Literal["hard", "soft"] = Field(description="`hard` blocks a deployment, `soft` warns.")
    notify: tuple[Mail, ...] = Field(min_length=1, description="Recipients of alerts.")


class Remediation(Section):
    """The workflow that is started when money burns too fast."""

    repository: str = Field(pattern=r"^[\w.-]+/[\w.-]+$", description="GitHub owner/name.")
    workflow: str = Field(pattern=r"^[\w.-]+\.ya?ml$", description="File name of the workflow.")
    app_secret_arn: Arn = Field(
        description="Secret with the GitHub App's `appId` and `installationId`; its key is in KMS."
    )


class Cost(Section):
    """Cost observation in the account."""

    allocation_tags: Literal["none", "payer"] = Field(
        default="none",
        description="`payer` activates the cost tags; only the paying account may do that.",
    )
    anomaly_monitor: bool = Field(default=False, description="Watch spend for anomalies.")
    burn_rate: bool = Field(
        default=False,
        description="Price usage every five minutes; alarm above three times the hourly budget.",
    )
    remediation: Remediation | None = Field(
        default=None, description="Workflow to start on a budget alarm; absent: only notify."
    )


class Existing(Section):
    """Existing resources that are used instead of created."""

    artifact_bucket: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        description="Bucket of the model registry.",
    )
    image_repository: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9]+([._/-][a-z0-9]+)*$",
        description="ECR repository of the images.",
    )
