"""`mobile-ai cost actuals`: fetch a month's charges from AWS as a FOCUS file."""

import datetime as dt
import json
from collections.abc import Callable
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from mobile_ai.cli.errors import UserError
from mobile_ai.cli.options import Json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mobile_ai.operations.showback.sources.cells import Month
    from mobile_ai.operations.showback.sources.explorer import Explorer

_EXPLORER: Final = "explorer"
_REGION: Final = "us-east-1"  # Cost Explorer has a single endpoint
_ATTEMPTS: Final = 8


def actuals_command(  # noqa: PLR0917  # typer passes options by name
    month: Annotated[str, typer.Option(help="Month, YYYY-MM; the current month up to yesterday.")],
    out: Annotated[Path, typer.Option(help="FOCUS file to write: .csv or .csv.gz.")],
    source: Annotated[
        str, typer.Option("--from", help="`explorer`, or s3://<bucket>/<prefix>/<export name>.")
    ] = _EXPLORER,
    daily: Annotated[bool, typer.Option("--daily", help="Cost Explorer: daily rows.")] = False,  # noqa: FBT002
    gross: Annotated[  # noqa: FBT002
        bool,
        typer.Option(
            "--gross", help="Cost Explorer: gross costs and discounts, if net costs are hidden."
        ),
    ] = False,
    account: Annotated[str, typer.Option(help="Cost Explorer: only this member account.")] = "",
    most_requests: Annotated[
        int, typer.Option(min=2, help="Cost Explorer: maximum number of paid requests.")
    ] = 100,
    refresh: Annotated[  # noqa: FBT002
        bool, typer.Option("--refresh", help="Fetch again even if the file exists.")
    ] = False,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Fetch a month's charges from AWS Cost Explorer, or from an export of AWS Data Exports.

    Uses the AWS credentials of the environment (AWS_PROFILE, a role, single sign-on). A request to
    Cost Explorer costs USD 0.01; an existing file is kept without a request, unless --refresh is
    given. The rows must sum to AWS's own total to the cent, or nothing is written.

    Example: mobile-ai cost actuals --month 2026-10 --out build/actuals/2026-10.csv

    Example: mobile-ai cost actuals --month 2026-10 --out 2026-10.csv.gz
    --from s3://example-billing/exports/focus
    """
    from mobile_ai.operations.showback.sources.explorer import GROSS, NET, Explorer  # noqa: PLC0415
    from mobile_ai.operations.showback.sources.export import fetch_export  # noqa: PLC0415

    if not out.name.endswith((".csv", ".csv.gz")):
        raise UserError(f"--out: got {out}; expected .csv or .csv.gz. Next: name such a file.")
    days = _days(month, daily=daily)
    if out.exists() and not refresh:
        said: dict[str, Any] = {"source": "existing file, no request", "requests": 0}
    else:
        with _whole(out) as part, _progress() as tell:
            if source == _EXPLORER:
                explorer = Explorer(
                    _client("ce"),
                    days,
                    metrics=GROSS if gross else NET,
                    account=account,
                    most=most_requests,
                    tell=tell,
                )
                said = _from_explorer(part, month, explorer, member=account)
            else:
                manifest = fetch_export(_client("s3"), source, month=month, out=part, tell=tell)
                said = {"source": manifest, "requests": 0}
            _read(part, month)  # an unreadable file must not replace the old one
    _tell(out, _read(out, month) | said, as_json=as_json)


def _from_explorer(part: Path, month: str, explorer: "Explorer", *, member: str) -> dict[str, Any]:
    from mobile_ai.operations.showback.focus_files import write_focus  # noqa: PLC0415
    from mobile_ai.operations.showback.sources.aws_errors import asking  # noqa: PLC0415
    from mobile_ai.operations.showback.sources.explorer import break_down  # noqa: PLC0415
    from mobile_ai.operations.showback.sources.rows import explorer_rows  # noqa: PLC0415

    with asking("credentials", permission="sts:GetCallerIdentity"):
        owner = _client("sts").get_caller_identity()["Account"]
    cells = break_down(explorer)
    write_focus(part, explorer_rows(cells, month=month, account=owner, member=member))
    return {"source": "Cost Explorer", "requests": explorer.requests}


def _client(service: str) -> Any:
    import boto3  # noqa: PLC0415  a third of a second
    from botocore.config import Config  # noqa: PLC0415

    config = Config(retries={"mode": "standard", "max_attempts": _ATTEMPTS})
    session = boto3.session.Session()
    region = _REGION if service == "ce" else session.region_name or _REGION
    return session.client(service, region_name=region, config=config)


def _read(path: Path, month: str) -> dict[str, Any]:
    """Return the totals of a file, and refuse one of another month."""
    from mobile_ai.operations.showback.bill import read_bill  # noqa: PLC0415

    bill = read_bill([path], month=month)
    return {
        "month": month,
        "charges": len(bill.charges),
        "currency": bill.currency,
        "billed": f"{bill.total('billed'):f}",
        "effective": f"{bill.total('effective'):f}",
        "estimated": bill.estimated,
    }


def _days(month: str, *, daily: bool) -> "Month":
    from mobile_ai.operations.showback.sources.cells import Month  # noqa: PLC0415

    try:
        first = dt.date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise UserError(
            f"--month: got {month!r}; expected YYYY-MM. Next: name a month such as 2026-10."
        ) from error
    after = (first + dt.timedelta(days=31)).replace(day=1)
    end = min(after, dt.datetime.now(dt.UTC).date())
    if end <= first:
        raise UserError(
            f"--month: got {month}, of which no day is over; expected one with a bill. "
            "Next: name a month that has begun."
        )
    granularity = "DAILY" if daily else "MONTHLY"
    return Month(start=first.isoformat(), end=end.isoformat(), granularity=granularity)


@contextmanager
def _whole(out: Path) -> "Iterator[Path]":
    """Yield a temporary path that replaces the file on success."""
    part = out.with_name(f".part-{out.name}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(out)
    except OSError as error:
        raise UserError(
            f"--out {out}: got {error.strerror or error}; expected a file that can be written. "
            "Next: name another."
        ) from error
    finally:
        with suppress(OSError):
            part.unlink()


@contextmanager
def _progress() -> "Iterator[Callable[[str], None]]":
    from mobile_ai.gate.engine.progress import progress_shown  # noqa: PLC0415

    with progress_shown() as tell:
        yield tell


def _tell(out: Path, said: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"file": str(out), **said}, indent=1))
        return
    print(f"{out}: {said['month']}, {said['charges']} charges")
    for name in ("billed", "effective"):
        print(f"{name}: {Decimal(said[name]):,.2f} {said['currency']}")
    paid = f", {said['requests']} requests, USD {said['requests'] * 0.01:.2f}"
    print(f"from: {said['source']}{paid if said['requests'] else ''}")
    if said["estimated"]:
        print("AWS has not closed this month: fetch it again with --refresh when it has.")
