"""`mobile-ai monitor thresholds`: compare limits of the policy pack with fleet measurements."""

import datetime as dt
import json
from pathlib import Path
from typing import Annotated, Final

import typer

from mobile_ai.cli.errors import UserError
from mobile_ai.cli.options import STORE, Findings, Json

_WIDTH: Final = 24


def thresholds_command(
    stack: Annotated[str, typer.Option(help="Stack of the limits and deployments.")],
    store: Annotated[Path, typer.Option(help="Telemetry store, compacted.")] = STORE,
    findings: Findings = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Write a finding for each limit of the policy pack that does not fit the fleet.

    A limit does not fit if it is more than twice the required value, or if devices exceed it.
    `mobile-ai remediate` turns a finding into a pull request with the distribution, for people to
    review. Always exits with 0.

    Example: mobile-ai monitor thresholds --stack prod
    """
    from mobile_ai.operations.monitor.finding import read_findings, write_findings  # noqa: PLC0415  DuckDB
    from mobile_ai.operations.monitor.limits import read_limits  # noqa: PLC0415
    from mobile_ai.operations.monitor.load import load_history  # noqa: PLC0415
    from mobile_ai.operations.monitor.thresholds import over, propose_thresholds  # noqa: PLC0415
    from mobile_ai.operations.telemetry.store import EventStore  # noqa: PLC0415

    if not (store / "days").is_dir():
        raise UserError(
            f"{store}: got no compacted store; expected one. Next: mobile-ai monitor ingest."
        )
    folder = findings or store / "findings"
    limits = read_limits(Path.cwd(), stack, now=dt.datetime.now(dt.UTC))
    history = load_history(EventStore(store), width=_WIDTH)
    found = propose_thresholds(history, limits, stack=stack, width=_WIDTH)
    write_findings(folder, [*found, *over(read_findings(folder), found, stack=stack)])
    if as_json:
        print(json.dumps([item.model_dump(by_alias=True, mode="json") for item in found], indent=1))
        return
    for item in found:
        print(f"{item.id}  {item.summary}")
        if item.threshold is not None:
            print(f"  proposed: {item.threshold.proposed:,.10g} {item.threshold.unit}")
    print(f"{len(limits)} limits held against the fleet, {len(found)} proposals")
