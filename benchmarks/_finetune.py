"""Size of a fine-tune's update and its gain in quality, by learning rate, from real training.

One epoch over images that digits 1.0.0 did not learn from, by the committed recipe of 1.1.0 with
other learning rates, exported with the parent's scales. Every file is patched by every codec and
scored against its parent on held-out rows that neither of them saw.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table

from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.delivery.delta import candidates, zstd
from mobile_ai.delivery.delta.tensors import find_tensors

__all__ = ["RELEASED", "Tuned", "fine_tunes", "show"]

_GENERAL: Final = ("bsdiff", "hdiff", "zstd patch-from")
_RECIPES: Final = Path("model-build/recipes")
_PARENT, _CHILD = "digits.yaml", "digits-1.1.0.yaml"
_VARIANTS: Final = ("int8", "int8-onnx", "int4", "fp32")
_RATES: Final = (1e-3, None, 1e-4, 1e-5)  # None: as the recipe says
RELEASED: Final = "2e-4 to 1e-4, as released"
_NEW_ROWS: Final = "held-out-new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """One variant of one fine-tune, compared with its parent's file.

    Attributes:
        rate: The learning rate, as the table names it.
        variant: Of the recipe.
        sizes: Bytes of the file and of its patch, by codec.
        changed: Share of the weights that moved.
        gain: Accuracy points gained on new rows, with the ends of the 95 % interval.
        rows: How many these are.
        committed: Whether the file is the one in ``models/``, byte for byte.
    """

    rate: str
    variant: str
    sizes: dict[str, int]
    changed: float
    gain: tuple[float, float, float]
    rows: int
    committed: bool

    @property
    def vs_general(self) -> float:
        """Size of the weight-aware patch relative to the smallest general one."""
        return self.sizes["weights"] / self.best_general

    @property
    def gained(self) -> str:
        """The gain as text."""
        value, low, high = self.gain
        return f"{value:+.1f} [{low:+.1f}, {high:+.1f}] pt, n={self.rows}"

    @property
    def share(self) -> float:
        """Size of the best patch relative to the file."""
        return min(self.sizes["weights"], self.best_general) / self.sizes["file"]

    @property
    def best_general(self) -> int:
        """Size in bytes of the smallest patch that is not weight-aware."""
        return min(self.sizes[name] for name in _GENERAL)


def fine_tunes() -> Iterator[Tuned]:
    """Train and measure; the parent's network is trained once per user and cached."""
    # TensorFlow is imported when a model is made, not when the areas are listed.
    from mobile_ai.model_build.export import Exporter  # noqa: PLC0415
    from mobile_ai.model_build.recipe import load_recipe  # noqa: PLC0415
    from mobile_ai.model_build.train_or_reuse import obtain  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        for rate in _RATES:
            trained = obtain(_recipe(Path(folder), rate))
            if trained.parent is None:
                raise ValueError("a fine-tune without a parent")
            before, after = Exporter(trained.parent), Exporter(trained)
            specs = {item.name: item for item in load_recipe(_RECIPES / _CHILD).variants}
            for name in _VARIANTS:
                spec = specs[name]
                old, new = before.make(spec)[0], after.make(spec)[0]
                label = RELEASED if rate is None else f"{rate:.0e}"
                yield _measured(label, spec, trained.recipe, old=old, new=new)


def show(found: list[Tuned]) -> None:
    """Print the table of all rates and variants."""
    table = Table(title="One epoch of fine-tuning, digits 1.0.0 to 1.1.0")
    for name in ("learning rate", "variant", "file", "patch/file", "patch/best general"):
        table.add_column(name)
    for name in ("weights moved", "accuracy gained [95 %]"):
        table.add_column(name)
    for item in found:
        table.add_row(
            item.rate,
            item.variant,
            f"{item.sizes['file']:,}",
            f"{item.share:.3f}",
            f"{item.vs_general:.2f}",
            f"{item.changed:.0%}",
            item.gained,
        )
    Console(stderr=True, width=130).print(table)


def _patch_sizes(old: bytes, new: bytes) -> dict[str, int]:
    """Return the sizes of the file and of its patch by codec, in bytes."""
    sizes = {patch.codec: len(patch.data) for patch in candidates(old, new)}
    return {"file": len(new), "zstd patch-from": len(zstd.compress(new, old)), **sizes}


def _changed_share(old: bytes, new: bytes) -> float:
    """Return the share of the bytes of weight tensors that differ."""
    before = {item.name: item for item in find_tensors(old)}
    moved = total = 0
    for item in find_tensors(new):
        source = before.get(item.name)
        if source is not None and source.length == item.length:
            pair = [
                np.frombuffer(data, np.uint8, at.length, at.offset)
                for data, at in ((old, source), (new, item))
            ]
            step = max(1, item.width // 8)
            moved += int(np.count_nonzero((pair[0] != pair[1]).reshape(-1, step).any(axis=1)))
            total += item.length // step
    return moved / total if total else 0.0


def _recipe(folder: Path, rate: float | None) -> Path:
    """Write the recipe of the fine-tune with another learning rate, next to its parent's."""
    value = read_yaml((_RECIPES / _CHILD).read_text(), name=_CHILD)
    if rate is not None:
        value["train"] |= {"learningRate": rate, "endLearningRate": rate}
    (folder / _PARENT).write_text((_RECIPES / _PARENT).read_text())
    path = folder / _CHILD
    path.write_text(dump_yaml(value))
    return path


def _measured(rate: str, spec: Any, recipe: Any, *, old: bytes, new: bytes) -> Tuned:
    from mobile_ai.model_build.data import held_out_rows  # noqa: PLC0415
    from mobile_ai.model_build.export import file_logits  # noqa: PLC0415
    from mobile_ai.model_build.metrics import paired_difference  # noqa: PLC0415

    rows = held_out_rows(recipe).parts[_NEW_ROWS]
    logits = [file_logits(data, spec.format, rows.inputs) for data in (old, new)]
    loss = paired_difference(*logits, rows.labels)
    artifacts = Path("models/digits/1.1.0/artifacts").glob("digits-*")
    return Tuned(
        rate=rate,
        variant=spec.name,
        sizes=_patch_sizes(old, new),
        changed=_changed_share(old, new),
        gain=(-loss.loss_pt, -loss.high_pt, -loss.low_pt),
        rows=len(rows.labels),
        committed=any(path.read_bytes() == new for path in artifacts),
    )
