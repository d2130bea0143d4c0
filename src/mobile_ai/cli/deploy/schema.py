"""`mobile-ai schema`: print the JSON Schemas of file formats."""

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)


@app.command()
def manifest() -> None:
    """Print the JSON Schema of a model version's manifest.yaml."""
    from mobile_ai.contracts.manifest import manifest_schema  # noqa: PLC0415  each loads its own room only

    _print(manifest_schema)


@app.command()
def settings() -> None:
    """Print the JSON Schema of a stack file's `mobile-ai:` keys."""
    from mobile_ai.stack.settings import settings_schema  # noqa: PLC0415

    _print(settings_schema)


@app.command()
def report() -> None:
    """Print the JSON Schema of the gate's report."""
    from mobile_ai.gate.report.report import report_schema  # noqa: PLC0415

    _print(report_schema)


@app.command(name="pack-config")
def pack_config() -> None:
    """Print the JSON Schema of a pack configuration (policy-pack/config)."""
    from mobile_ai.governance.config import config_schema  # noqa: PLC0415
    from mobile_ai.governance.rules import catalogue  # noqa: PLC0415

    _print(lambda: config_schema(catalogue()))


@app.command()
def people() -> None:
    """Print the JSON Schema of a file of people for `mobile-ai trust new`."""
    from mobile_ai.signing.trust.people_file import people_schema  # noqa: PLC0415

    _print(people_schema)


@app.command(name="telemetry-event")
def telemetry_event() -> None:
    """Print the JSON Schema of a telemetry event."""
    from mobile_ai.contracts.telemetry import event_schema  # noqa: PLC0415

    _print(event_schema)


@app.command()
def record(
    kind: Annotated[str, typer.Argument(metavar="TYPE", help="Such as waiver, usage or image.")],
) -> None:
    """Print the JSON Schema of a signed record's predicate.

    Example: mobile-ai schema record waiver
    """
    from mobile_ai.signing.schemas import record_schema  # noqa: PLC0415

    _print(lambda: record_schema(kind))


def _print(schema: Callable[[], dict[str, Any]]) -> None:
    print(json.dumps(schema(), indent=2))
