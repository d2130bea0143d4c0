"""`mobile-ai cost`: estimate, fetch and allocate monthly costs; manage the price catalogue."""

import datetime as dt
import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from mobile_ai.cli.errors import UserError, answering
from mobile_ai.cli.money.actuals import actuals_command
from mobile_ai.cli.money.recorded_plan import PACK, PRICES, planned
from mobile_ai.cli.money.showback import showback_command
from mobile_ai.cli.options import Json
from mobile_ai.gate.engine.pack import pack_setting
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.render.terminal import print_cost
from mobile_ai.gate.report.cost import Terms, cost_report
from mobile_ai.gate.report.plan_summary import terms_of
from mobile_ai.gate.report.sections import CostReport
from mobile_ai.gate.state.base_plan import plan_of_commit
from mobile_ai.pricing import BudgetVerdict, CostEstimate, focus_rows, judge_budgets, load_catalogue
from mobile_ai.pricing.money import cents

app = typer.Typer(no_args_is_help=True, help=__doc__, rich_markup_mode=None)
prices = typer.Typer(
    no_args_is_help=True, help="Show and refresh the dated price catalogue of the policy pack."
)
app.add_typer(prices, name="prices")
app.command(name="actuals")(actuals_command)
app.command(name="showback")(showback_command)

_DENIED: Final = 1
_SHOWN: Final = 15
Stack = Annotated[str, typer.Option(help="Stack whose last preview is priced: dev, prod, ...")]
Plan = Annotated[
    Path | None, typer.Option(help="Event stream of a preview; default: the last gate run.")
]
WhatIf = Annotated[
    list[str] | None,
    typer.Option(
        "--what-if",
        help="KEY=VALUE: an assumption (patchShare=0.3), or <deployment>.<usage key>=VALUE.",
    ),
]


@app.command(name="estimate")
def estimate_command(  # noqa: PLR0917  # typer passes options by name
    stack: Stack,
    plan: Plan = None,
    what_if: WhatIf = None,
    focus: Annotated[
        Path | None, typer.Option(help="Also write FOCUS 1.2 rows to this file.")
    ] = None,
    base: Annotated[
        str, typer.Option(help="Commit to compare with; its program is previewed.")
    ] = "",
    month: Annotated[
        str, typer.Option(help="Month of the FOCUS rows, YYYY-MM; default: the current one.")
    ] = "",
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Estimate a stack's monthly cost from its last preview, and evaluate its budgets.

    Writes no file except those given. Exit code 1 when a budget denies.

    Example: mobile-ai cost estimate --stack prod --base origin/main

    Example: mobile-ai cost estimate --stack prod
    --what-if field-assistant-digits.monthlyActiveDevices=500000
    """
    found = planned(stack, plan, what_if or [])
    now = dt.datetime.now(dt.UTC)
    terms = terms_of(pack_setting(PACK, stack, now=now), found.plan.resources, now=now)
    verdicts = judge_budgets(
        found, found.plan.budgets, limits=terms.limits, exceptions=terms.exceptions
    )
    if focus is not None:
        day = _month(month)
        rows = focus_rows(found, account=stack, year=day.year, month=day.month)
        focus.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    compared = _compared(found, stack, base, terms) if base else None
    if as_json:
        value = {**found.to_dict(), "budgets": [item.to_dict() for item in verdicts]}
        if compared is not None:
            value["comparison"] = compared.model_dump(mode="json", by_alias=True)
        print(json.dumps(value, indent=1))
    elif compared is not None:
        print_cost(compared)
    else:
        _show(found, verdicts)
    if any(item.outcome == "deny" for item in verdicts):
        raise typer.Exit(_DENIED)


@prices.command()
def show(
    item: Annotated[str, typer.Argument(help="Prefix of the items, such as s3.")] = "",
    region: Annotated[str, typer.Option(help="Only this region.")] = "",
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Print prices with their sources, including unknown prices."""
    catalogue = load_catalogue(PRICES)
    rows = [
        row
        for (name, place), row in sorted(catalogue.prices.items())
        if name.startswith(item) and region in {"", place}
    ]
    if as_json:
        print(json.dumps([_price(row) for row in rows], indent=1))
        return
    table = Table("item", "region", "unit", "USD", "source", "of")
    for row in rows:
        known = " / ".join(f"{tier.price:f}" for tier in row.tiers) or "unknown"
        table.add_row(row.item, row.region, row.unit, known, row.source.url, row.source.date)
    Console().print(table)
    print(f"{len(rows)} prices of {catalogue.date}, sha256 {catalogue.sha256[:12]}")


@prices.command()
def refresh(
    region: Annotated[
        list[str] | None,
        typer.Option(help="Region; repeatable. Default: all regions of the catalogue."),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Write a new dated file.")] = False,  # noqa: FBT002
) -> None:
    """Query the AWS price list for every known item and show price changes.

    Requires AWS credentials with `pricing:GetProducts`. Without --write nothing is changed.
    """
    from mobile_ai.cli.money.price_refresh import refresh_prices  # noqa: PLC0415  loads boto3

    changes = refresh_prices(PRICES, regions=region or [], write=write)
    for line in changes:
        print(line)
    print(f"{len(changes)} changes{'' if write else '; --write keeps them'}")


def _month(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(f"{text}-01") if text else dt.datetime.now(dt.UTC).date()
    except ValueError as error:
        raise UserError(
            f"--month: got {text!r}; expected YYYY-MM. Next: name a month such as 2026-12."
        ) from error


def _compared(found: CostEstimate, stack: str, base: str, terms: Terms) -> CostReport:
    """Return the estimate compared with the plan of a commit."""
    print(f"Previewing {base} ...", file=sys.stderr)
    with answering(GateError):
        before = plan_of_commit(Path.cwd(), stack, base, ambient=os.environ)
    return cost_report(
        found.plan.resources, before, against=base, terms=terms, assume=found.plan.assume
    )


def _price(row: Any) -> dict[str, Any]:
    tiers = [{"upTo": t.up_to and f"{t.up_to:f}", "price": f"{t.price:f}"} for t in row.tiers]
    return {
        "item": row.item,
        "region": row.region,
        "unit": row.unit,
        "currency": row.currency,
        "tiers": tiers,
        "source": row.source.url,
        "date": row.source.date,
        "note": row.note,
    }


def _show(found: CostEstimate, verdicts: list[BudgetVerdict]) -> None:
    table = Table("resource", "what", "low", "typical", "high", title="USD a month")
    lines = [item for item in found.lines if item.amount and item.billed and item.status != "free"]
    lines.sort(key=lambda item: item.amount.typical if item.amount else 0, reverse=True)
    for item in lines[:_SHOWN]:
        figures = item.amount.to_dict() if item.amount else {}
        table.add_row(item.name, item.item, *figures.values())
    if len(lines) > _SHOWN:
        table.add_row(f"{len(lines) - _SHOWN} more lines (--json)", "", "", "", "")
    total = found.total()
    table.add_row("total", "", *total.amount.to_dict().values(), style="bold")
    Console().print(table)
    for item in found.lines:
        if item.status == "unknown":
            most = "no ceiling" if item.ceiling is None else f"at most {cents(item.ceiling)} USD"
            print(
                f"unpriced, excluded from totals: {item.name} {item.item}: {item.reason} ({most})"
            )
    for verdict in verdicts:
        reasons = f": {'; '.join(verdict.reasons)}" if verdict.reasons else ""
        amount = cents(verdict.total.amount.typical)
        print(
            f"budget {verdict.name} ({verdict.kind}): {_bar(verdict)} {amount} of "
            f"{cents(verdict.limit)} USD, {verdict.outcome}{reasons}"
        )
    print(f"Prices of {found.priced_of[0]}, sha256 {found.priced_of[1][:12]}.")


def _bar(verdict: BudgetVerdict, width: int = 20) -> str:
    share = verdict.total.amount.typical / verdict.limit if verdict.limit else 1
    filled = min(width, int(share * width))
    return "[" + "#" * filled + "-" * (width - filled) + "]"
