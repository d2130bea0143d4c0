"""Predicates of the pipeline: verdicts of the gate, images, what was deployed."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from mobile_ai.contracts.predicates.fields import (
    Commit,
    Dated,
    Identifier,
    Moment,
    Number,
    PredicateModel,
    Sha256,
    ShortText,
    StackName,
    Sum,
)

_Platform = Annotated[str, Field(pattern=r"^[a-z0-9]+/[a-z0-9]+(/[a-z0-9]+)?$")]


class GatePredicate(PredicateModel):
    """A gate's passing verdict and the digests of what it judged."""

    stack: StackName
    cloud: ShortText = Field(description="Cloud of the providers: sandbox or aws.")
    commit: Annotated[str, Field(max_length=64)]
    source: Sha256 = Field(description="Of path and content of every file.")
    state: Sha256 = Field(description="Of the exported state.")
    pack: Sha256 = Field(description="Of the policy pack.")
    at: Moment = Field(description="Time of the verdict.")
    verdict: Literal["pass"]


class ImagePredicate(Dated):
    """A container image that the image workflow built; its subjects are the same digests."""

    repository: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._:/-]{0,254}$")]
    index: Sha256 = Field(description="Digest of the image index.")
    platforms: Annotated[dict[_Platform, Sha256], Field(min_length=1, max_length=20)] = Field(
        description="Digest of the image of each platform."
    )
    commit: Commit = Field(description="Commit that it was built from.")
    provenance: dict[str, Any] = Field(
        description="SLSA provenance v1, open where SLSA is; nothing here decides by it."
    )

    @property
    def named(self) -> frozenset[str]:
        """Digests of the index and of each platform's image."""
        return frozenset({self.index, *self.platforms.values()})


class _DeployedModel(PredicateModel):
    spec: dict[str, Any] = Field(
        description="Its spec as the plan had it, which rules compare the next one with."
    )
    manifest: Sha256
    previous: Sha256 | None = None
    salt: Annotated[str, Field(max_length=200)]
    stage: Identifier | None = None
    rings: Annotated[dict[Identifier, Moment], Field(max_length=50)] = Field(
        description="Time at which each ring was opened."
    )
    soak: Annotated[dict[Identifier, Number], Field(max_length=50)] = Field(
        default={}, description="Longest soak declared for each open ring since, hours."
    )
    reached: Annotated[dict[Sha256, Number], Field(max_length=10_000)] = Field(
        default={}, description="Largest share of devices that each version had, percent."
    )
    halts: Annotated[tuple[Sha256, ...], Field(max_length=1_000, strict=False)] = Field(
        default=(), description="Manifests that are halted."
    )

    @model_validator(mode="after")
    def _as_in_spec(self) -> Self:
        model, rollout = self.spec.get("aiModel") or {}, self.spec.get("rollout") or {}
        previous = (model.get("previous") or {}).get("sha256")
        told = (model.get("sha256"), previous, rollout.get("salt"), rollout.get("stage"))
        if told != (self.manifest, self.previous, self.salt, self.stage):
            raise ValueError("manifest, previous, salt or stage is not that of the spec")
        return self


class DeployedPredicate(PredicateModel):
    """State after one `up`: a link of a stack's chain."""

    stack: StackName
    sequence: Annotated[int, Field(ge=1)]
    before: Sha256 | None = Field(description="Digest of the link before; none of the first.")
    at: Moment
    commit: Commit
    gate: Sha256 | None = Field(description="Digest of the gate statement; none: unsealed.")
    state: Sha256
    releases: Annotated[dict[Identifier, Annotated[int, Field(ge=1)]], Field(max_length=100)] = (
        Field(description="Version of the release metadata of each role.")
    )
    released: Annotated[tuple[Sha256, ...], Field(max_length=10_000, strict=False)] = Field(
        description="Manifests that were deployed, and those to go back to."
    )
    settings: Sha256 | None = Field(
        default=None, description="Of the settings but versions, rollouts and scale; none: unknown."
    )
    records: Annotated[tuple[Sha256, ...], Field(max_length=10_000, strict=False)] = Field(
        default=(), description="Of the text of every signed record."
    )
    withdrawn: Annotated[dict[Sha256, Moment | None], Field(max_length=10_000)] = Field(
        default={}, description="Those that withdraw something, with their end; none: no end."
    )
    deployments: Annotated[dict[Identifier, _DeployedModel], Field(max_length=5_000)]
    costs: Annotated[dict[ShortText, Sum], Field(max_length=1_000)] = Field(
        description="Typical USD a month by budget."
    )

    @model_validator(mode="after")
    def _chained(self) -> Self:
        if (self.before is None) != (self.sequence == 1):
            raise ValueError("the first link, and no other, has none before it")
        return self
