"""Notice to a signer about files that are signed and not committed."""

import sys
from pathlib import Path

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.printable import printable
from mobile_ai.stack.git import uncommitted

_SHOWN = 5


def note_uncommitted(*paths: Path) -> None:
    """Name files below some paths that Git does not hold as they are, on standard error."""
    folder = paths[0] if paths[0].is_dir() else paths[0].parent
    try:
        found = uncommitted(folder, *paths)
    except GovernanceError:
        named = ", ".join(map(str, paths))
        print(f"note: {printable(named)}: in no Git checkout", file=sys.stderr)
        return
    if found:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        named = printable(", ".join(found[:_SHOWN]))
        print(f"note: not committed, and signed as it lies here: {named}{more}", file=sys.stderr)
