"""Recipes: declarative definitions of a model version, read from YAML.

Unknown fields are refused. Variant names follow a convention: the changes to the weights, then the
format if it is not TFLite (`int8`, `pruned-int8`, `int8-onnx`).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from mobile_ai.contracts.documents import read_yaml
from mobile_ai.contracts.metrics import metric_named, metric_names
from mobile_ai.contracts.schema_errors import schema_problem
from mobile_ai.contracts.self_test import MAX_SELF_TEST_CASES
from mobile_ai.contracts.vocabulary import Modality, RiskClass
from mobile_ai.model_build.errors import RecipeError
from mobile_ai.model_build.quantize_spec import MOVED_AT_MOST, SPARSITY, LayerSpec
from mobile_ai.model_build.shipped import shipped

RECIPES = shipped("recipes")
"""Folder of the shipped recipes."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
"""Name of a model, a variant or a data set."""
Version = Annotated[str, Field(pattern=r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$")]
"""Semantic version without a suffix."""
Adaptation = Literal["none", "pruned", "qat", "low-bit", "dense"]
"""Change of the network before its conversion."""
Quantization = Literal[
    "none",
    "widen",
    "fp16",
    "dynamic-int8",
    "static-int8",
    "static-int16",
    "weight-int8",
    "int4",
    "mixed",
]
"""Number format of the converted weights."""


class _Model(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True
    )


class InputSpec(_Model):
    """One input of the model: its name in the data set and its modality."""

    name: Name
    modality: Modality


class SplitSpec(_Model):
    """A split of the data set and its permitted use."""

    name: Name
    use: Literal["training", "fine-tuning", "evaluation"]
    share: float = Field(gt=0, le=1, description="Of the rows of every label.")
    label_shares: dict[int, float] = Field(
        default_factory=dict, description="Shares of some labels, to skew the split."
    )


class DataSpec(_Model):
    """The data set, by its name in `data.lock.yaml`, and its splits."""

    name: Name
    splits: tuple[SplitSpec, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _shares(self) -> DataSpec:
        if len({split.name for split in self.splits}) != len(self.splits):
            raise ValueError("two splits have the same name")
        labels = {None, *(label for split in self.splits for label in split.label_shares)}
        for label in labels:
            total = sum(share_of(split, label) for split in self.splits)
            if total > 1 + 1e-9:
                raise ValueError(f"shares of label {label or 'any'} add up to {total:.3f} > 1")
        if not any(split.use == "evaluation" for split in self.splits):
            raise ValueError("no split is kept for evaluation")
        return self


class Source(_Model):
    """Origin of the weights.

    `network` trains from scratch, `fine-tune` starts from the parent recipe's weights, `locked`
    reads a file of a locked wheel, `file` a path, `registry` an MLflow URI.
    """

    kind: Literal["network", "fine-tune", "locked", "file", "registry"]
    network: str | None = Field(
        default=None, description="A function of mobile_ai.model_build.networks."
    )
    parent: str | None = Field(default=None, description="Recipe file in the same folder.")
    name: str | None = Field(default=None, description="Entry of data.lock.yaml.")
    path: str | None = None
    uri: str | None = Field(default=None, pattern=r"^models:/[^/]+/[^/]+$")
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    probe: Literal["generated", "photos", "sound"] = Field(
        default="generated", description="Probe inputs of a model without a data set."
    )
    probe_rows: int = Field(default=48, ge=1)
    probe_shapes: dict[str, tuple[int, ...]] = Field(
        default_factory=dict, description="Shapes of inputs with dynamic sizes."
    )
    probe_values: dict[str, float] = Field(
        default_factory=dict, description="Constant inputs, such as a sample rate."
    )

    @model_validator(mode="after")
    def _complete(self) -> Source:
        wanted = {
            "network": "network",
            "fine-tune": "parent",
            "locked": "name",
            "file": "path",
            "registry": "uri",
        }[self.kind]
        if getattr(self, wanted) is None:
            raise ValueError(f"source kind {self.kind} needs '{wanted}'")
        return self

    @property
    def imported(self) -> bool:
        """True if the model is imported rather than trained."""
        return self.kind in {"locked", "file", "registry"}


class TrainSpec(_Model):
    """Training: Adam with cosine decay from `learning_rate` to `end_learning_rate`."""

    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    end_learning_rate: float = Field(default=0.0, ge=0)
    average: bool = Field(default=False, description="Exponential average of the weights.")
    augment: Literal["none", "affine", "jitter"] = "none"
    reweigh: str | None = Field(
        default=None, description="Sensitive attribute to balance against the label."
    )
    adapt_epochs: int = Field(default=2, ge=1, description="For adapted variants.")
    adapt_learning_rate: float = Field(default=0.0005, gt=0)


class NeedsSpec(_Model):
    """Requirements on devices; see `requirements` in the manifest."""

    min_ram_mb: int | None = Field(
        default=None, ge=1, description="Absent: derived from the memory that was measured."
    )
    min_android_api: int | None = Field(default=26, ge=21)
    min_ios: str | None = "15.0"


class VariantSpec(_Model):
    """One file to build."""

    name: Name
    format: Literal["tflite", "onnx", "coreml"] = "tflite"
    adapt: Adaptation = "none"
    quantize: Quantization = "none"
    keep: str | None = Field(
        default=None,
        description="Pattern of layers kept: at int8 by mixed, in float by dynamic-int8 ONNX.",
    )
    layers: tuple[LayerSpec, ...] = Field(
        default=(), description="Overrides for the weights of some layers (TFLite), in order."
    )
    sparsity: float = Field(
        default=SPARSITY,
        gt=0,
        lt=1,
        description="Share of weights that `adapt: pruned` sets to zero.",
    )
    calibration_method: Literal["min-max", "percentile"] = Field(
        default="min-max", description="Choice of activation ranges (static ONNX)."
    )
    moved_at_most: float = Field(
        default=MOVED_AT_MOST,
        gt=0,
        description="Of an imported model: largest error on the given rows, as a share of the "
        "output's standard deviation.",
    )
    needs: NeedsSpec = NeedsSpec()

    @property
    def calibrated(self) -> bool:
        """True if quantisation uses the calibration rows."""
        gptq = any(item.algorithm == "gptq" for item in self.layers)
        return self.quantize in {"static-int8", "static-int16"} or gptq

    def told(self) -> dict[str, str]:
        """Return the settings beyond the scheme, for the record of a build step."""
        found = {}
        if self.layers:
            found["layers"] = "; ".join(item.told() for item in self.layers)
        if self.calibration_method != "min-max":
            found["calibration_method"] = self.calibration_method
        return found

    @model_validator(mode="after")
    def _applicable(self) -> VariantSpec:
        if self.layers and (self.format != "tflite" or self.quantize in {"none", "widen", "fp16"}):
            raise ValueError("'layers' needs format tflite and a scheme of integers in 'quantize'")
        if "sparsity" in self.model_fields_set and self.adapt != "pruned":
            raise ValueError("'sparsity' needs adapt: pruned")
        if self.calibration_method != "min-max" and (
            self.format != "onnx" or self.quantize != "static-int8"
        ):
            raise ValueError("'calibrationMethod' needs format onnx and quantize: static-int8")
        if self.adapt == "low-bit" and not any(item.trainable for item in self.layers):
            raise ValueError("adapt: low-bit needs 'layers' with bits of dense or conv layers")
        return self


class EvaluationPlan(_Model):
    """Measurements of the evaluator and their splits."""

    splits: tuple[str, ...] = Field(default=(), description="Held-out splits, scored together.")
    metric: Literal["accuracy", "parity"] = "accuracy"
    attributes: tuple[str, ...] = Field(
        default=(), description="Groups to compare; `sex x race` for those of both."
    )
    positive: int = Field(default=1, description="The favourable label, for fairness.")
    minimum_group: int = Field(default=100, ge=1)
    bootstrap: int = Field(default=1000, ge=100)
    corruptions: tuple[Literal["noise", "shift", "dropout", "contrast", "typo"], ...] = ("noise",)
    importance_rows: int = Field(default=400, ge=0)
    self_tests: int = Field(default=3, ge=1, le=MAX_SELF_TEST_CASES)


class GateSpec(_Model):
    """A limit that the version must meet to get a manifest.

    With `basis: interval` the whole 95 % interval must meet the limit, else the gate is undecided;
    with `point` the point estimate decides, for recipes with too few held-out rows.
    """

    gate: Literal[
        "quality",
        "quality-loss",
        "fairness",
        "fairness-regression",
        "size",
        "latency",
        "memory",
        "parity",
        "calibration",
        "robustness",
        "duplicates",
    ]
    variants: tuple[str, ...] = Field(default=("*",), min_length=1)
    limit: float
    basis: Literal["interval", "point"] = "interval"
    attribute: str | None = Field(
        default=None, description="Attribute of groups; of robustness: the corruption."
    )
    metric: str | None = None

    @model_validator(mode="after")
    def _known_metric(self) -> GateSpec:
        if self.metric is not None and metric_named(self.metric) is None:
            raise ValueError(f"metric {self.metric!r} is none of {metric_names()}")
        return self


class BuildRecipe(_Model):
    """A model version to build."""

    api_version: Literal["mobile-ai/recipe-v1"]
    name: Name
    version: Version
    description: str
    task: str
    owners: tuple[str, ...] = Field(min_length=1)
    risk_class: RiskClass
    licence: str | None = Field(
        default=None,
        min_length=1,
        description="Of the model: SPDX id or expression, or a name; that of its source where it "
        "is imported. Absent: not stated.",
    )
    fallback: Literal["embedded", "off"]
    inputs: tuple[InputSpec, ...] = Field(min_length=1)
    labels: tuple[str, ...] = ()
    seed: int = 7
    source: Source
    data: DataSpec | None = None
    train: TrainSpec | None = None
    calibration_rows: int = Field(default=200, ge=1)
    variants: tuple[VariantSpec, ...] = Field(min_length=1)
    evaluation: EvaluationPlan
    gates: tuple[GateSpec, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> BuildRecipe:
        names = [variant.name for variant in self.variants]
        if len(set(names)) != len(names):
            raise ValueError("two variants have the same name")
        if not self.source.imported and (self.data is None or self.train is None):
            raise ValueError("a trained model needs 'data' and 'train'")
        unknown = {v for gate in self.gates for v in gate.variants} - {"*", *names}
        if unknown:
            raise ValueError(f"gates name variants that are not built: {sorted(unknown)}")
        held_out = (
            {s.name for s in self.data.splits if s.use == "evaluation"} if self.data else set()
        )
        if not set(self.evaluation.splits) <= held_out:
            raise ValueError(f"evaluation splits must be among {sorted(held_out)}")
        if self.source.imported and self.data:
            raise ValueError("an imported model has no 'data': it is compared with itself")
        if self.data and not self.evaluation.splits:
            raise ValueError("evaluation names no split")
        return self

    @property
    def modalities(self) -> tuple[str, ...]:
        """Return the modalities of the inputs in order, without duplicates."""
        return tuple(dict.fromkeys(item.modality for item in self.inputs))


def share_of(split: SplitSpec, label: int | None) -> float:
    """Return the share of a label's rows that goes to a split."""
    return split.share if label is None else split.label_shares.get(label, split.share)


def recipe_digest(path: Path) -> str:
    """Return the SHA-256 of the recipe's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def load_recipe(path: Path) -> BuildRecipe:
    """Read a recipe.

    Raises:
        RecipeError: If it cannot be read, or a field is missing, unknown or contradicts another.
    """
    values = read_yaml(_text(path), name=path.name)
    try:
        return BuildRecipe.model_validate_json(json.dumps(values))
    except ValidationError as error:
        problem = schema_problem(error)
        raise RecipeError(
            f"{path.name}: {problem.place or 'recipe'}",
            got=problem.got,
            expected=problem.expected,
            next_step="see recipes/recipe.schema.json",
        ) from error


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(item.stem for item in sorted(RECIPES.glob("*.yaml")))
        raise RecipeError(
            f"recipe {path}",
            got=getattr(error, "strerror", None) or "bytes that are no UTF-8 text",
            expected="a recipe's YAML file",
            next_step=f"name a recipe, such as one of {RECIPES.name}/: {known}",
        ) from error


def recipe_schema() -> dict[str, Any]:
    """Return the JSON Schema of a recipe, for editors."""
    return BuildRecipe.model_json_schema(by_alias=True)
