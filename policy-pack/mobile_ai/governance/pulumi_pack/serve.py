"""Runs the analyzer's gRPC server and prints its port, as the engine's plugin protocol requires."""

from __future__ import annotations

import sys
from concurrent import futures
from pathlib import Path
from typing import Any, Final

import grpc
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from mobile_ai.governance.pulumi_pack.servicer import Servicer
from mobile_ai.governance.stack_policy import load_version

_MAX_MESSAGE_BYTES: Final = 400 * 1024 * 1024  # as the SDK's own packs
_THREADS: Final = 4


def serve_pack(folder: Path) -> None:
    """Serve the pack in a folder until the process is terminated."""
    server, port = start(Servicer(folder, version=load_version(folder)))
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    try:
        server.wait_for_termination()
    except KeyboardInterrupt:  # the engine interrupts its plugins on exit
        server.stop(0)


def start(servicer: Servicer) -> tuple[Any, int]:
    """Start a server on a free port of the loopback interface; return it and the port."""
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=_THREADS),
        options=[("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES)],
    )
    # gRPC uses the first handler registered for a method: these three override the SDK's below.
    server.add_generic_rpc_handlers((_handlers(servicer),))
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def _handlers(servicer: Servicer) -> Any:
    plain = grpc.unary_unary_rpc_method_handler
    return grpc.method_handlers_generic_handler(
        "pulumirpc.Analyzer",
        {
            "Analyze": plain(
                servicer.analyze, request_deserializer=analyzer_pb2.AnalyzeRequest.FromString
            ),
            "AnalyzeStack": plain(
                servicer.analyze_stack,
                request_deserializer=analyzer_pb2.AnalyzeStackRequest.FromString,
            ),
            "Remediate": plain(servicer.remediate),
        },
    )
