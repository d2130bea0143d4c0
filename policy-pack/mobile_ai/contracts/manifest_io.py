"""Inputs and outputs of a model, and the processing around them, as data.

Whoever runs a model (the evaluator, a device, an edge worker) does the same before and after
it. Each operation has a closed set of parameters, so that none is silently left out.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mobile_ai.contracts.manifest_parts import (
    Count,
    Dtype,
    ManifestPart,
    Positive,
    RelativeFile,
    Unknown,
    refuse_repeats,
)
from mobile_ai.contracts.vocabulary import Modality


class ValueRange(ManifestPart):
    """Smallest and largest value that a tensor may hold."""

    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> ValueRange:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self


class TensorSpec(ManifestPart):
    """One input or output of the model, as every artifact of it offers it."""

    name: str = Field(min_length=1)
    dtype: Dtype
    shape: tuple[int, ...] = Field(description="-1 stands for a free size (the batch).")
    range: ValueRange | Unknown = Field(
        default="unknown", description="Values that it was made for, before and after the runtime."
    )
    modality: Modality | None = Field(default=None, description="Of an input, or of media output.")


class _Step(ManifestPart):
    tensor: str = Field(min_length=1, description="Input or output that it is done to.")


class DecodeImageStep(_Step):
    """Pixels of a compressed image."""

    operation: Literal["decode-image"]
    channels: Literal["grey", "rgb", "bgr", "rgba"]


class ResizeStep(_Step):
    """Image of another size."""

    operation: Literal["resize"]
    height: Count
    width: Count
    method: Literal["nearest", "bilinear", "bicubic", "area"]
    fit: Literal["stretch", "crop", "pad"]


class LayoutStep(_Step):
    """Order of the axes."""

    operation: Literal["layout"]
    order: Literal["NHWC", "NCHW", "HWC", "CHW"]


class ScaleStep(_Step):
    """Values times a factor plus an offset."""

    operation: Literal["scale"]
    factor: float
    offset: float


class NormaliseStep(_Step):
    """Values less the mean, divided by the deviation, by channel."""

    operation: Literal["normalise"]
    mean: tuple[float, ...] = Field(min_length=1)
    deviation: tuple[Positive, ...] = Field(min_length=1)


class ResampleStep(_Step):
    """Sound at another rate, in one channel."""

    operation: Literal["resample"]
    rate_hz: Count


class WindowStep(_Step):
    """Pieces of a longer signal."""

    operation: Literal["window"]
    length: Count
    hop: Count


class SpectrogramStep(_Step):
    """Spectrum of a signal over time."""

    operation: Literal["spectrogram"]
    scale: Literal["linear", "mel", "mfcc"]
    rate_hz: Count
    window: Count
    hop: Count
    bins: Count
    logarithm: bool


class TokeniseStep(_Step):
    """Token ids of a text, by the tokenizer in a file of the artifact."""

    operation: Literal["tokenise"]
    file: RelativeFile
    max_length: Count
    padding: Literal["none", "left", "right"]


class EncodeStep(_Step):
    """Number of each category, in the order given."""

    operation: Literal["encode"]
    categories: tuple[str, ...] = Field(min_length=1)


class DequantiseStep(_Step):
    """Real values of quantised ones."""

    operation: Literal["dequantise"]
    scale: Positive
    zero_point: int


class SoftmaxStep(_Step):
    """Shares that sum to 1 along an axis."""

    operation: Literal["softmax"]
    axis: int


class SigmoidStep(_Step):
    """Each value as a probability."""

    operation: Literal["sigmoid"]


class ArgmaxStep(_Step):
    """Place of the largest value along an axis."""

    operation: Literal["argmax"]
    axis: int


class ThresholdStep(_Step):
    """Truth values: 1 where a value is at least a limit."""

    operation: Literal["threshold"]
    value: float


class LabelsStep(_Step):
    """Names of places, one a line in a file of the artifact, or in the order given."""

    operation: Literal["labels"]
    file: RelativeFile | None = None
    names: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _either(self) -> LabelsStep:
        if (self.file is None) == (not self.names):
            raise ValueError("give file or names, one of the two")
        return self


class BoxesStep(_Step):
    """Detections without those that overlap a better one."""

    operation: Literal["non-maximum-suppression"]
    overlap: Annotated[float, Field(ge=0, le=1)]
    score: float
    limit: Count


class DetokeniseStep(_Step):
    """Text of token ids, by the tokenizer in a file of the artifact."""

    operation: Literal["detokenise"]
    file: RelativeFile


_Before = Annotated[
    DecodeImageStep
    | ResizeStep
    | LayoutStep
    | ScaleStep
    | NormaliseStep
    | ResampleStep
    | WindowStep
    | SpectrogramStep
    | TokeniseStep
    | EncodeStep,
    Field(discriminator="operation"),
]
_After = Annotated[
    DequantiseStep
    | ScaleStep
    | SoftmaxStep
    | SigmoidStep
    | ArgmaxStep
    | ThresholdStep
    | LabelsStep
    | BoxesStep
    | DetokeniseStep,
    Field(discriminator="operation"),
]


class StateTensor(ManifestPart):
    """State of a stateful model: an output that is its input at the next step."""

    output: str = Field(min_length=1)
    input: str = Field(min_length=1)
    initial: Literal["zeros"] = "zeros"


class ModelIO(ManifestPart):
    """Tensors of a model and what is done before and after it."""

    inputs: tuple[TensorSpec, ...] = Field(min_length=1)
    outputs: tuple[TensorSpec, ...] = Field(min_length=1)
    preprocessing: tuple[_Before, ...] | Unknown = Field(
        description="Operations on inputs, in order; an empty list: the model takes raw values."
    )
    postprocessing: tuple[_After, ...] | Unknown = Field(
        description="Operations on outputs, in order; an empty list: outputs are used as they are."
    )
    state: tuple[StateTensor, ...] | Unknown = Field(
        description="Outputs that are inputs at the next step; an empty list: stateless."
    )

    @model_validator(mode="after")
    def _names_exist(self) -> ModelIO:
        inputs = [item.name for item in self.inputs]
        outputs = [item.name for item in self.outputs]
        refuse_repeats("inputs.name", inputs)
        for what, steps, known in (
            ("preprocessing", self.preprocessing, inputs),
            ("postprocessing", self.postprocessing, outputs),
        ):
            for step in steps if steps != "unknown" else ():
                if step.tensor not in known:
                    raise ValueError(f"{what} of {step.tensor!r}, which is none of {known}")
        for item in self.state if self.state != "unknown" else ():
            if item.input not in inputs or item.output not in outputs:
                raise ValueError(f"state from {item.output!r} to {item.input!r}: no such tensors")
        return self
