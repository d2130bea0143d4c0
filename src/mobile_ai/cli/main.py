"""Console script `mobile-ai`; each command group is a module that is loaded on demand."""

import importlib
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated, Final, NoReturn

import typer

from mobile_ai.cli.errors import DISTRIBUTION, UserError, file_error, missing_extra
from mobile_ai.cli.help_text import unwrap_all, unwrapped
from mobile_ai.cli.streams import safe_output
from mobile_ai.contracts.errors import GovernanceError

_DEBUG: Final = "MOBILE_AI_DEBUG"
_INTERRUPTED: Final = 130  # 128 + SIGINT, as shells report it
_FAILED: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A command or a group of commands.

    Attributes:
        module: Module that holds its `app`.
        help: Summary for the list of commands, available without importing the module.
        extra: Extra of the distribution that has every package that the group needs.
        is_command: Whether the module has a function `command` instead of subcommands.
    """

    module: str
    help: str
    extra: str = ""
    is_command: bool = False


GROUPS: Final[Mapping[str, Group]] = {
    "bootstrap": Group(
        module="mobile_ai.cli.deploy.bootstrap",
        help="Prepare an AWS account for the first `up`.",
        extra="gate",
        is_command=True,
    ),
    "bundle": Group(
        module="mobile_ai.cli.deploy.bundle",
        help="Write the Kubernetes bundles of `pull` sites from the state.",
        is_command=True,
        extra="gate",
    ),
    "check": Group(
        module="mobile_ai.cli.deploy.check",
        help="Check stack files, manifests and waivers without an engine.",
        extra="policy-pack",
        is_command=True,
    ),
    "audit": Group(
        module="mobile_ai.cli.deploy.audit",
        help="Evaluate deployed resources with the policy pack.",
        extra="operations",
        is_command=True,
    ),
    "cost": Group(
        module="mobile_ai.cli.money.cost",
        help="Estimate, fetch and allocate costs; manage prices.",
        extra="operations",
    ),
    "deployed": Group(
        module="mobile_ai.cli.deploy.deployed",
        help="Write, show and rebuild the signed record of what is deployed.",
        extra="gate",
    ),
    "device": Group(
        module="mobile_ai.cli.releases.device",
        help="Update, explain and check models as a device does.",
        extra="device",
    ),
    "down": Group(
        module="mobile_ai.cli.deploy.down",
        help="Destroy a stack's resources.",
        extra="sandbox",
        is_command=True,
    ),
    "edge": Group(
        module="mobile_ai.cli.edge",
        help="Serve models over the Open Inference Protocol.",
        extra="edge",
    ),
    "evidence": Group(
        module="mobile_ai.cli.operations.evidence",
        help="Write or verify the technical documentation of deployed versions.",
        extra="gate",
        is_command=True,
    ),
    "gate": Group(
        module="mobile_ai.cli.deploy.gate",
        help="Preview a stack with the policy pack and report one verdict.",
        extra="gate",
        is_command=True,
    ),
    "images": Group(
        module="mobile_ai.cli.deploy.images",
        help="Check and update pinned image digests.",
        extra="gate",
    ),
    "key": Group(
        module="mobile_ai.cli.keys",
        help="Create a key pair for one person.",
    ),
    "migrate": Group(
        module="mobile_ai.cli.deploy.migrate",
        help="Bring a repository's files to the present formats.",
        is_command=True,
    ),
    "model": Group(
        module="mobile_ai.cli.models.model",
        help="Build, verify, compare and approve model versions.",
        extra="build",
    ),
    "monitor": Group(
        module="mobile_ai.cli.operations.monitor",
        help="Ingest telemetry, detect drift and regressions, list findings.",
        extra="operations",
    ),
    "policy": Group(
        module="mobile_ai.cli.deploy.policy",
        help="Compile and test the Rego modules of a policy pack.",
        extra="policy-pack",
    ),
    "record": Group(
        module="mobile_ai.cli.records.record",
        help="Draft, sign, verify and list signed records.",
        extra="delivery",
    ),
    "recommend": Group(
        module="mobile_ai.cli.money.recommend",
        help="Find the lowest-cost placements within service limits.",
        extra="gate",
        is_command=True,
    ),
    "remediate": Group(
        module="mobile_ai.cli.operations.remediate",
        help="Commit remediations of findings to branches.",
        extra="operations",
        is_command=True,
    ),
    "refresh": Group(
        module="mobile_ai.cli.deploy.refresh",
        help="Detect drift from Git.",
        extra="gate",
        is_command=True,
    ),
    "release": Group(
        module="mobile_ai.cli.releases.release",
        help="Plan, sign, promote, halt and roll back releases.",
        extra="delivery",
    ),
    "roots": Group(
        module="mobile_ai.cli.deploy.roots",
        help="Show and sign the list of stacks and their bounds.",
    ),
    "sandbox": Group(
        module="mobile_ai.cli.sandbox",
        help="Start, inspect and stop a local cloud on this machine.",
        extra="sandbox",
    ),
    "schema": Group(
        module="mobile_ai.cli.deploy.schema", help="Print the JSON Schema of a file format."
    ),
    "trust": Group(
        module="mobile_ai.cli.models.trust",
        help="Say who may sign what: change people's keys, renew, sign.",
    ),
    "up": Group(
        module="mobile_ai.cli.deploy.up",
        help="Deploy a stack if the gate passes it.",
        extra="gate",
        is_command=True,
    ),
}
"""Groups and commands of `mobile-ai` by name; a module is imported when its command runs."""

PANELS: Final[Mapping[str, Sequence[str]]] = {
    "Deploy": (
        *("check", "policy", "gate", "up", "refresh", "down", "deployed"),
        *("bundle", "images", "bootstrap"),
    ),
    "Models, releases and signatures": (
        *("model", "release", "device", "edge", "record", "trust", "roots", "key"),
    ),
    "Cost": ("cost", "recommend"),
    "Operate": ("audit", "evidence", "monitor", "remediate"),
    "Start": ("init", "migrate", "sandbox", "schema"),
}
"""Commands as the list of commands groups them; one that stands nowhere comes last."""
_OTHER: Final = "Other commands"


def application(arguments: Sequence[str]) -> typer.Typer:
    """Return the application, with only the selected command group loaded.

    Loading all of them would import TensorFlow and MLflow just to print help.
    """
    app = typer.Typer(
        name="mobile-ai",
        help="Deliver AI models to phones, edge sites and the cloud from Git.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        callback=_options,
    )
    named = _named(arguments)
    panels = {name: panel for panel, names in PANELS.items() for name in names}
    order = [*panels]
    for name in sorted(GROUPS, key=lambda it: order.index(it) if it in panels else len(order)):
        panel = panels.get(name, _OTHER)
        _add(app, name, GROUPS[name], panel=panel, loaded=name == named)
    return app


def _named(arguments: Sequence[str]) -> str:
    return next((item for item in arguments if not item.startswith("-")), "")


def _add(app: typer.Typer, name: str, group: Group, *, panel: str, loaded: bool) -> None:
    module = importlib.import_module(group.module) if loaded else None
    if group.is_command:
        told = unwrapped(module.command) if module else group.help
        command = app.command(name, help=told, rich_help_panel=panel)
        command(module.command if module else _none)
    else:
        loaded_app = module.app if module else typer.Typer()
        unwrap_all(loaded_app)
        app.add_typer(loaded_app, name=name, help=group.help, rich_help_panel=panel)


def _none() -> None:
    """Placeholder in the list of commands for a module that is not loaded."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the console script; a user error prints its message and exits with code 2."""
    with safe_output():
        _run(sys.argv[1:] if arguments is None else list(arguments))


def _run(arguments: Sequence[str]) -> None:
    try:
        application(arguments)(args=list(arguments), prog_name="mobile-ai")
    except KeyboardInterrupt:
        print("Interrupted; nothing was left running.", file=sys.stderr)
        sys.exit(_INTERRUPTED)
    except (UserError, GovernanceError) as error:
        _fail(str(error))
    except Exception as error:  # noqa: BLE001  told as a defect, with its traceback if asked
        group = GROUPS.get(_named(arguments))
        missing = missing_extra(error, group.extra) if group else ""
        if known := missing or (file_error(error) if isinstance(error, OSError) else ""):
            _fail(known)
        if os.environ.get(_DEBUG):
            traceback.print_exc()
            sys.exit(1)
        _fail(
            f"{type(error).__name__}: {error}\nThis is a defect of mobile-ai. "
            f"Next: run it again with {_DEBUG}=1 and report what it prints."
        )


def _fail(message: str) -> NoReturn:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(_FAILED)


def _print_version(asked: bool) -> None:  # noqa: FBT001  typer calls it so
    if asked:
        print(f"mobile-ai {version(DISTRIBUTION)}")
        raise typer.Exit


def _options(
    _version: Annotated[  # noqa: FBT002  typer makes it a flag
        bool,
        typer.Option(
            "--version",
            help="Show the version and exit.",
            is_eager=True,
            callback=_print_version,
        ),
    ] = False,
) -> None:
    """Declare the global options."""


if __name__ == "__main__":
    main()
