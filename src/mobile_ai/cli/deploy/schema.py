"""`mobile-ai schema`: print the JSON Schemas of file formats."""

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

app = typer.Typer(no_args_is_help=True)


@app.command()
def manifest(
    api_version: Annotated[
        str, typer.Option(help="Version of the format: mobile-ai/v1 or mobile-ai/v2.")
    ] = "mobile-ai/v2",
) -> None:
    """Print the JSON Schema of a model version's manifest.yaml.

    Example: mobile-ai schema manifest --api-version mobile-ai/v1
    """
    from mobile_ai.contracts.manifest import manifest_schema  # noqa: PLC0415  each loads its own room only

    _print(lambda: manifest_schema(api_version))


@app.command()
def settings() -> None:
    """Print the JSON Schema of a stack file's `mobile-ai:` keys.

    Example: mobile-ai schema settings > settings.schema.json
    """
    from mobile_ai.stack.settings import settings_schema  # noqa: PLC0415

    _print(settings_schema)


@app.command()
def report() -> None:
    """Print the JSON Schema of the gate's report.

    Example: mobile-ai schema report > report.schema.json
    """
    from mobile_ai.gate.report.report import report_schema  # noqa: PLC0415

    _print(report_schema)


@app.command(name="pack-config")
def pack_config() -> None:
    """Print the JSON Schema of a pack configuration (policy-pack/config).

    Example: mobile-ai schema pack-config > policy-pack/config/schema.json
    """
    from mobile_ai.governance.config import config_schema  # noqa: PLC0415
    from mobile_ai.governance.rules import catalogue  # noqa: PLC0415

    _print(lambda: config_schema(catalogue()))


@app.command()
def roots() -> None:
    """Print the JSON Schema of a version of the roots (policy-pack/stacks.yaml).

    Example: mobile-ai schema roots > roots.schema.json
    """
    from mobile_ai.contracts.roots import roots_schema  # noqa: PLC0415

    _print(roots_schema)


@app.command()
def people() -> None:
    """Print the JSON Schema of a file of people for `mobile-ai trust new`.

    Example: mobile-ai schema people > people.schema.json
    """
    from mobile_ai.signing.trust.people_file import people_schema  # noqa: PLC0415

    _print(people_schema)


@app.command(name="declared-prices")
def declared_prices() -> None:
    """Print the JSON Schema of declared prices (policy-pack/config/prices.json).

    Example: mobile-ai schema declared-prices > prices.schema.json
    """
    from mobile_ai.pricing.declared import declared_schema  # noqa: PLC0415

    _print(declared_schema)


@app.command(name="technical-documentation")
def technical_documentation() -> None:
    """Print the JSON Schema of the technical documentation in an evidence bundle.

    Example: mobile-ai schema technical-documentation > technical-documentation.schema.json
    """
    from mobile_ai.operations.evidence.document import document_schema  # noqa: PLC0415

    _print(document_schema)


@app.command(name="telemetry-event")
def telemetry_event() -> None:
    """Print the JSON Schema of a telemetry event.

    Example: mobile-ai schema telemetry-event > telemetry-event.json
    """
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
