"""`mobile-ai monitor dashboard`: render the results of other commands as one HTML page."""

import datetime as dt
from pathlib import Path
from typing import Annotated, Final

import typer

from mobile_ai.cli.errors import UserError
from mobile_ai.contracts.files import write_whole

_PACK: Final = Path("policy-pack")


def dashboard_command(  # noqa: PLR0917  # typer passes options by name
    stack: Annotated[str, typer.Option(help="Stack of the page.")],
    out: Annotated[Path, typer.Option(help="HTML file to write.")] = Path("build/dashboard.html"),
    store: Annotated[Path | None, typer.Option(help="Telemetry store, compacted.")] = None,
    findings: Annotated[Path | None, typer.Option(help="Folder of findings.")] = None,
    reports: Annotated[Path | None, typer.Option(help="Folder of gate reports (JSON).")] = None,
    showback: Annotated[Path | None, typer.Option(help="Folder of showback months (JSON).")] = None,
) -> None:
    """Write a self-contained HTML page: fleet, quality, fairness, cost, gate, findings.

    The page needs no server and no network, and sends no data. Sections without input are empty.

    Example: mobile-ai monitor dashboard --stack prod --store build/telemetry
    --findings build/findings --reports build/gate --showback build/showback
    """
    from mobile_ai.operations.dashboard.collect import Sources, collect_board  # noqa: PLC0415
    from mobile_ai.operations.dashboard.page import render_page  # noqa: PLC0415

    sources = Sources(
        pack=_PACK, store=store, findings=findings, reports=reports, showback=showback
    )
    for folder in (store, findings, reports, showback):
        if folder is not None and not folder.is_dir():
            raise UserError(
                f"{folder}: got no such folder; expected one that a command wrote. "
                "Next: name it, or leave the option out."
            )
    board = collect_board(stack, sources, now=dt.datetime.now(dt.UTC))
    page = render_page(board)
    write_whole(out, page.encode())
    print(f"{out}: {len(page.encode()) / 1e6:.1f} MB; open it in a browser")
