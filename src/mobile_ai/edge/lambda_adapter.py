"""Runs the application on AWS Lambda.

One event loop lives as long as the execution environment. Lambda freezes the environment between
invocations, so the loop runs only during requests: periodic checks for newer releases are due by
the clock, progress during requests, and delay none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mangum import Mangum

from mobile_ai.edge.logs import configure
from mobile_ai.edge.models import open_table
from mobile_ai.edge.models.settings import IMAGE
from mobile_ai.edge.rest import RestApp
from mobile_ai.edge.server import make_front
from mobile_ai.edge.settings import ServerSettings, from_environment

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]
"""Takes an API Gateway event of payload format 2.0 and a context; returns the response."""


def make_handler(environment: Mapping[str, str], *, image: Path = IMAGE) -> Handler:
    """Return the function's handler, with its model loaded.

    A function starts with the model of its image, if there is one; otherwise it first fetches the
    release of its ring.

    Args:
        environment: The function's environment variables.
        image: Folder of the image's data.

    Raises:
        SettingsError: If a variable is missing or invalid.
    """
    settings = from_environment(environment, image=image)
    configure(settings.log_level)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)  # Mangum uses the current event loop
    app = loop.run_until_complete(_started(settings))
    handler: Handler = Mangum(app, lifespan="off")
    return handler


async def _started(settings: ServerSettings) -> RestApp:
    table = open_table(settings.models)
    await table.start()
    return RestApp(make_front(settings, table), settings.http_limits())
