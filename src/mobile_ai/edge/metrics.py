"""Prometheus exposition of the counts of :mod:`mobile_ai.edge.stats`, in the text format."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from mobile_ai.edge.models.signals import REGISTRY

if TYPE_CHECKING:
    from mobile_ai.edge.inference_service import Front

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"
"""Content type of the Prometheus text format."""
_MODEL: Final = ("model", "version", "digest")
_STAGES: Final = ("total", "queue", "run")


def exposition(front: Front) -> bytes:
    """Return the metrics of a server and of its process."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(_Collector(front))
    registry.register(REGISTRY)
    return generate_latest(registry)


class _Collector:
    """Reads the counts when asked."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics."""
        yield from self._models()
        yield from self._server()

    def _models(self) -> Iterator[Metric]:
        seconds = HistogramMetricFamily(
            "mobile_ai_edge_stage_seconds",
            "Time of a request in a stage; of stage run: of a call of the runtime.",
            labels=(*_MODEL, "stage"),
        )
        rows = HistogramMetricFamily(
            "mobile_ai_edge_batch_rows", "Rows of a call of the runtime.", labels=_MODEL
        )
        outcomes = CounterMetricFamily(
            "mobile_ai_edge_requests", "Requests by outcome.", labels=(*_MODEL, "outcome")
        )
        for labels, stats in self._front.stats.items():
            for stage in _STAGES:
                durations = getattr(stats, stage)
                seconds.add_metric((*labels, stage), durations.cumulative(), durations.seconds)
            rows.add_metric(labels, stats.batch.cumulative(), stats.batch.rows)
            for outcome, count in stats.outcomes.items():
                outcomes.add_metric((*labels, outcome), count)
        yield from (seconds, rows, outcomes)

    def _server(self) -> Iterator[Metric]:
        front = self._front
        refused = CounterMetricFamily(
            "mobile_ai_edge_refused", "Requests refused, by HTTP status.", labels=("status",)
        )
        for status, count in sorted(front.refused.items()):
            refused.add_metric((str(status),), count)
        held = CounterMetricFamily(
            "mobile_ai_edge_admission", "Requests not let in, by reason.", labels=("reason",)
        )
        for reason, count in front.admission.counts.items():
            held.add_metric((reason,), count)
        yield from (refused, held)
        yield GaugeMetricFamily(
            "mobile_ai_edge_ready", "Whether all models can be asked.", value=float(front.ready())
        )
        inside = GaugeMetricFamily(
            "mobile_ai_edge_in_flight", "Requests in a version.", labels=_MODEL
        )
        waiting = GaugeMetricFamily(
            "mobile_ai_edge_waiting", "Of these, those in the queue.", labels=_MODEL
        )
        for labels, lane in front.lanes():
            inside.add_metric(labels, lane.served.in_flight)
            waiting.add_metric(labels, lane.waiting)
        yield from (inside, waiting)
        known = GaugeMetricFamily(
            "mobile_ai_edge_model_ready",
            "Versions in the table; 1 if ready.",
            labels=("model", "version", "state"),
        )
        for entry in front.table.index():
            known.add_metric(
                (entry.name, entry.version, entry.state), float(entry.state == "READY")
            )
        yield known
        yield from self._throttle()

    def _throttle(self) -> Iterator[Metric]:
        throttle = self._front.admission.throttle
        if throttle is not None:
            limit = throttle.content
            yield GaugeMetricFamily(
                "mobile_ai_edge_throttle_requests_per_second",
                "What the budget allows; infinite while no throttle is there.",
                value=math.inf if limit is None else limit.requestsPerSecond,
            )
            yield CounterMetricFamily(
                "mobile_ai_edge_throttle_errors",
                "Times that the throttle's file changed into something unusable.",
                value=throttle.errors,
            )
