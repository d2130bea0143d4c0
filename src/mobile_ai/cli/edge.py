"""`mobile-ai edge`: inference server of an edge site."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from mobile_ai.cli.errors import UserError
from mobile_ai.edge.admission import hash_key
from mobile_ai.edge.file_watcher import FileError
from mobile_ai.edge.logs import configure
from mobile_ai.edge.server import serve as run
from mobile_ai.edge.settings import (
    ServerSettings,
    ServerSettingsError,
    from_environment,
    load_settings,
)

app = typer.Typer(no_args_is_help=True, help=__doc__, rich_markup_mode=None)

_KEY_BYTES = 32

Config = Annotated[
    Path | None,
    typer.Option("--config", help="Configuration file; default: the pod's environment variables."),
]


@app.command()
def serve(
    config: Config = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port to use instead of the configured one."),
    ] = None,
    check: Annotated[  # noqa: FBT002
        bool, typer.Option("--check", help="Validate the configuration and exit.")
    ] = False,
) -> None:
    """Serve models over the Open Inference Protocol v2 until SIGTERM or Ctrl-C.

    Examples: mobile-ai edge serve --config edge.yaml;
    mobile-ai edge serve --config edge.yaml --check;
    curl http://127.0.0.1:8080/v2/health/ready
    """
    settings = _settings(config)
    if port is not None:
        listen = settings.listen.model_copy(update={"port": port})
        settings = settings.model_copy(update={"listen": listen})
    if check:
        print("The configuration is valid.")
        return
    configure(settings.log_level)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run(settings))
    except (FileError, OSError, RuntimeError) as error:
        raise UserError(f"edge serve: {error}. Next: fix it and start again") from error


@app.command()
def key(
    client: Annotated[str, typer.Argument(help="Name of the client.")],
    operator: Annotated[  # noqa: FBT002
        bool, typer.Option("--operator", help="Allow the client to load models.")
    ] = False,
) -> None:
    """Create an API key; print it once, with its entry for the key file.

    Example: mobile-ai edge key field-assistant
    """
    made = secrets.token_urlsafe(_KEY_BYTES)
    entry = {"client": client, "sha256": hash_key(made.encode()), "operator": operator}
    print(f"key, for the client only:    {made}")
    print(f"entry, for the file of keys: {json.dumps(entry)}")


def _settings(config: Path | None) -> ServerSettings:
    try:
        return from_environment(os.environ) if config is None else load_settings(config)
    except ServerSettingsError as error:
        raise UserError(f"{error}\nNext: see docs/edge.md") from error
