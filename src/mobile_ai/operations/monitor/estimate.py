"""Estimates accuracy without labels, from confidences.

The estimate is the mean, over the window's histogram of confidences, of the accuracy that
labelled reference windows had in each bin of confidence: confidence-based performance estimation
(NannyML's CBPE; Guillory et al., ICCV 2021, difference of confidences), calibrated by binning
(Zadrozny and Elkan, ICML 2001). It is valid while confidences stay calibrated. It cannot detect
concept drift, a change in the relation of input and label, nor overconfidence on unfamiliar
inputs; only labels can.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from mobile_ai.operations.monitor.compare import Evidence, Z
from mobile_ai.operations.monitor.compare_windows import ComparisonSettings, WindowComparison
from mobile_ai.operations.monitor.statistics import overdispersion
from mobile_ai.operations.monitor.window_counts import Cell, History, total

_SERIES: Final = "confidence"
_LEAST_N: Final = 500
_LEAST_LABELS: Final = 500
_LEAST_DROP: Final = 0.03


def estimated_quality(history: History, settings: ComparisonSettings) -> Iterator[WindowComparison]:
    """Yield the estimated drop in accuracy of every window after the reference.

    Args:
        history: Cells; those of the reference need the series `confidence`, `label` and `hit`.
        settings: Settings of the monitor.
    """
    for subject, cells in sorted(history.items()):
        windows = sorted(w for w, cell in cells.items() if cell.histogram(_SERIES) is not None)
        first, later = windows[: settings.reference], windows[settings.reference :]
        learned = total(cells[window] for window in first)
        if subject.group or len(first) < settings.reference or not _calibrates(learned):
            continue
        tables = np.array([cells[window].bins[_SERIES] for window in first], float)
        dispersion = overdispersion([tables])
        for window in later:
            evidence = _drop(cells[window], learned, dispersion)
            if evidence is not None:
                yield WindowComparison(
                    subject=subject,
                    rule="estimated-quality-drop",
                    series=_SERIES,
                    against="past",
                    window=window,
                    evidence=evidence,
                    severity="medium",
                    playbook="retrain",
                )


def accuracy(confidences: Any, bins: Mapping[str, Any]) -> tuple[float, float]:
    """Return the expected accuracy of a histogram of confidences, and its variance.

    Args:
        confidences: Counts by bin of confidence.
        bins: `label` and `hit` of the reference, in the same bins.
    """
    labels, hits = np.asarray(bins["label"], float), np.asarray(bins["hit"], float)
    # Smoothing: one pseudo-label at the overall accuracy, for bins without labels.
    overall = hits.sum() / labels.sum()
    right = (hits + overall) / (labels + 1)
    n = float(np.sum(confidences))
    shares = np.asarray(confidences, float) / n
    expected = float(shares @ right)
    sampling = max(0.0, float(shares @ right**2) - expected**2) / n
    calibration = float(np.sum(shares**2 * right * (1 - right) / (labels + 1)))
    return expected, sampling + calibration


def _calibrates(learned: Cell) -> bool:
    labels, hits, confidences = (learned.histogram(name) for name in ("label", "hit", _SERIES))
    if labels is None or hits is None or confidences is None:
        return False
    same = len(labels) == len(hits) == len(confidences)
    return same and float(labels.sum()) >= _LEAST_LABELS


def _drop(cell: Cell, learned: Cell, dispersion: float) -> Evidence | None:
    now, normal = cell.bins[_SERIES], learned.bins[_SERIES]
    if len(now) != len(normal) or now.sum() < _LEAST_N:
        return None
    expected, variance = accuracy(now, learned.bins)
    usual, usual_variance = accuracy(normal, learned.bins)
    drop = usual - expected
    half = Z * math.sqrt((variance + usual_variance) * dispersion)
    return Evidence(
        n=float(now.sum()),
        n_reference=float(normal.sum()),
        effect=drop,
        least_effect=_LEAST_DROP,
        low=drop - half,
        high=drop + half,
        dispersion=dispersion,
    )
