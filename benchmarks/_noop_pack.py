"""Policy pack without rules, to measure the cost of the calls alone."""

import sys
from concurrent import futures
from typing import Any

import grpc
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

__all__ = ["Servicer", "main"]


class Servicer(analyzer_pb2_grpc.AnalyzerServicer):
    """Analyzer that reports no violations."""

    def Analyze(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802  the protocol's
        """Return no violations."""
        return analyzer_pb2.AnalyzeResponse()

    def Remediate(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Return no remediations."""
        return analyzer_pb2.RemediateResponse()


def main() -> None:
    """Print a port and serve until terminated."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Servicer(), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    try:
        server.wait_for_termination()
    except KeyboardInterrupt:
        sys.exit()


if __name__ == "__main__":
    main()
