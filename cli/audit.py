"""`mobile-ai audit`: judge what is deployed with the same pack and print one verdict."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import answering
from cli.gate import Cloud
from cli.reports import FORMATS, forms_of, show

if TYPE_CHECKING:
    from operations.audit import Check

__all__ = ["command"]


def command(  # noqa: PLR0917  typer passes options by name
    stack: Annotated[str, typer.Option(help="Stack to audit: dev, prod, ...")],
    cloud: Annotated[
        Cloud, typer.Option(help="The sandbox's state, or that of your own backend.")
    ] = Cloud.SANDBOX,
    file: Annotated[
        Path | None, typer.Option(help="A state from `pulumi stack export`; needs no backend.")
    ] = None,
    commit: Annotated[str, typer.Option(help="Commit that says what should be deployed.")] = "HEAD",
    form: Annotated[
        str, typer.Option("--format", help=f"One or more of {', '.join(FORMATS)}.")
    ] = "table",
    out: Annotated[
        Path | None, typer.Option(help="Write every format to a file in this folder.")
    ] = None,
    live: Annotated[  # noqa: FBT002
        bool, typer.Option("--live", help="Also ask the clouds, the registry and the clusters.")
    ] = False,
    store: Annotated[
        Path | None, typer.Option(help="With --live: telemetry store, for versions heard of.")
    ] = None,
) -> None:
    """Judge what is deployed; exit 0 nothing wrong, 1 something is, 2 could not judge.

    The policy pack judges the state as it judges a plan. Beside it: do deployments run what Git
    pins, do resources carry the cost tags, does anything that was signed run out within 30 days.
    With --live also: does the bucket hold the released bytes and nothing else, are the budgets
    there, do the registry's aliases follow Git, are workloads as declared. What was changed by
    hand is told with who did it last, where a record says so. It reads, and changes nothing.

    Example: mobile-ai audit --stack prod --cloud aws --format markdown

    Example: mobile-ai audit --stack dev --live --store build/telemetry

    Example: mobile-ai audit --stack prod --file state.json --format table,sarif --out build/audit
    """
    forms = forms_of(form, out)
    from gate import GateError  # noqa: PLC0415
    from gate.progress import shown  # noqa: PLC0415
    from operations.audit import Options, run_audit  # noqa: PLC0415
    from operations.audit.checks import STATE_CHECKS  # noqa: PLC0415

    options = Options(stack=stack, cloud=cloud.value, file=file, commit=commit)
    with answering(GateError):
        checks = [*STATE_CHECKS, *_asked(options.stack, cloud, store)] if live else STATE_CHECKS
        with shown() as tell:
            report = run_audit(options, tell, checks=checks)
    show(report, forms, out, name="audit")
    raise typer.Exit(report.exit_code)


def _asked(stack: str, cloud: Cloud, store: Path | None) -> "list[Check]":
    from cli.audit_live import live_checks  # noqa: PLC0415  only with --live

    return live_checks(stack, cloud=cloud.value, store=store)
