"""Trains the network of a recipe, fine-tunes it from its parent, or reads it from a cache.

Weights are cached per user under the digest of everything that determines them (rows, plan, seed,
code, tool versions), so that an interrupted or repeated build trains nothing twice.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import numpy as np

from mobile_ai.model_build import augment, networks, train
from mobile_ai.model_build.data import BuildRows, build_rows
from mobile_ai.model_build.errors import RecipeError
from mobile_ai.model_build.fetch import cache_dir
from mobile_ai.model_build.recipe import BuildRecipe, TrainSpec, load_recipe
from mobile_ai.model_build.results import Transform

_TOOL = "tensorflow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A trained network with its training rows, transforms and parent."""

    recipe: BuildRecipe
    model: Any
    rows: BuildRows
    transforms: tuple[Transform, ...]
    parent: Trained | None = None


def obtain(path: Path, *, tick: train.Tick | None = None, cache: Path | None = None) -> Trained:
    """Return the trained network of a recipe, after that of its parent.

    Raises:
        RecipeError: If the recipe does not train, or its parent is another model.
    """
    recipe = load_recipe(path)
    plan = _plan(recipe)
    rows = build_rows(recipe)
    source = recipe.source
    parent = obtain(path.parent / str(source.parent), cache=cache) if source.parent else None
    if parent and parent.recipe.name != recipe.name:
        raise RecipeError(
            f"{path.name}: source.parent",
            got=f"model {parent.recipe.name}",
            expected=f"model {recipe.name}",
            next_step="name the recipe of the version to start from",
        )
    network = source.network or str(_root(parent).recipe.source.network)
    classes = int(rows.training.labels.max()) + 1
    start = train.weights_digest(parent.model) if parent else network
    model = train.new_network(network, rows.training, classes=classes, seed=recipe.seed)
    kept = (cache or cache_dir() / "networks") / f"{_key(recipe, plan, rows, start)}.npz"
    if kept.is_file():
        model.set_weights(_read(kept))
    else:
        if parent:
            model.set_weights(parent.model.get_weights())
        train.fit(model, rows.training, plan, seed=recipe.seed, tick=tick)
        _write(kept, model.get_weights())
    link = _link(recipe, plan, rows, model)
    return Trained(recipe=recipe, model=model, rows=rows, transforms=(link,), parent=parent)


def _plan(recipe: BuildRecipe) -> TrainSpec:
    if recipe.train is None or recipe.source.imported:
        raise RecipeError(
            f"{recipe.name}: source.kind",
            got=recipe.source.kind,
            expected="network or fine-tune, with 'train'",
            next_step="an imported model is not trained",
        )
    return recipe.train


def _root(trained: Trained | None) -> Trained:
    if trained is None:
        raise ValueError("a network without kind or parent")
    return _root(trained.parent) if trained.parent else trained


def _key(recipe: BuildRecipe, plan: TrainSpec, rows: BuildRows, start: str) -> str:
    decides = {
        "start": start,
        "plan": plan.model_dump(mode="json", exclude={"adapt_epochs", "adapt_learning_rate"}),
        "seed": recipe.seed,
        "rows": rows.training.digest(),
        "tools": [installed("tensorflow"), installed("tf-keras"), installed("numpy")],
        "code": [
            hashlib.sha256(Path(str(module.__file__)).read_bytes()).hexdigest()
            for module in (train, networks, augment)
        ],
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:32]


def _link(recipe: BuildRecipe, plan: TrainSpec, rows: BuildRows, model: Any) -> Transform:
    told = {key: value for key, value in plan.model_dump(mode="json").items() if value is not None}
    return Transform(
        step="fine-tune" if recipe.source.kind == "fine-tune" else "train",
        tool=_TOOL,
        version=installed(_TOOL),
        parameters={**told, "seed": recipe.seed, "network": recipe.source.network or "parent's"},
        input_sha256=rows.training.digest(),
        output_sha256=train.weights_digest(model),
    )


def _write(path: Path, weights: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Atomic: an interruption leaves no partial file under the final name.
    draft = path.with_suffix(".part.npz")
    np.savez(draft, *weights)
    draft.replace(path)


def _read(path: Path) -> list[Any]:
    with np.load(path, allow_pickle=False) as stored:
        return [stored[name] for name in stored.files]
