"""`mobile-ai device check`: run and time an embedded model's self-test on this machine."""

import json
from pathlib import Path
from typing import Annotated

import typer

from mobile_ai.cli.errors import UserError
from mobile_ai.cli.options import App, Embedded, Json, Model, Repository
from mobile_ai.delivery.check import Checked, check_model
from mobile_ai.delivery.errors import SelfTestError
from mobile_ai.delivery.repository.release import RepositoryPaths

_REFUSED = 1


def check_command(  # noqa: PLR0917  # typer passes options by name
    stack: Annotated[str, typer.Option("--stack", "-s", help="Stack whose file pins the model.")],
    app_name: App,
    model: Model,
    embedded: Embedded = None,
    variant: Annotated[
        str, typer.Option("--variant", help="Artifact of the version, instead of --embedded.")
    ] = "",
    runs: Annotated[int, typer.Option(min=20, max=100_000, help="Timed runs.")] = 200,
    root_dir: Repository = Path(),
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Run a model's self-test in LiteRT or onnxruntime; exit code 1 if an output differs.

    Latencies of this machine are informational, and shown with those of the manifest.

    Example: mobile-ai device check --stack dev --app field-assistant --model digits --variant int8
    """
    if (embedded is None) == (not variant):
        raise UserError(
            "device check: expected --embedded or --variant, one of them. Next: name one."
        )
    places = RepositoryPaths(root=root_dir, stack=stack)
    try:
        found = check_model(
            places, app=app_name, model=model, runs=runs, embedded=embedded, variant=variant
        )
    except SelfTestError as error:
        typer.echo(f"refused: {error}", err=True)
        raise typer.Exit(_REFUSED) from error
    if as_json:
        print(json.dumps(found.to_dict()))
    else:
        _show(model, found)


def _show(model: str, found: Checked) -> None:
    print(f"{model} {found.version} {found.variant}: {found.cases} answers as approved")
    print(f"p50 {found.p50_ms:.4g} ms, p95 {found.p95_ms:.4g} ms over {found.runs} runs, 1 thread")
    if found.ratio is not None:
        stated = f"{found.stated_p50_ms:.4g} and {found.stated_p95_ms:.4g} ms"
        print(f"the manifest states {stated}, measured elsewhere: {found.ratio:.2f} times its p50")
