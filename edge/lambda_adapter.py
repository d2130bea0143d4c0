"""The same application behind Lambda's runtime interface.

One event loop lives as long as the function's process; it runs while a request is served and
stands still in between. So checks for newer releases, which are due by the clock, go on during
requests and delay none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mangum import Mangum

from edge.logs import configure
from edge.models import open_table
from edge.models.settings import IMAGE
from edge.rest import RestApp
from edge.server import make_front
from edge.settings import Settings, from_environment

__all__ = ["Handler", "make_handler"]

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]
"""Takes an API Gateway event of payload format 2.0 and a context; returns the answer."""


def make_handler(environment: Mapping[str, str], *, image: Path = IMAGE) -> Handler:
    """Return the handler of a function, its model loaded.

    A function starts with what its image brought, if it did; else it fetches the release of its
    ring first.

    Args:
        environment: The function's variables.
        image: What its image holds beside the code.

    Raises:
        SettingsError: If a variable is missing or wrong.
    """
    settings = from_environment(environment, image=image)
    configure(settings.log_level)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)  # where the adapter looks for it
    app = loop.run_until_complete(_started(settings))
    handler: Handler = Mangum(app, lifespan="off")
    return handler


async def _started(settings: Settings) -> RestApp:
    table = open_table(settings.models)
    await table.start()
    return RestApp(make_front(settings, table), settings.http_limits())
