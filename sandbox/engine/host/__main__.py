"""Start the language host: print a port, serve until told to stop, leave nothing running."""

import os
import signal
import sys
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(0)


def _main() -> None:
    # First of all: an interrupt while the imports run would show a traceback.
    for number in _SIGNALS:
        signal.signal(number, _leave)
    # gRPC's handlers for fork are not needed, as children are started by exec, and cost time.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    from sandbox.lean import skip_sdk_start  # noqa: PLC0415

    skip_sdk_start()
    from sandbox.engine.host.serve import serve  # noqa: PLC0415

    serve(sys.argv[1:], signals=_SIGNALS)


if __name__ == "__main__":
    _main()
