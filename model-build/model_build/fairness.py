"""Fairness between groups of people: pure functions of predictions, labels and groups.

Definitions follow Hardt et al. 2016 (equalized odds) and Dwork et al. 2012 (demographic
parity). A group smaller than the recipe's minimum is left out and named: a rate of a
dozen people decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_build.metrics import bootstrap, wilson
from model_build.results import FairnessResult, GroupQuality

__all__ = ["FairnessPlan", "fairness", "group_quality"]

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessPlan:
    """How to measure: the favourable label, the smallest group, the resamples, the seed."""

    positive: int
    minimum_group: int
    rounds: int
    seed: int


@dataclass(frozen=True, slots=True)
class _Rates:
    """Per group: rows, positive rate, rate among true and among false, accuracy."""

    chosen: NDArray[np.float64]
    true_positive: NDArray[np.float64]
    false_positive: NDArray[np.float64]
    accuracy: NDArray[np.float64]


def fairness(
    predicted: NDArray[np.int64],
    labels: NDArray[np.int64],
    groups: NDArray[Any],
    *,
    attribute: str,
    plan: FairnessPlan,
) -> tuple[FairnessResult, ...]:
    """Return the fairness metrics of one attribute with bootstrap intervals.

    Fewer than two groups that are large enough give no result.
    """
    names, sizes = np.unique(groups, return_counts=True)
    kept = names[sizes >= plan.minimum_group]
    excluded = {
        str(name): int(size) for name, size in zip(names, sizes, strict=True) if name not in kept
    }
    if len(kept) < 2:  # noqa: PLR2004  # a difference takes two
        return ()
    code = np.full(len(groups), -1)
    for number, name in enumerate(kept):
        code[groups == name] = number
    chosen, wanted = predicted == plan.positive, labels == plan.positive
    right = predicted == labels
    return tuple(
        FairnessResult(
            attribute=attribute,
            metric=metric,
            estimate=bootstrap(
                lambda rows, value=value: value(  # type: ignore[misc]  # bound per metric
                    _rates(code[rows], chosen[rows], wanted[rows], right[rows], len(kept))
                ),
                len(labels),
                rounds=plan.rounds,
                seed=plan.seed,
            ),
            worst_group=str(kept[worst(_rates(code, chosen, wanted, right, len(kept)))]),
            smallest_group=int(min(sizes[sizes >= plan.minimum_group])),
            excluded=excluded,
        )
        for metric, value, worst in _METRICS
    )


def group_quality(
    predicted: NDArray[np.int64],
    labels: NDArray[np.int64],
    groups: Mapping[str, NDArray[Any]],
    *,
    reference: NDArray[np.int64] | None = None,
) -> tuple[GroupQuality, ...]:
    """Return accuracy in every group of every attribute, and the loss against a reference."""
    found = []
    for attribute, members in groups.items():
        for group in np.unique(members):
            rows = members == group
            right = int(np.sum(predicted[rows] == labels[rows]))
            estimate = wilson(right, int(rows.sum()))
            loss = None
            if reference is not None:
                before = float(np.mean(reference[rows] == labels[rows]))
                loss = 100 * (before - estimate.value)
            found.append(
                GroupQuality(
                    attribute=attribute,
                    group=str(group),
                    metric="accuracy",
                    estimate=estimate,
                    loss_pt=loss,
                )
            )
    return tuple(found)


def _rates(code: NDArray[Any], chosen: Flags, wanted: Flags, right: Flags, count: int) -> _Rates:
    inside = code >= 0

    def share(flags: Flags, among: Flags) -> NDArray[np.float64]:
        rows = inside & among
        total = np.bincount(code[rows], minlength=count)
        hits = np.bincount(code[rows & flags], minlength=count)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(hits / total)  # nan where a resample lost a group

    everyone = np.ones_like(chosen)
    return _Rates(
        share(chosen, everyone),
        share(chosen, wanted),
        share(chosen, ~wanted),
        share(right, everyone),
    )


def _spread(values: NDArray[np.float64]) -> float:
    return float(np.nanmax(values) - np.nanmin(values))


def _odds(rates: _Rates) -> float:
    return max(_spread(rates.true_positive), _spread(rates.false_positive))


def _odds_worst(rates: _Rates) -> int:
    if _spread(rates.true_positive) >= _spread(rates.false_positive):
        return int(np.nanargmin(rates.true_positive))
    return int(np.nanargmax(rates.false_positive))


_METRICS: tuple[tuple[str, Callable[[_Rates], float], Callable[[_Rates], int]], ...] = (
    (
        "demographic-parity-difference",
        lambda rates: _spread(rates.chosen),
        lambda rates: int(np.nanargmin(rates.chosen)),
    ),
    ("equalized-odds-difference", _odds, _odds_worst),
    (
        "accuracy-gap",
        lambda rates: _spread(rates.accuracy),
        lambda rates: int(np.nanargmin(rates.accuracy)),
    ),
    (
        "worst-group-accuracy",
        lambda rates: float(np.nanmin(rates.accuracy)),
        lambda rates: int(np.nanargmin(rates.accuracy)),
    ),
)
