"""`python -m edge.workload`: the server as an image runs it, told about its place by variables.

What the components give a pod or a function is in `edge.models.settings.ENVIRONMENT`; everything
else is the same everywhere. A server that needs more is started with a configuration file.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import uvloop

from edge.logs import configure
from edge.models.settings import IMAGE, ModelSettings
from edge.server import serve
from edge.settings import Settings
from edge.watched import FileError

__all__ = ["PORT", "THROTTLE", "main", "settings_from_environment"]

PORT: Final = 8080
# Mounted from the ConfigMap `<app>-<model>-throttle`, where the site has one.
THROTTLE: Final = Path("/etc/mobile-ai/throttle/throttle.json")
_USAGE: Final = 2


def settings_from_environment(
    environment: Mapping[str, str], *, image: Path = IMAGE, throttle: Path = THROTTLE
) -> Settings:
    """Return the settings of a workload that the components declare.

    Args:
        environment: Its variables.
        image: What the image holds beside the code.
        throttle: The budget's throttle, used if it is there.

    Raises:
        ValueError: If a variable is missing or wrong.
    """
    values: dict[str, Any] = {
        "models": ModelSettings.from_environment(environment, image=image),
        # All addresses: a pod has one, and its network policy lets in the gateway only.
        "listen": {"host": "0.0.0.0", "port": PORT},  # noqa: S104
    }
    if throttle.is_file():
        values["access"] = {"throttle": throttle}
    return Settings.model_validate(values)


def main(environment: Mapping[str, str] = os.environ, *, image: Path = IMAGE) -> int:
    """Serve until SIGTERM; return an exit code."""
    try:
        settings = settings_from_environment(environment, image=image)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return _USAGE
    configure(settings.log_level)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings))
    except (FileError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
