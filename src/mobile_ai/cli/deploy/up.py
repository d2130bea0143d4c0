"""`mobile-ai up`: run the gate, then deploy the stack."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mobile_ai.cli.console import console
from mobile_ai.cli.errors import answering
from mobile_ai.cli.options import Cloud, Json, Operated

if TYPE_CHECKING:
    from mobile_ai.gate import Report
    from mobile_ai.gate.deploy.operate import OperateResult

Stack = Annotated[str, typer.Option(help="Stack to deploy.")]
StatementOption = Annotated[
    Path | None,
    typer.Option(help="Signed statement of `mobile-ai gate --statement`, instead of a gate run."),
]


def command(
    stack: Stack,
    cloud: Operated = Cloud.SANDBOX,
    statement: StatementOption = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Deploy a stack if the gate passes it.

    Runs the gate, checks that files, policy pack and state have not changed since its verdict, and
    deploys with the policy pack, without confirmation. Exit 0 deployed, 1 denied, 2 failed. An
    interrupted deployment is resumed by the next run.

    On AWS the files must be those of a commit, and a KMS key must encrypt the stack's secrets.

    Example: mobile-ai sandbox up && mobile-ai up --stack dev

    Example: mobile-ai sandbox up --name prod --account 444455556666 && mobile-ai up --stack prod

    Example: mobile-ai up --stack prod --cloud aws --statement build/gate/prod.dsse.json --json
    """
    from mobile_ai.gate import GateError, GateOptions  # noqa: PLC0415  takes a second, too long for a help text
    from mobile_ai.gate.deploy.operate import bring_up  # noqa: PLC0415
    from mobile_ai.gate.engine.progress import progress_shown  # noqa: PLC0415
    from mobile_ai.gate.render.terminal import print_report  # noqa: PLC0415

    with answering(GateError), progress_shown() as tell:
        report, deployed = bring_up(
            GateOptions(stack=stack, cloud=cloud.value), tell, statement=statement
        )
    if as_json:
        _print_json(report, deployed)
    elif deployed is not None:
        _print_text(stack, deployed)
    elif report is not None:
        print_report(report, console())
    if deployed is None and report is not None:
        raise typer.Exit(report.exit_code)


def _print_json(report: "Report | None", deployed: "OperateResult | None") -> None:
    """Print gate report and deployment; null if replaced by a statement, or not deployed."""
    value = {
        "gate": report.to_dict() if report else None,
        "deployed": asdict(deployed) if deployed else None,
    }
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def _print_text(stack: str, deployed: "OperateResult") -> None:
    for note in deployed.notes:
        print(f"note: {note}")
    print(f"Deployed {stack}: {_counted(deployed.changes)}")
    for name, value in deployed.outputs.items():
        shown_value = value if isinstance(value, str) else json.dumps(value)
        print(f"  {name}: {shown_value}")
    for bundle in deployed.bundles:
        print(f"  bundle of {bundle.site}: {bundle.folder}, {bundle.files} manifests")
    if deployed.reachable:
        print("In the sandbox:")
    for name, url in deployed.reachable.items():
        print(f"  {name}: {url}")


def _counted(changes: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(changes.items())) or "nothing"
