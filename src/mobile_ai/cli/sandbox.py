"""`mobile-ai sandbox`: a local cloud on this machine."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from mobile_ai.cli.errors import answering
from mobile_ai.cli.options import Json
from mobile_ai.gobuild.errors import GoBuildError
from mobile_ai.sandbox.errors import SandboxError
from mobile_ai.sandbox.services.endpoints import DEFAULT_ACCOUNT

if TYPE_CHECKING:
    from mobile_ai.sandbox.services.endpoints import Endpoints

_ROOT: Final = Path("build/sandbox")

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Option(help="Name of the sandbox; several can run side by side.")]


@app.command()
def up(  # noqa: PLR0917  typer takes parameters as options
    name: Name = "default",
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Service to start: aws, kubernetes, mlflow or cdn; repeatable. Default: all."
        ),
    ] = None,
    site: Annotated[
        list[str] | None,
        typer.Option(help="Edge site (kubeconfig context) with its own API server; repeatable."),
    ] = None,
    account: Annotated[str, typer.Option(help="Account ID of the AWS API.")] = DEFAULT_ACCOUNT,
    sqlite: Annotated[  # noqa: FBT002
        bool, typer.Option("--sqlite", help="Store the registry in SQLite instead of PostgreSQL.")
    ] = False,
    kubeconfig: Annotated[
        Path | None,
        typer.Option(
            help="Use the cluster of this kubeconfig, on this machine; start no API server."
        ),
    ] = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Start the local cloud: AWS API, Kubernetes API, model registry and CDN, on loopback only.

    Run it again to restart stopped services; running ones are kept. Free of charge, no account.

    Example: mobile-ai sandbox up

    Example: mobile-ai sandbox up --name try --only aws --only cdn
    """
    from mobile_ai.gobuild.progress import shown  # noqa: PLC0415  each command loads its own part only
    from mobile_ai.sandbox.services import lifecycle  # noqa: PLC0415
    from mobile_ai.sandbox.services.state import SandboxFolder  # noqa: PLC0415

    wish = lifecycle.SandboxOptions(
        only=tuple(only or ()),
        account=account,
        sites=tuple(site or ()),
        sqlite=sqlite,
        kubeconfig=kubeconfig,
    )
    with answering(GoBuildError, SandboxError):
        folder = SandboxFolder(_ROOT, name)
        with shown() as progress:
            progress.note(f"Starting sandbox `{name}`; logs are in {folder.logs}")
            endpoints = lifecycle.up(folder, wish, ambient=os.environ, progress=progress)
    print(json.dumps(asdict(endpoints)) if as_json else _told(endpoints, folder.endpoints))


@app.command()
def down(name: Name = "default", as_json: Json = False) -> None:  # noqa: FBT002
    """Stop a sandbox and delete the data of its services.

    Example: mobile-ai sandbox down
    """
    from mobile_ai.gobuild.progress import shown  # noqa: PLC0415
    from mobile_ai.sandbox.services import lifecycle  # noqa: PLC0415
    from mobile_ai.sandbox.services.state import SandboxFolder  # noqa: PLC0415

    with answering(SandboxError):
        folder = SandboxFolder(_ROOT, name)
        with shown() as progress:
            stopped = lifecycle.down(folder, progress=progress)
    if as_json:
        print(json.dumps({"stopped": stopped, "deleted": str(folder.path)}))
    else:
        print(f"Stopped: {', '.join(stopped) or 'nothing ran'}. Deleted: {folder.path}")


@app.command()
def status(name: Name = "default", as_json: Json = False) -> None:  # noqa: FBT002
    """Show the status of each service of a sandbox; exit code 1 unless all are ready.

    Example: mobile-ai sandbox status --json
    """
    from mobile_ai.sandbox.services import lifecycle  # noqa: PLC0415
    from mobile_ai.sandbox.services.state import SandboxFolder  # noqa: PLC0415

    with answering(SandboxError):
        found = lifecycle.status(SandboxFolder(_ROOT, name))
    if as_json:
        print(json.dumps([asdict(one) for one in found]))
    elif not found:
        print(f"Sandbox `{name}` is not running. Next: mobile-ai sandbox up")
    for one in () if as_json else found:
        megabytes = one.memory_bytes // 1_000_000
        print(f"{one.name:<14} {one.state:<7} pid {one.pid:<8} {megabytes:>5} MB  {one.log}")
    if not found or any(one.state != "ready" for one in found):
        raise typer.Exit(1)


@app.command()
def sync(
    bundle: Annotated[
        Path, typer.Argument(help="Bundle folder of a `pull` site, with YAML files.")
    ],
    site: Annotated[
        str, typer.Option(help="Site name: a kubeconfig context, else the default cluster is used.")
    ],
    name: Name = "default",
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Apply a site's bundle like the agent in the site; delete objects no longer in it.

    Example: mobile-ai sandbox sync build/sites/dev/lab --site lab
    """
    from mobile_ai.sandbox.services.endpoints import Endpoints  # noqa: PLC0415
    from mobile_ai.sandbox.services.site import sync_site  # noqa: PLC0415
    from mobile_ai.sandbox.services.state import SandboxFolder  # noqa: PLC0415

    with answering(SandboxError):
        folder = SandboxFolder(_ROOT, name)
        done = sync_site(Endpoints.read(folder.endpoints), site, bundle, folder=folder)
    if as_json:
        print(json.dumps(asdict(done)))
    else:
        print(f"{site}: {len(done.applied)} applied, {len(done.removed)} removed")


@app.command()
def env(
    stack: Annotated[
        str | None,
        typer.Option(
            help="Stack that the shell is for. Default: the only one, or the only one of class "
            "development in policy-pack/stacks.yaml."
        ),
    ] = None,
    name: Annotated[
        str, typer.Option(help="Name of the sandbox; default: the stack's name, or `default`.")
    ] = "",
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Print shell variables that make plain `pulumi` use the sandbox.

    Without a running sandbox they support previews only; `pulumi up` requires one.

    Example: eval "$(mobile-ai sandbox env)" && pulumi preview --policy-pack policy-pack

    Example: mobile-ai sandbox env --stack prod --name prod --json
    """
    from mobile_ai.gate.deploy.shell import open_shell  # noqa: PLC0415
    from mobile_ai.gate.errors import GateError  # noqa: PLC0415
    from mobile_ai.sandbox.services.state import SandboxFolder  # noqa: PLC0415
    from mobile_ai.stack.listed import find_stack  # noqa: PLC0415

    with answering(GateError, SandboxError):
        endpoints = SandboxFolder(_ROOT, name).endpoints if name else None
        shell = open_shell(
            Path.cwd(), find_stack(Path.cwd(), stack), endpoints=endpoints, ambient=os.environ
        )
    print(json.dumps(asdict(shell)) if as_json else shell.script())
    if not shell.endpoints and not as_json:
        print(
            "# No sandbox runs: previews only. Next, for `up`: mobile-ai sandbox up",
            file=sys.stderr,
        )


def _told(endpoints: "Endpoints", path: Path) -> str:
    lines = [
        ("AWS API", endpoints.aws),
        ("model registry", endpoints.mlflow),
        ("CDN", endpoints.cdn),
        *((f"Kubernetes {name}", one.server) for name, one in endpoints.kubernetes.items()),
        ("kubeconfig", endpoints.kubeconfig),
        ("endpoints", str(path)),
    ]
    return "\n".join(f"{what:<20} {where}" for what, where in lines if where)
