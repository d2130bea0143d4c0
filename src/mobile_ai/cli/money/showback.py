"""`mobile-ai cost showback`: allocate a month's bill to applications."""

import calendar
import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Table
from rich.text import Text

from mobile_ai.cli.console import console
from mobile_ai.cli.errors import UserError
from mobile_ai.cli.money.recorded_plan import planned
from mobile_ai.cli.options import Json
from mobile_ai.contracts.printable import printable

_LEVELS: Final = ("app", "model", "version")


def showback_command(  # noqa: PLR0917  # typer passes options by name
    stack: Annotated[str, typer.Option(help="Stack whose budgets are shown.")],
    month: Annotated[str, typer.Option(help="Month of the bill, YYYY-MM.")],
    bill: Annotated[
        list[Path], typer.Option(help="FOCUS file of the month: .csv, .csv.gz, .parquet.")
    ],
    measured: Annotated[Path, typer.Option(help="Measured usage of the month (MeasuredMonth).")],
    by: Annotated[
        str, typer.Option(help="Dimensions of the rows, from project,team,app,model,version,ring.")
    ] = ",".join(_LEVELS),
    focus: Annotated[
        Path | None, typer.Option(help="Also write FOCUS rows to this CSV file.")
    ] = None,
    account: Annotated[str, typer.Option(help="Billed account in the FOCUS rows.")] = "",
    as_of: Annotated[
        str, typer.Option(help="Last day covered by the bill, YYYY-MM-DD; default: yesterday.")
    ] = "",
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Allocate every charge of a month's bill to the applications that caused it.

    Tagged charges go to their application; shared charges are split by measured usage; taxes and
    similar charges follow. Rows sum to the bill to the cent; unallocated charges are shown.

    Example: mobile-ai cost showback --stack prod --month 2026-10 --bill focus-2026-10.parquet
    --measured measured-2026-10.json --by app,version --focus chargeback.csv
    """
    from mobile_ai.operations.showback.allocate import allocate  # noqa: PLC0415  DuckDB
    from mobile_ai.operations.showback.bill import read_bill  # noqa: PLC0415
    from mobile_ai.operations.showback.chargeback import chargeback_rows  # noqa: PLC0415
    from mobile_ai.operations.showback.focus_files import write_focus  # noqa: PLC0415
    from mobile_ai.operations.showback.measured import read_measured  # noqa: PLC0415
    from mobile_ai.operations.showback.owner import DIMENSIONS  # noqa: PLC0415
    from mobile_ai.operations.showback.report import showback  # noqa: PLC0415
    from mobile_ai.operations.showback.sites import with_sites  # noqa: PLC0415

    levels = [name.strip() for name in by.split(",")]
    unknown = [name for name in levels if name not in DIMENSIONS]
    if unknown:
        raise UserError(
            f"--by: got {unknown[0]!r}; expected some of {', '.join(DIMENSIONS)}. "
            "Next: name levels with commas between."
        )
    budgets = _budgets(stack)
    used = read_measured(measured, month=month)
    allocation = allocate(with_sites(read_bill(bill, month=month), used), used)
    found = showback(
        allocation,
        by=levels,
        budgets=budgets,
        estimates=_estimates(stack, budgets),
        elapsed=_elapsed(month, as_of),
    )
    if focus is not None:
        write_focus(focus, chargeback_rows(allocation, account=account))
    if as_json:
        print(json.dumps(found.to_dict(), indent=1))
    else:
        _show(found)


def _budgets(stack: str) -> list[dict[str, Any]]:
    from mobile_ai.stack.reader import read_settings  # noqa: PLC0415

    settings = read_settings(stack)
    return [
        {
            **budget.to_source(),
            "apps": [item.app for item in settings.deployments if item.budget == budget.name],
        }
        for budget in settings.budgets
    ]


def _estimates(stack: str, budgets: list[dict[str, Any]]) -> Mapping[str, Decimal] | None:
    """Return the planned cost of each budget, or None without a preview."""
    if not (Path("build/gate") / f"{stack}.events.jsonl").is_file():
        return None
    plan = planned(stack, None, [], stale=True)
    return {
        str(item["name"]): plan.of_budget(str(item["scope"]), str(item["name"])).amount.typical
        for item in budgets
    }


def _elapsed(month: str, as_of: str) -> tuple[int, int]:
    first = dt.date.fromisoformat(f"{month}-01")
    days = calendar.monthrange(first.year, first.month)[1]
    try:
        last = dt.date.fromisoformat(as_of) if as_of else _yesterday()
    except ValueError as error:
        raise UserError(
            f"--as-of: got {as_of!r}; expected YYYY-MM-DD. Next: name the bill's last day."
        ) from error
    over = (last - first).days + 1
    if over < 1:
        raise UserError(
            f"--month {month}: got a month of which no day is over on {last}; expected a bill. "
            "Next: name a month that has begun."
        )
    return min(over, days), days


def _yesterday() -> dt.date:
    return dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)


def _show(found: Any) -> None:
    bill = found.allocation.bill
    table = Table(*found.by, "billed", "effective", title=f"{bill.month}, {bill.currency}")
    for column in table.columns[-2:]:
        column.justify = "right"
    for row in found.rows:
        owned = any(row.key)
        names = row.key if owned else ("unallocated", *row.key[1:])
        style = "" if owned else "yellow"
        # Plain text: a tag value could contain markup or control characters.
        shown = [Text(printable(name)) for name in names]
        table.add_row(*shown, f"{row.billed:,}", f"{row.effective:,}", style=style)
    totals = [f"{sum(getattr(r, key) for r in found.rows):,}" for key in ("billed", "effective")]
    table.add_row("total", *[""] * (len(found.by) - 1), *totals, style="bold")
    console().print(table)
    for (service, reason), amount in found.unallocated().items():
        print(printable(f"unallocated: {service} {amount:,}: {reason}"))
    for item in found.units:
        cost = "nothing counted" if item.cost is None else f"{item.cost:f} {bill.currency}"
        print(printable(f"{item.app}, per {item.unit}: {cost}"))
    for item in found.budgets:
        figures = item.to_dict()
        plan = "no plan" if item.estimate is None else f"planned {figures['estimate']}"
        print(
            f"budget {item.name}: {figures['actual']} of {figures['limit']}, "
            f"forecast {figures['forecast']}, {plan}"
        )
    if bill.estimated:
        print("AWS has not closed this month: it may still change these figures.")
    if bill.other_rows:
        sums = ", ".join(f"{amount:,.2f} {name}" for name, amount in bill.other_billed.items())
        print(f"{bill.other_rows} rows of other months ({sums} billed) were left out.")
