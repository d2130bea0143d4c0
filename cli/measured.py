"""`mobile-ai monitor measured`: export a month's measured usage for the showback."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer
from governance.documents import read_yaml
from governance.errors import GovernanceError

from cli.errors import UserError

__all__ = ["measured_command"]

_STORE: Final = Path("build/telemetry")


def measured_command(
    month: Annotated[str, typer.Option(help="Month, YYYY-MM.")],
    stack: Annotated[str, typer.Option(help="Stack whose owner is assigned to its applications.")],
    store: Annotated[Path, typer.Option(help="Telemetry store, compacted.")] = _STORE,
    out: Annotated[
        Path | None, typer.Option(help="File to write; default: standard output.")
    ] = None,
) -> None:
    """Write a month's usage from telemetry, in the format of `mobile-ai cost showback --measured`.

    Telemetry contains no registry calls and no nodes or pods of sites: add them from their own
    sources.

    Example: mobile-ai monitor measured --stack prod --month 2026-10 --out measured-2026-10.json
    """
    from operations.showback.telemetry import measured_month  # noqa: PLC0415  loads DuckDB

    if not (store / "days").is_dir():
        raise UserError(
            f"{store}: got no compacted store; expected one. Next: mobile-ai monitor ingest."
        )
    owner = _owner(stack)
    try:
        found = measured_month(
            store, month, project=str(owner.get("project", "")), team=str(owner.get("team", ""))
        )
    except (GovernanceError, ValueError) as error:
        raise UserError(f"month {month!r}: expected YYYY-MM. Next: name a month.") from error
    text = found.model_dump_json(by_alias=True, indent=1) + "\n"
    if out is None:
        print(text, end="")
        return
    out.write_text(text, encoding="utf-8")
    print(f"{out}: {len(found.rows)} rows of {month}")


def _owner(stack: str) -> dict[str, Any]:
    path = Path(f"Pulumi.{stack}.yaml")
    if not path.is_file():
        raise UserError(
            f"stack {stack!r}: got no {path}; expected a stack file. "
            "Next: run in the folder with Pulumi.yaml, and name a stack that it has."
        )
    config = read_yaml(path.read_text(encoding="utf-8"), name=path.name).get("config", {})
    value: dict[str, Any] = config.get("mobile-ai:owner", {})
    return value
