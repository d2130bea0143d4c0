"""Settings of quantisation in a recipe: bits, algorithm and granularity by layer; the bound."""

from __future__ import annotations

import re
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

MOVED_AT_MOST: Final = 0.4
"""Largest error of an imported model's outputs where a recipe states none, see `moved`.

It is 16 % of an output's variance, a signal-to-noise ratio of 8 dB: BlazeFace at int8 finds 24 of
24 faces at 0.31 and below, and none of 24 at 0.55.
"""
SPARSITY: Final = 0.5
"""Share of weights that pruning sets to zero where a variant states none."""
Operation = Literal["any", "dense", "conv", "depthwise", "transposed-conv", "embedding", "matmul"]
"""Kind of layer."""
Algorithm = Literal["min-max", "octav", "mse", "gptq"]
"""Choice of the scale: range of the weights, clipped range of least squared error (OCTAV: Sakr et
al. 2022), searched range of least squared error, or error compensation with calibration rows (GPTQ:
Frantar et al. 2023)."""
Granularity = Literal["tensor", "channel", "block-32", "block-64", "block-128", "block-256"]
"""Weights that share a scale."""


class LayerSpec(BaseModel):
    """Quantisation of the weights of some layers; a later entry overrides an earlier one."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True
    )

    operation: Operation = "any"
    match: str = Field(default=".*", description="Pattern of output tensor names.")
    bits: Literal[2, 4, 8] | None = Field(
        description="Of a weight; null keeps the layers in float."
    )
    algorithm: Algorithm = "min-max"
    granularity: Granularity = "channel"

    @field_validator("match")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from error
        return pattern

    @property
    def trainable(self) -> bool:
        """True if `adapt: low-bit` can train the layers' weights on the grid of their bits."""
        return self.bits is not None and self.operation in {"dense", "conv"} and self.match == ".*"

    def told(self) -> str:
        """Return the entry as one word, for the record of a build step."""
        bits = "float" if self.bits is None else f"{self.bits}-bit"
        place = "" if self.match == ".*" else f" of {self.match}"
        how = "" if self.bits is None else f" {self.algorithm} by {self.granularity}"
        return f"{self.operation}{place}: {bits}{how}"
