"""An ensemble as it is declared: which models, what feeds what, in which order.

A tensor is named by where it comes from: ``image`` is an input of the request, ``vision.logits``
the output ``logits`` of the step ``vision``. Everything that can be checked without the models is
checked when the configuration is read.
"""

from __future__ import annotations

import graphlib
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["EnsembleSettings", "Step", "order", "source_of"]

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Tensor = Annotated[str, Field(min_length=1, max_length=128)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(_Section):
    """One model in an ensemble."""

    name: Name = Field(description="Name of the step.")
    model: Name = Field(description="The model that it runs.")
    inputs: dict[Tensor, Tensor] = Field(
        min_length=1, description="Each input of the model, and the tensor that goes there."
    )


class EnsembleSettings(_Section):
    """Several models that answer one request together."""

    name: Name = Field(description="Name of the ensemble in paths.")
    version: str = Field(
        default="1",
        pattern=r"^[0-9A-Za-z.-]{1,64}$",
        description="Of the declaration; you count it.",
    )
    steps: tuple[Step, ...] = Field(min_length=1, max_length=16)
    outputs: dict[Tensor, Tensor] = Field(
        min_length=1, description="Each output of the ensemble, and the tensor that it is."
    )

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        names = [step.name for step in self.steps]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"ensemble {self.name}: steps named twice: {repeated}")
        used = {source_of(tensor)[0] for tensor in self.outputs.values()}
        used |= {source_of(tensor)[0] for step in self.steps for tensor in step.inputs.values()}
        unknown = sorted(used - {None, *names}, key=str)
        if unknown:
            raise ValueError(f"ensemble {self.name}: no step {unknown}; steps are {names}")
        idle = sorted(set(names) - used)
        if idle:
            raise ValueError(f"ensemble {self.name}: nobody uses the outputs of {idle}")
        if any(source_of(tensor)[0] is None for tensor in self.outputs.values()):
            raise ValueError(f"ensemble {self.name}: an output is `<step>.<output>`")
        order(self)
        return self


def source_of(tensor: str) -> tuple[str | None, str]:
    """Return the step, ``None`` for the request, and the name of a tensor there."""
    step, dot, name = tensor.partition(".")
    return (step, name) if dot else (None, tensor)


def order(ensemble: EnsembleSettings) -> tuple[Step, ...]:
    """Return the steps so that each comes after those that feed it.

    Raises:
        ValueError: If steps feed each other in a circle.
    """
    by_name = {step.name: step for step in ensemble.steps}
    feeds = {
        step.name: {found for tensor in step.inputs.values() if (found := source_of(tensor)[0])}
        for step in ensemble.steps
    }
    try:
        names = tuple(graphlib.TopologicalSorter(feeds).static_order())
    except graphlib.CycleError as error:
        circle = " -> ".join(error.args[1])
        raise ValueError(f"ensemble {ensemble.name}: a circle of steps: {circle}") from error
    return tuple(by_name[name] for name in names)
