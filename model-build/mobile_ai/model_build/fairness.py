"""Fairness between groups of people: pure functions of predictions, labels and groups.

Definitions follow Hardt et al. 2016 (equalized odds) and Dwork et al. 2012 (demographic
parity). A group smaller than the recipe's minimum is left out and named: a rate of a
dozen people decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from mobile_ai.contracts.metrics import METRICS
from mobile_ai.model_build.errors import RecipeError
from mobile_ai.model_build.metrics import paired_right, wilson
from mobile_ai.model_build.results import (
    INTERSECTION,
    FairnessMeasurement,
    GroupQuality,
    MetricEstimate,
)

# Rows by group (axis -2) and kind (axis -1); a kind is 4 wanted + 2 chosen + right.
_Counts = NDArray[Any]
_ALPHA: Final = 0.05
_KINDS = np.arange(8)
_WANTED, _CHOSEN, _RIGHT = _KINDS & 4 > 0, _KINDS & 2 > 0, _KINDS & 1 > 0
_EVERYONE = np.ones(8, dtype=bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessPlan:
    """Parameters of a fairness measurement: favourable label, smallest group, resamples, seed."""

    positive: int
    minimum_group: int
    rounds: int
    seed: int


@dataclass(frozen=True, slots=True)
class _Metric:
    """A name, the value, and which group decides it (its place)."""

    name: str
    value: Callable[[_Counts], NDArray[np.float64]]
    worst: Callable[[_Counts], int]


def fairness(
    predicted: NDArray[np.int64],
    labels: NDArray[np.int64],
    groups: NDArray[Any],
    *,
    attribute: str,
    plan: FairnessPlan,
    reference: NDArray[np.int64] | None = None,
) -> tuple[FairnessMeasurement, ...]:
    """Return the fairness metrics of one attribute with bootstrap intervals.

    With the `reference`'s predictions of the same rows, each has its change against them, from
    resamples of the pairs.

    Rows of one group and kind are alike, so resampling rows is drawing the table of counts
    from a multinomial: the same distribution in a thousandth of the time.

    Fewer than two groups that are large enough give no result.
    """
    names, sizes = np.unique(groups, return_counts=True)
    kept = names[sizes >= plan.minimum_group]
    if len(kept) < 2:  # noqa: PLR2004  # a difference takes two
        return ()
    small = dict(zip(names.tolist(), sizes.tolist(), strict=True))
    excluded = {str(name): size for name, size in small.items() if name not in kept}
    now = _kinds(predicted, labels, plan.positive)
    counts = _counts(now, groups, kept)
    drawn = _resampled(counts, len(labels), plan)
    pairs = None
    if reference is not None:
        before = _kinds(reference, labels, plan.positive)
        pairs = _counts(8 * before + now, groups, kept, kinds=64)
    again = None if pairs is None else _resampled(pairs, len(labels), plan)
    return tuple(
        FairnessMeasurement(
            attribute=attribute,
            metric=metric.name,
            estimate=_estimate(metric, counts, drawn, plan.rounds),
            worst_group=str(kept[metric.worst(counts)]),
            smallest_group=int(counts.sum(axis=1).min()),
            excluded=excluded,
            change=_change(metric, pairs, again, plan.rounds),
        )
        for metric in _METRICS
    )


def members(groups: Mapping[str, NDArray[Any]], attribute: str) -> NDArray[Any]:
    """Return the group of every row by an attribute, or by an intersection such as `sex x race`.

    Raises:
        KeyError: If an attribute is not among the groups.
        RecipeError: If groups of an intersection have names that cannot be told apart.
    """
    parts = [groups[name].astype(str) for name in attribute.split(INTERSECTION)]
    if len(parts) > 1:
        for name in {str(item) for part in parts for item in np.unique(part)}:
            if INTERSECTION in name:
                raise RecipeError(
                    f"evaluation.attributes: {attribute}",
                    got=f"a group named {name!r}",
                    expected=f"groups without {INTERSECTION!r} in their names",
                    next_step="correct or remove it in the recipe",
                )
    joined = parts[0]
    for part in parts[1:]:
        joined = np.char.add(np.char.add(joined, INTERSECTION), part)
    return np.asarray(joined)


def group_quality(
    predicted: NDArray[np.int64],
    labels: NDArray[np.int64],
    groups: Mapping[str, NDArray[Any]],
    *,
    reference: NDArray[np.int64] | None = None,
) -> tuple[GroupQuality, ...]:
    """Return accuracy in every group of every attribute, and the loss against a reference.

    The worst of k groups is looked for, so their losses share the 5 % (Bonferroni).
    """
    found = []
    for attribute, named in groups.items():
        names = np.unique(named)
        z = float(-ndtri(_ALPHA / 2 / len(names)))
        for group in names:
            rows = named == group
            right = predicted[rows] == labels[rows]
            estimate = wilson(int(np.sum(right)), int(rows.sum()))
            loss = None
            if reference is not None:
                loss = paired_right(reference[rows] == labels[rows], right, z=z)
            found.append(
                GroupQuality(
                    attribute=attribute,
                    group=str(group),
                    metric="accuracy",
                    estimate=estimate,
                    loss_pt=loss.loss_pt if loss else None,
                    loss_low_pt=loss.low_pt if loss else None,
                    loss_high_pt=loss.high_pt if loss else None,
                )
            )
    return tuple(found)


def _kinds(
    predicted: NDArray[np.int64], labels: NDArray[np.int64], positive: int
) -> NDArray[np.int64]:
    kinds = 4 * (labels == positive) + 2 * (predicted == positive) + (predicted == labels)
    return np.asarray(kinds, dtype=np.int64)


def _counts(
    kinds_of_rows: NDArray[np.int64], groups: NDArray[Any], kept: NDArray[Any], *, kinds: int = 8
) -> _Counts:
    return np.stack([np.bincount(kinds_of_rows[groups == name], minlength=kinds) for name in kept])


def _change(
    metric: _Metric, pairs: _Counts | None, drawn: _Counts | None, rounds: int
) -> MetricEstimate | None:
    """Return how much worse a metric became, in its own unit."""
    if pairs is None or drawn is None:
        return None
    sign = 1 if METRICS[metric.name].more_is_worse else -1

    def worse(counts: _Counts) -> NDArray[np.float64]:
        table = counts.reshape(*counts.shape[:-1], 8, 8)
        return sign * (metric.value(table.sum(-2)) - metric.value(table.sum(-1)))

    value = float(worse(pairs))
    low, high = np.nanpercentile(worse(drawn), [2.5, 97.5])
    return MetricEstimate.covering(
        value, low, high, n=int(pairs.sum()), method=f"paired bootstrap-{rounds}"
    )


def _resampled(counts: _Counts, rows: int, plan: FairnessPlan) -> _Counts:
    flat = counts.reshape(-1)
    rest = rows - flat.sum()  # rows of the groups left out: drawn too, then dropped
    chances = np.append(flat, rest) / rows
    generator = np.random.default_rng(plan.seed)
    drawn = generator.multinomial(rows, chances, size=plan.rounds)
    return np.asarray(drawn[:, :-1].reshape(plan.rounds, *counts.shape))


def _estimate(metric: _Metric, counts: _Counts, drawn: _Counts, rounds: int) -> MetricEstimate:
    value = float(metric.value(counts))
    low, high = np.nanpercentile(metric.value(drawn), [2.5, 97.5])
    return MetricEstimate.covering(
        value, low, high, n=int(counts.sum()), method=f"bootstrap-{rounds}"
    )


def _share(counts: _Counts, hits: NDArray[np.bool_], among: NDArray[np.bool_]) -> _Counts:
    """Return per group the share of `hits` among `among`; nan where there is nobody."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(counts[..., hits & among].sum(-1) / counts[..., among].sum(-1))


def _spread(rates: _Counts) -> NDArray[np.float64]:
    return np.asarray(np.nanmax(rates, axis=-1) - np.nanmin(rates, axis=-1))


def _chosen(counts: _Counts) -> _Counts:
    return _share(counts, _CHOSEN, _EVERYONE)


def _accuracy(counts: _Counts) -> _Counts:
    return _share(counts, _RIGHT, _EVERYONE)


def _odds(counts: _Counts) -> NDArray[np.float64]:
    true, false = _share(counts, _CHOSEN, _WANTED), _share(counts, _CHOSEN, ~_WANTED)
    return np.maximum(_spread(true), _spread(false))


def _odds_worst(counts: _Counts) -> int:
    true, false = _share(counts, _CHOSEN, _WANTED), _share(counts, _CHOSEN, ~_WANTED)
    by_true = _spread(true) >= _spread(false)
    return int(np.nanargmin(true) if by_true else np.nanargmax(false))


def _least_chosen(counts: _Counts) -> int:
    return int(np.nanargmin(_chosen(counts)))


def _least_accurate(counts: _Counts) -> int:
    return int(np.nanargmin(_accuracy(counts)))


_METRICS = (
    _Metric("demographic-parity-difference", lambda c: _spread(_chosen(c)), _least_chosen),
    _Metric("equalized-odds-difference", _odds, _odds_worst),
    _Metric("accuracy-gap", lambda c: _spread(_accuracy(c)), _least_accurate),
    _Metric(
        "worst-group-accuracy",
        lambda c: np.asarray(np.nanmin(_accuracy(c), axis=-1)),
        _least_accurate,
    ),
)
