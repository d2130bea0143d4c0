"""`mobile-ai gate`: preview a stack with the policy pack and report one verdict."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mobile_ai.cli.deploy.reports import Forms, Out, Verbose, forms_of, show
from mobile_ai.cli.errors import UserError, answering
from mobile_ai.cli.options import Cloud
from mobile_ai.contracts.files import write_whole

if TYPE_CHECKING:
    from mobile_ai.gate import GateOptions, Report
    from mobile_ai.gate.engine.progress import Tell


def command(  # noqa: PLR0917  typer passes options by name
    stack: Annotated[str, typer.Option(help="Stack to preview.")],
    cloud: Annotated[
        Cloud, typer.Option(help="Stand-in providers, or the official ones with your credentials.")
    ] = Cloud.SANDBOX,
    form: Forms = "table",
    out: Out = None,
    base: Annotated[
        str, typer.Option(help="Commit to compare with; default: the deployed state.")
    ] = "",
    record: Annotated[
        str,
        typer.Option(
            help="Ref of the base repository with the deployed records, for a check without a "
            "state, such as origin/mobile-ai/deployed."
        ),
    ] = "",
    actuals: Annotated[
        Path | None,
        typer.Option(help="FOCUS file (.csv, .jsonl) with this month's charges, for a forecast."),
    ] = None,
    proposed_roots: Annotated[
        Path | None,
        typer.Option(help="stacks.yaml that the change proposes: judged by it too, not binding."),
    ] = None,
    time: Annotated[  # noqa: FBT002
        bool, typer.Option("--time", help="Print the time spent in each phase.")
    ] = False,
    verbose: Verbose = False,  # noqa: FBT002
    statement: Annotated[
        Path | None, typer.Option(help="Write a signed statement to this file if the gate passes.")
    ] = None,
    key: Annotated[
        str,
        typer.Option(
            help="Key that signs the statement as role pipeline: awskms:KEY or file2:PATH."
        ),
    ] = "",
) -> None:
    """Preview a stack with the policy pack; exit 0 pass, 1 denied, 2 could not be evaluated.

    Example: mobile-ai gate --stack prod --base origin/main --format markdown

    Example: mobile-ai gate --stack prod --base HEAD --record origin/mobile-ai/deployed

    Example: mobile-ai gate --stack dev --format table,sarif --out build/gate --time

    Example: mobile-ai gate --stack prod --cloud aws --statement build/gate/prod.dsse.json
    --key awskms:alias/mobile-ai-gate-prod
    """
    forms = forms_of(form, out)
    if bool(statement) != bool(key):
        raise UserError(
            f"--statement and --key: got only {'--statement' if statement else '--key'}; expected "
            "both or none. Next: name the file with --statement and the key that signs it with "
            "--key."
        )
    from mobile_ai.gate import GateError, GateOptions, run_gate  # noqa: PLC0415
    from mobile_ai.gate.engine.progress import progress_shown  # noqa: PLC0415
    from mobile_ai.gate.render import render_timing  # noqa: PLC0415

    options = GateOptions(
        stack=stack,
        cloud=cloud.value,
        base=base,
        record=record,
        actuals=actuals,
        proposed_roots=proposed_roots,
        timed=time,
    )
    with answering(GateError), progress_shown() as tell:
        report = _certified(options, tell, statement, key) if statement else run_gate(options, tell)
    show(report, forms, out, verbose=verbose)
    if time:
        print(render_timing(report.timing), end="", file=sys.stderr)
    raise typer.Exit(report.exit_code)


def _certified(options: "GateOptions", tell: "Tell", statement: Path, key: str) -> "Report":
    """Run the gate and write the signed statement, after removing that of an earlier run."""
    from mobile_ai.gate.deploy.issue_statement import certify, trust_of  # noqa: PLC0415
    from mobile_ai.gate.deploy.statement import ROLE  # noqa: PLC0415
    from mobile_ai.gate.project import find_project  # noqa: PLC0415
    from mobile_ai.signing.roles import signer_from_uri  # noqa: PLC0415

    trust = trust_of(find_project(options.folder.resolve(), options.stack))
    signer = signer_from_uri(key, role=ROLE, trust=trust)
    statement.unlink(missing_ok=True)
    report, text = certify(options, signer, tell)
    if text:
        write_whole(statement, text.encode())
    return report
