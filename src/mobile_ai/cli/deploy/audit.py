"""`mobile-ai audit`: evaluate deployed resources with the policy pack and print one verdict."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mobile_ai.cli.deploy.reports import Forms, Out, forms_of, show
from mobile_ai.cli.errors import answering
from mobile_ai.cli.options import Cloud

if TYPE_CHECKING:
    from mobile_ai.operations.audit.contract import Check


def command(  # noqa: PLR0917  typer passes options by name
    stack: Annotated[str, typer.Option(help="Stack to audit: dev, prod, ...")],
    cloud: Annotated[
        Cloud, typer.Option(help="State of the sandbox, or of your own backend.")
    ] = Cloud.SANDBOX,
    file: Annotated[
        Path | None, typer.Option(help="State file of `pulumi stack export`; requires no backend.")
    ] = None,
    commit: Annotated[str, typer.Option(help="Commit with the desired state.")] = "HEAD",
    form: Forms = "table",
    out: Out = None,
    live: Annotated[  # noqa: FBT002
        bool, typer.Option("--live", help="Also query the clouds, the registry and the clusters.")
    ] = False,
    store: Annotated[
        Path | None, typer.Option(help="With --live: telemetry store, for versions in use.")
    ] = None,
) -> None:
    """Audit deployed resources; exit 0 no findings, 1 findings, 2 could not be evaluated.

    The policy pack evaluates the state like a plan. The audit also checks that deployments run
    the versions pinned in Git, that resources carry the cost tags, and that no signature expires
    within 30 days. With --live it also checks that the bucket holds exactly the released objects,
    that the budgets exist, that the registry's aliases match Git, and that workloads match their
    declaration. Manual changes are reported with their author, if a record exists. Read-only.

    Example: mobile-ai audit --stack prod --cloud aws --format markdown

    Example: mobile-ai audit --stack dev --live --store build/telemetry

    Example: mobile-ai audit --stack prod --file state.json --format table,sarif --out build/audit
    """
    forms = forms_of(form, out)
    from mobile_ai.gate import GateError  # noqa: PLC0415
    from mobile_ai.gate.engine.progress import progress_shown  # noqa: PLC0415
    from mobile_ai.operations.audit.checks import STATE_CHECKS  # noqa: PLC0415
    from mobile_ai.operations.audit.run import AuditOptions, run_audit  # noqa: PLC0415

    options = AuditOptions(stack=stack, cloud=cloud.value, file=file, commit=commit)
    with answering(GateError):
        checks = [*STATE_CHECKS, *_asked(options.stack, cloud, store)] if live else STATE_CHECKS
        with progress_shown() as tell:
            report = run_audit(options, tell, checks=checks)
    show(report, forms, out, name="audit")
    raise typer.Exit(report.exit_code)


def _asked(stack: str, cloud: Cloud, store: Path | None) -> "list[Check]":
    from mobile_ai.cli.deploy.audit_live import live_checks  # noqa: PLC0415  only with --live

    return live_checks(stack, cloud=cloud.value, store=store)
