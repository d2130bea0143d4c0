"""`mobile-ai sandbox`: have what a preview needs on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from cli.errors import UserError
from sandbox.errors import SandboxError

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)
providers = typer.Typer(no_args_is_help=True)
app.add_typer(providers, name="providers", help="Stand-ins for the AWS and Kubernetes providers.")


@app.command()
def engine() -> None:
    """Find the Pulumi engine, or build it once per machine, and print its path."""
    from sandbox.engine import locate  # noqa: PLC0415  each loads its own part only
    from sandbox.progress import shown  # noqa: PLC0415

    try:
        with shown() as progress:
            print(locate(progress=progress).pulumi)
    except SandboxError as error:
        raise UserError(str(error)) from error


@providers.command()
def install(
    home: Annotated[Path, typer.Option(help="PULUMI_HOME to install into.")] = Path(
        "build/pulumi-home"
    ),
) -> None:
    """Install the stand-ins as plugins and print where they are."""
    from sandbox.providers import install as install_into  # noqa: PLC0415

    for folder in install_into(home.absolute()):
        print(folder)
