"""`mobile-ai deployed`: the signed record of what each `up` deployed."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mobile_ai.cli.errors import UserError, answering
from mobile_ai.cli.options import Cloud, Json, Operated
from mobile_ai.contracts.printable import printable

if TYPE_CHECKING:
    from mobile_ai.gate.state.deployed_record import DeployedRecord

app = typer.Typer(no_args_is_help=True, help="The signed record of what each `up` deployed.")

_DEFAULT = "origin/mobile-ai/deployed"
Stack = Annotated[str, typer.Option(help="The stack.")]
Key = Annotated[str, typer.Option(help="Key of role pipeline: awskms:KEY or file2:PATH.")]
Reference = Annotated[
    str, typer.Option("--record", help="Ref of the base repository that holds the records.")
]


@app.command()
def write(  # noqa: PLR0917  typer passes options by name
    stack: Stack,
    key: Key,
    cloud: Operated = Cloud.SANDBOX,
    record: Reference = _DEFAULT,
    statement: Annotated[
        Path | None, typer.Option(help="The gate statement that the `up` believed.")
    ] = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Record what the state says is deployed, on the local branch mobile-ai/deployed.

    Reads the state, signs and commits; nothing is pushed and the working tree is not touched. A
    state that is recorded already adds nothing.

    Example: mobile-ai deployed write --stack prod --cloud aws --key awskms:alias/gate-prod
    """
    _write(stack, cloud, record, key, statement, rebuild=False, as_json=as_json)


@app.command()
def rebuild(
    stack: Stack,
    key: Key,
    cloud: Operated = Cloud.SANDBOX,
    record: Reference = _DEFAULT,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Start the records again from the state, where they are lost or do not hold.

    Example: mobile-ai deployed rebuild --stack prod --cloud aws --key awskms:alias/gate-prod
    """
    _write(stack, cloud, record, key, None, rebuild=True, as_json=as_json)


@app.command()
def show(
    stack: Stack,
    record: Reference = _DEFAULT,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show the newest record of a stack, after verifying its chain.

    Example: mobile-ai deployed show --stack prod --json
    """
    from mobile_ai.gate import GateError  # noqa: PLC0415
    from mobile_ai.gate.deploy.issue_statement import trust_of  # noqa: PLC0415
    from mobile_ai.gate.project import find_project  # noqa: PLC0415
    from mobile_ai.gate.state.record_branch import newest_record  # noqa: PLC0415

    with answering(GateError):
        project = find_project(Path.cwd(), stack)
        found = newest_record(project.root, record, stack=stack, trust=trust_of(project))
    if found is None:
        raise UserError(
            f"{record}: got no record of stack {stack}; expected one for each `up`. Next: "
            "`mobile-ai deployed write` after an `up`, or name the ref with --record."
        )
    _print(found, "", as_json=as_json)


def _write(
    stack: str,
    cloud: Cloud,
    reference: str,
    key: str,
    statement: Path | None,
    *,
    rebuild: bool,
    as_json: bool,
) -> None:
    from mobile_ai.gate import GateError, GateOptions  # noqa: PLC0415
    from mobile_ai.gate.deploy.issue_statement import trust_of  # noqa: PLC0415
    from mobile_ai.gate.deploy.record_deployed import write_record  # noqa: PLC0415
    from mobile_ai.gate.project import find_project  # noqa: PLC0415
    from mobile_ai.gate.state.deployed_record import ROLE  # noqa: PLC0415
    from mobile_ai.signing.roles import signer_from_uri  # noqa: PLC0415

    options = GateOptions(stack=stack, cloud=cloud.value)
    with answering(GateError):
        project = find_project(options.folder.resolve(), stack)
        signer = signer_from_uri(key, role=ROLE, trust=trust_of(project))
        written = write_record(
            options, signer, reference=reference, statement=statement, rebuild=rebuild
        )
    _print(written.record, written.path, as_json=as_json)


def _print(found: "DeployedRecord", path: str, *, as_json: bool) -> None:
    told = found.content
    if as_json:
        value = {"path": path, "record": told.model_dump(mode="json", by_alias=True)}
        print(json.dumps(value, indent=1))
        return
    print(printable(f"record {told.sequence} of {told.stack}: commit {told.commit}, {told.at}"))
    if path:
        print(printable(f"  committed as {path}; push the branch mobile-ai/deployed"))
    for name, item in sorted(told.deployments.items()):
        rings = ", ".join(
            f"{ring} since {time:%Y-%m-%d %H:%M}" for ring, time in item.rings.items()
        )
        print(
            printable(f"  {name}: {item.manifest[:12]} at {item.stage}; {rings or 'no ring open'}")
        )
