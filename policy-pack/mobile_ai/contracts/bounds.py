"""Bounds of a stack: the values that its stack file may choose from.

Written under ``bounds`` of a stack's entry in ``policy-pack/stacks.yaml`` (see ``roots``), which
only reviewers of the pack may change. Unknown keys are refused, and every field without a default
is required, because a bound that was left out or misspelt would restrict nothing.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from mobile_ai.contracts.models import StrictModel

MONEY: Final = frozenset({"budgets", "nodePriceUsdPerHour", "nodeCpu"})
"""Bounds that FinOps signs for; security signs for the others."""

_Usd = Annotated[float, Field(gt=0)]


class _Bound(StrictModel):
    model_config = ConfigDict(populate_by_name=False)  # one spelling of each key


class BudgetBound(_Bound):
    """The ceiling of one budget."""

    maximum_usd: _Usd = Field(description="Highest monthly limit, USD.")
    kind: Literal["hard", "soft"] = Field(description="`hard`: the budget may not become soft.")
    scope: str = Field(
        default="", description="Scope of the budget, such as `stack`; absent: any scope."
    )


class ImageBound(_Bound):
    """Proof that an image of a repository needs, beside its digest in the stack file."""

    signer: Literal["image-builder"] | None = Field(
        default=None, description="Role that vouches for each digest; absent: nobody does."
    )
    digests: list[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]] = Field(
        default=[], description="The only digests, for images of others; empty: any digest."
    )


class RolloutBound(_Bound):
    """Limits of one step of a rollout."""

    maximum_first_percent: float = Field(gt=0, le=100, description="Largest first ring, percent.")
    maximum_factor: float = Field(gt=1, le=100, description="Largest growth from ring to ring.")
    minimum_soak_hours: float = Field(ge=0, description="Shortest soak of a ring, hours.")
    maximum_skip: int = Field(ge=0, description="Rings that a step may leave out.")


def _by_repository(value: Any) -> Any:
    """Return repositories as the mapping that a plain list of them stands for."""
    return {item: {} for item in value} if isinstance(value, list) else value


class Bounds(_Bound):
    """Allowed values for everything that a stack file may choose."""

    account: str = Field(pattern=r"^\d{12}$", description="The only AWS account.")
    roles: list[str] = Field(description="ARNs of roles that providers may assume.")
    issuers: dict[str, list[str]] = Field(
        description="OpenID issuers of device tokens, each with the audiences it may have."
    )
    images: Annotated[dict[str, ImageBound], BeforeValidator(_by_repository)] = Field(
        description="Repositories of container images, up to the `@`: each with the proof that "
        "its images need, or a plain list."
    )
    domains: list[str] = Field(
        description="Public domains of CDN and APIs, including their subdomains."
    )
    notify: list[str] = Field(description="Mail addresses or domains that may be notified.")
    secrets: dict[str, str] = Field(
        description="Top-level keys of the stack file for secrets (`secretsprovider`, "
        "`encryptedkey`, `encryptionsalt`), each with its only value."
    )
    budgets: dict[str, BudgetBound] = Field(
        description="Budgets by name, each of which must stay; `*` bounds every other one."
    )
    node_price_usd_per_hour: _Usd = Field(description="Lowest price of an edge site's node.")
    node_cpu: _Usd = Field(
        description="Highest declared CPU count of a node, with at most 32 GB per CPU: a larger "
        "node lowers the cost share of each pod."
    )

    rollout: RolloutBound | None = Field(
        default=None, description="Largest steps of rollouts; absent: those of the pack config."
    )
    buckets: list[str] = Field(
        default=[], description="Buckets that exist and may be used (`existing.artifactBucket`)."
    )
    contexts: list[str] = Field(
        default=[], description="Kubeconfig contexts of sites with mode `push`."
    )
