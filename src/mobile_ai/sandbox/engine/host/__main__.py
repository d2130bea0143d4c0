"""Starts the language host: prints a port and serves until terminated."""

import os
import signal
import sys
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(0)


def _main() -> None:
    # Before the imports, during which an interrupt would print a traceback.
    for number in _SIGNALS:
        signal.signal(number, _leave)
    # Children are started by exec, so gRPC's fork handlers would only cost time.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    from mobile_ai.sandbox.proto_only_import import skip_sdk_start  # noqa: PLC0415

    skip_sdk_start()
    from mobile_ai.sandbox.engine.host.serve import serve_host  # noqa: PLC0415

    serve_host(sys.argv[1:], signals=_SIGNALS)


if __name__ == "__main__":
    _main()
