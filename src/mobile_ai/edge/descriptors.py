"""File descriptors: raises the process's limit, and caps connections below it.

A connection is a descriptor, and so is every file that a check of a release opens. Without a
reserve, idle clients would take the last one, and the server could not read its models.
"""

from __future__ import annotations

import logging
import resource
from typing import Final

_RESERVE: Final = 160  # files, sockets of checks, pipes of self-tests, listening sockets
_MOST: Final = 1_048_576  # where the system sets no limit
_LOG: Final = logging.getLogger("mobile_ai.edge.descriptors")


def raise_limit() -> int:
    """Raise the soft limit of open files to the hard one; return the limit in force."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError) as error:
            _LOG.warning("limit of open files not raised", extra={"why": str(error)})
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft == resource.RLIM_INFINITY else soft


def cap_connections(wanted: int, *, limit: int, ports: int) -> int:
    """Return the maximum number of connections of each port.

    Args:
        wanted: Number from the settings.
        limit: Files that the process may have open.
        ports: Ports that share the limit.
    """
    possible = max(1, (limit - min(_RESERVE, limit // 2)) // ports)
    given = min(wanted, possible)
    facts = {"connections": given, "wanted": wanted, "open_files": limit}
    if given < wanted:
        _LOG.warning("fewer connections than the settings say: raise the limit", extra=facts)
    else:
        _LOG.info("connections of each port", extra=facts)
    return given
