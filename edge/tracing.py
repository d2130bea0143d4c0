"""OpenTelemetry traces of the requests whose caller asks for one.

A request with a sampled W3C ``traceparent`` gets a span; all others cost nothing.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from edge.answer import Head
from edge.rest_job import Done

__all__ = ["Tracing", "otlp"]

_SAMPLED: Final = b"-01"
_FAILED: Final = 500


def otlp(endpoint: str) -> SpanExporter:
    """Return an exporter to a collector, ``http://collector:4318/v1/traces``."""
    exporter: SpanExporter = OTLPSpanExporter(endpoint=endpoint)
    return exporter


class Tracing:
    """Makes spans and sends them, in its own thread."""

    def __init__(self, exporter: SpanExporter) -> None:
        """Send to an exporter."""
        self._provider = TracerProvider(
            resource=Resource.create(
                {
                    "service.name": "mobile-ai-edge",
                    "service.version": version("mobile-ai-delivery"),
                }
            )
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("edge")
        self._propagator = TraceContextTextMapPropagator()

    def follow(self, traceparent: bytes, target: tuple[str, str | None], done: Done) -> Done:
        """Return a `done` that ends the request's span first; or the same if it is not sampled."""
        if not traceparent.endswith(_SAMPLED):
            return done
        context = self._propagator.extract({"traceparent": traceparent.decode("latin-1")})
        if not trace.get_current_span(context).get_span_context().is_valid:
            return done
        span = self._tracer.start_span(
            "infer",
            context=context,
            kind=SpanKind.SERVER,
            attributes={"mobile_ai.model": target[0], "mobile_ai.version": target[1] or ""},
        )

        def end(head: Head, body: bytes) -> None:
            if span.is_recording():
                span.set_attribute("http.response.status_code", head.status)
                if head.status >= _FAILED:
                    span.set_status(StatusCode.ERROR)
                span.end()
            done(head, body)

        return end

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()
