"""OpenTelemetry traces of sampled requests.

A request with a sampled W3C ``traceparent`` gets a span; all others cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import Final

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from mobile_ai.edge.errors import RefusedError
from mobile_ai.edge.http_response import Head
from mobile_ai.edge.rest_job import Done

_SAMPLED: Final = b"-01"
_OK, _FAILED = 200, 500
_GRPC_OK: Final = 0


def otlp(endpoint: str) -> SpanExporter:
    """Return an OTLP/HTTP exporter for a collector, ``http://collector:4318/v1/traces``."""
    exporter: SpanExporter = OTLPSpanExporter(endpoint=endpoint)
    return exporter


class Tracing:
    """Creates spans and exports them in a background thread."""

    def __init__(self, exporter: SpanExporter) -> None:
        """Export to the given exporter."""
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
        """Return a `done` that ends the request's span first; the same one if it is not sampled."""
        span = self._begun(traceparent, target, protocol="http")
        if span is None:
            return done

        def end(head: Head, body: bytes) -> None:
            _end(span, "http.response.status_code", head.status, failed=head.status >= _FAILED)
            done(head, body)

        return end

    @contextmanager
    def call(
        self, traceparent: bytes, target: tuple[str, str | None], *, codes: Mapping[int, int]
    ) -> Iterator[None]:
        """Hold a span, if sampled, until a gRPC call is answered, refused or cancelled.

        Args:
            traceparent: W3C trace context of the caller; empty if there is none.
            target: Name and version of the model.
            codes: Statuses of :mod:`mobile_ai.edge.errors` to gRPC codes.
        """
        span = self._begun(traceparent, target, protocol="grpc")
        if span is None:
            yield
            return
        status = _FAILED
        try:
            yield
            status = _OK
        except RefusedError as error:
            status = error.status
            raise
        finally:
            code = _GRPC_OK if status == _OK else codes[status]
            _end(span, "rpc.grpc.status_code", code, failed=status >= _FAILED)

    def _begun(
        self, traceparent: bytes, target: tuple[str, str | None], *, protocol: str
    ) -> Span | None:
        if not traceparent.endswith(_SAMPLED):
            return None
        context = self._propagator.extract({"traceparent": traceparent.decode("latin-1")})
        if not trace.get_current_span(context).get_span_context().is_valid:
            return None
        return self._tracer.start_span(
            "infer",
            context=context,
            kind=SpanKind.SERVER,
            attributes={
                "mobile_ai.model": target[0],
                "mobile_ai.version": target[1] or "",
                "network.protocol.name": protocol,
            },
        )

    def close(self) -> None:
        """Export the remaining spans."""
        self._provider.shutdown()


def _end(span: Span, attribute: str, code: int, *, failed: bool) -> None:
    """End a span with the response's status; only the first call counts."""
    if span.is_recording():
        span.set_attribute(attribute, code)
        if failed:
            span.set_status(StatusCode.ERROR)
        span.end()
