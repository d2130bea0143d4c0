"""`mobile-ai cost`: estimate, fetch and allocate monthly costs; manage the price catalogue."""

import datetime as dt
import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from mobile_ai.cli.console import console
from mobile_ai.cli.errors import UserError, answering
from mobile_ai.cli.money.actuals import actuals_command
from mobile_ai.cli.money.recorded_plan import PACK, PRICES, planned
from mobile_ai.cli.money.showback import showback_command
from mobile_ai.cli.options import Json
from mobile_ai.contracts.files import write_whole
from mobile_ai.gate.engine.pack import pack_setting
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.render.terminal import print_cost
from mobile_ai.gate.report.cost import Terms, cost_report, terms_of
from mobile_ai.gate.report.sections import CostReport
from mobile_ai.gate.state.base_plan import plan_of_commit
from mobile_ai.pricing import BudgetVerdict, CostEstimate, focus_rows, judge_budgets
from mobile_ai.pricing.catalogue import load_prices
from mobile_ai.pricing.values import cents

app = typer.Typer(no_args_is_help=True, help=__doc__, rich_markup_mode=None)
prices = typer.Typer(
    no_args_is_help=True, help="Show and refresh the dated price catalogue of the policy pack."
)
app.add_typer(prices, name="prices")
app.command(name="actuals")(actuals_command)
app.command(name="showback")(showback_command)

_ASKED: Final = sys.stdin is not None and sys.stdin.isatty()  # elsewhere options are required
_DENIED: Final = 1
_SHOWN: Final = 15
Stack = Annotated[str, typer.Option(help="Stack whose last preview is priced.")]
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
        write_whole(focus, "".join(f"{json.dumps(row)}\n" for row in rows).encode())
    compared = _compared(found, stack, base, terms) if base else None
    if as_json:
        value = {**found.to_dict(), "budgets": [item.to_dict() for item in verdicts]}
        if compared is not None:
            value["comparison"] = compared.model_dump(mode="json", by_alias=True)
        print(json.dumps(value, indent=1))
    elif compared is not None:
        print_cost(compared, console())
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
    """Print prices with their sources, including unknown prices.

    Example: mobile-ai cost prices show s3 --region eu-central-1
    """
    catalogue = load_prices(PACK)
    rows = [
        row
        for (name, place), row in sorted(catalogue.prices.items())
        if name.startswith(item) and region in {"", place}
    ]
    if not rows:
        raise UserError(
            f"{item or 'every item'} in {region or 'every region'}: got no such price; expected an "
            "item, or its beginning, and a region. Next: `mobile-ai cost prices show` lists all."
        )
    if as_json:
        print(json.dumps([_price(row) for row in rows], indent=1))
        return
    table = Table("item", "region", "unit", "USD", "source", "of")
    for row in rows:
        known = " / ".join(f"{tier.price:f}" for tier in row.tiers) or "unknown"
        named = row.source.via if row.declared else row.source.url
        table.add_row(row.item, row.region, row.unit, known, named, row.source.date)
    console().print(table)
    print(f"{len(rows)} prices of {catalogue.date}, sha256 {catalogue.sha256[:12]}")


@prices.command()
def refresh(
    region: Annotated[
        list[str] | None,
        typer.Option(help="Region; repeatable. Default: all regions of the catalogue."),
    ] = None,
    service: Annotated[
        list[str] | None,
        typer.Option(help="Service, as in `prices show`; repeatable. Default: all."),
    ] = None,
    offer: Annotated[
        Path | None,
        typer.Option(help="A service's bulk offer file (index.json) instead of the query API."),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Write a new dated file.")] = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Query the AWS price list for every row that an estimate can need; show what changed.

    Requires AWS credentials with `pricing:GetProducts`, or --offer. Without --write nothing is
    changed; rows that remain without a price are listed with their next step.

    Example: mobile-ai cost prices refresh --region eu-north-1 --service sns --write
    """
    from mobile_ai.operations.prices import OfferFile, PriceListApi, refresh_prices  # noqa: PLC0415

    found = refresh_prices(
        PRICES,
        PriceListApi() if offer is None else OfferFile(offer),
        regions=region or [],
        services=service or [],
        write=write,
        today=_today(),
    )
    if as_json:
        print(json.dumps(found.to_dict(), indent=1))
        return
    for line in (*found.changes, *found.unknown):
        print(line)
    kept = f"written to {found.written}" if found.written else "--write keeps them"
    print(f"{len(found.changes)} changes, {len(found.unknown)} rows without a price; {kept}")


@prices.command()
def declare(  # noqa: PLR0917  # typer passes options by name
    item: Annotated[str, typer.Argument(help="Item, as in `prices show`.")],
    region: Annotated[str, typer.Option(help="Region, or `global`.")],
    price: Annotated[str, typer.Option(prompt=_ASKED, help="USD for one unit of the item.")],
    source: Annotated[
        str, typer.Option(prompt=_ASKED, help="Source of the price, such as a contract.")
    ],
    by: Annotated[
        str, typer.Option(prompt=_ASKED, help="Name of the person or team that answers for it.")
    ],
    date: Annotated[str, typer.Option(help="Day of the price; default: today.")] = "",
) -> None:
    """Declare a price of your own: a private discount, or a region without a published price.

    Writes policy-pack/config/prices.json, which the owners of the pack's config review; reports
    show the price as declared.

    Example: mobile-ai cost prices declare sns.request --region eu-north-1 --price 0.0000004
    --source "agreement 2026-17" --by finops@example.com
    """
    from mobile_ai.operations.prices import declare_price  # noqa: PLC0415  loads boto3

    entry = {"item": item, "region": region, "price": price, "source": source, "by": by}
    path = declare_price(PACK, {**entry, "date": date or _today()})
    print(
        f"{path}: {item} in {region} costs {price} USD. Next: have it reviewed and merged "
        f"(docs/cost.md)."
    )


def _today() -> str:
    return dt.datetime.now(dt.UTC).date().isoformat()


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
        "declared": row.declared,
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
    console().print(table)
    for item in found.lines:
        if item.status == "unknown":
            most = "no ceiling" if item.ceiling is None else f"at most {cents(item.ceiling)} USD"
            print(
                f"unpriced, excluded from totals: {item.name} {item.item}: {item.reason} ({most})"
            )
    for told in found.declared():
        print(f"declared price: {told}")
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
