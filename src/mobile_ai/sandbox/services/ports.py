"""Free ports of this machine."""

import secrets
import socket
from typing import Final

# Below the ports that kernels give to clients (from 32768 on Linux, 49152 on macOS): a service that
# was killed comes back at its address, which no connection may have taken meanwhile.
_FIRST: Final = 20_000
_COUNT: Final = 12_768


def is_free(port: int) -> bool:
    """Return whether a server could listen on a loopback port now."""
    with socket.socket() as listener:
        # As servers do, so that connections in TIME_WAIT do not block the port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def next_port(taken: set[int]) -> int:
    """Return a free port that is not in `taken`."""
    while True:
        port = _FIRST + secrets.randbelow(_COUNT)
        if port not in taken and is_free(port):
            return port
