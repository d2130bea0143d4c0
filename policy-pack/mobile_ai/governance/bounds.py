"""Bounds of a stack: the values that its stack file may choose from.

Written under ``bounds`` of a stack's entry in ``policy-pack/stacks.yaml``, which only reviewers of
the pack may change. Every field is required and unknown keys are refused, because a bound that
was left out or misspelt would restrict nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from mobile_ai.contracts.errors import DocumentError

__all__ = ["Bounds", "BudgetBound", "read_bounds"]

_refused = DocumentError.advising("correct policy-pack/stacks.yaml on the protected branch")

_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=to_camel)
_Usd = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class BudgetBound(BaseModel):
    """The ceiling of one budget."""

    model_config = _STRICT

    maximum_usd: _Usd = Field(description="Highest monthly limit, USD.")
    kind: Literal["hard", "soft"] = Field(description="`hard`: the budget may not become soft.")
    scope: str = Field(
        default="", description="Scope of the budget, such as `stack`; absent: any scope."
    )


class Bounds(BaseModel):
    """Allowed values for everything that a stack file may choose."""

    model_config = _STRICT

    account: str = Field(pattern=r"^\d{12}$", description="The only AWS account.")
    roles: list[str] = Field(description="ARNs of roles that providers may assume.")
    issuers: dict[str, list[str]] = Field(
        description="OpenID issuers of device tokens, each with the audiences it may have."
    )
    images: list[str] = Field(description="Repositories of container images, up to the `@`.")
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


def read_bounds(value: Any, *, name: str) -> Bounds:
    """Return the bounds of a stack's entry.

    Raises:
        DocumentError: If a key is missing or unknown, or its value has another type.
    """
    if not isinstance(value, Mapping):
        raise _refused(name, "no bounds" if value is None else f"{value!r}", "a mapping")
    try:
        return Bounds.model_validate(dict(value))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, (name, *first["loc"])))
        raise _refused(place, first["msg"], "the fields of docs/policies.md") from error
