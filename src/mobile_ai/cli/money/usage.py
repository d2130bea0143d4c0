"""`mobile-ai monitor measured`: export a month's measured usage for the showback."""

from pathlib import Path
from typing import Annotated

import typer

from mobile_ai.cli.errors import UserError
from mobile_ai.cli.options import STORE
from mobile_ai.contracts.files import write_whole


def measured_command(
    month: Annotated[str, typer.Option(help="Month, YYYY-MM.")],
    stack: Annotated[str, typer.Option(help="Stack whose owner is assigned to its applications.")],
    store: Annotated[Path, typer.Option(help="Telemetry store, compacted.")] = STORE,
    out: Annotated[
        Path | None, typer.Option(help="File to write; default: standard output.")
    ] = None,
) -> None:
    """Write a month's usage from telemetry, in the format of `mobile-ai cost showback --measured`.

    Telemetry contains no registry calls and no nodes or pods of sites: add them from their own
    sources.

    Example: mobile-ai monitor measured --stack prod --month 2026-10 --out measured-2026-10.json
    """
    from mobile_ai.operations.showback.telemetry import measured_month  # noqa: PLC0415  loads DuckDB
    from mobile_ai.stack.reader import read_settings  # noqa: PLC0415

    if not (store / "days").is_dir():
        raise UserError(
            f"{store}: got no compacted store; expected one. Next: mobile-ai monitor ingest."
        )
    owner = read_settings(stack).owner
    found = measured_month(store, month, project=owner.project, team=owner.team)
    text = found.model_dump_json(by_alias=True, indent=1) + "\n"
    if out is None:
        print(text, end="")
        return
    write_whole(out, text.encode())
    print(f"{out}: {len(found.rows)} rows of {month}")
