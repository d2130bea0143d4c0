"""Separates data by role: training rows for the builder, held-out rows for the evaluator.

`build_rows` never returns an evaluation split; the builder gets only its digest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from mobile_ai.model_build.datasets import read_rows
from mobile_ai.model_build.errors import RecipeError
from mobile_ai.model_build.lock import locked
from mobile_ai.model_build.recipe import BuildRecipe, DataSpec, share_of
from mobile_ai.model_build.results import INTERSECTION, DatasetUse, SplitDigest
from mobile_ai.model_build.rows import Rows, concatenate
from mobile_ai.model_build.splits import split


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRows:
    """Rows for the builder: its splits by name, joined, and the lineage of all splits."""

    splits: dict[str, Rows]
    training: Rows
    dataset: DatasetUse


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Held-out rows, for the evaluator only: joined, by split, and their digest."""

    rows: Rows
    parts: dict[str, Rows]
    digest: SplitDigest


def build_rows(recipe: BuildRecipe) -> BuildRows:
    """Return the training or fine-tuning rows of a recipe and its data lineage."""
    data, parts, total = _parts(recipe)
    use = "fine-tuning" if recipe.source.kind == "fine-tune" else "training"
    mine = {spec.name: parts[spec.name] for spec in data.splits if spec.use == use}
    if not mine:
        raise RecipeError(
            f"{recipe.name}: data.splits",
            got="no split to train on",
            expected=f"at least one with use: {use}",
            next_step="add one to the recipe",
        )
    return BuildRows(
        splits=mine,
        training=concatenate(tuple(mine.values())),
        dataset=_lineage(data, parts, total),
    )


def held_out_rows(recipe: BuildRecipe) -> HeldOut:
    """Return the evaluation rows of a recipe; only for the evaluator."""
    _, parts, _ = _parts(recipe)
    mine = {name: parts[name] for name in recipe.evaluation.splits}
    rows = concatenate(tuple(mine.values()))
    name = "+".join(mine)
    digest = SplitDigest(
        name=name,
        use="evaluation",
        rows=len(rows),
        sha256=rows.digest(),
        repeated=rows.repeated_from(
            parts[spec.name] for spec in recipe.data.splits if spec.use != "evaluation"
        )
        if recipe.data
        else None,
    )
    return HeldOut(rows=rows, parts=mine, digest=digest)


def _parts(recipe: BuildRecipe) -> tuple[DataSpec, dict[str, Rows], int]:
    if recipe.data is None:
        raise RecipeError(
            f"{recipe.name}: data",
            got="none",
            expected="a data set with splits",
            next_step="name one in the recipe, or evaluate by parity only",
        )
    rows = read_rows(recipe.data.name)
    _check_attributes(recipe, rows)
    shares = {spec.name: partial(share_of, spec) for spec in recipe.data.splits}
    return recipe.data, split(rows, shares, seed=recipe.seed), len(rows)


def _check_attributes(recipe: BuildRecipe, rows: Rows) -> None:
    """Refuse unknown sensitive attributes before training starts."""
    named = {
        "evaluation.attributes": recipe.evaluation.attributes,
        "gates": [
            item.attribute
            for item in recipe.gates
            if item.gate != "robustness" and item.attribute not in {None, "label"}
        ],
    }
    for field, attributes in named.items():
        single = {part for item in attributes for part in str(item).split(INTERSECTION)}
        if unknown := sorted(single - set(rows.groups)):
            raise RecipeError(
                f"{recipe.name}: {field}",
                got=f"attribute {', '.join(unknown)}",
                expected=f"one of {', '.join(sorted(rows.groups)) or 'none'}: what the rows of "
                "the data set tell",
                next_step="correct or remove it in the recipe",
            )


def _lineage(data: DataSpec, parts: dict[str, Rows], total: int) -> DatasetUse:
    source = locked(data.name)
    digests = tuple(
        SplitDigest(
            name=spec.name,
            use=spec.use,
            rows=len(parts[spec.name]),
            sha256=parts[spec.name].digest(),
        )
        for spec in data.splits
    )
    return DatasetUse(
        name=data.name,
        package=source.package,
        version=source.version,
        wheel_sha256=source.sha256,
        path=", ".join(source.paths),
        rows=total,
        licence=source.licence,
        sensitive_attributes=source.sensitive_attributes,
        splits=digests,
    )
