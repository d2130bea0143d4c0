"""Charts and tables from other commands' output: showback, gate reports, waivers, findings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.errors import DocumentError, GovernanceError
from mobile_ai.contracts.records import read_records
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.stack_policy import load_setting
from mobile_ai.operations.dashboard.board import Chart, Row, Table
from mobile_ai.operations.monitor.finding import MonitorFinding

__all__ = ["findings_table", "gate_table", "money", "read_documents", "waivers_table"]

_MAX_BYTES: Final = 20_000_000


def read_documents(folder: Path | None, kind: str) -> list[dict[str, Any]]:
    """Return the JSON documents of a kind in a folder and below it, in the order of their paths.

    Raises:
        GovernanceError: A file is not JSON; documents of other kinds are ignored.
    """
    found = []
    for path in sorted(folder.rglob("*.json")) if folder else []:
        try:
            text = path.read_text(encoding="utf-8")
            value = read_json(text, name=str(path), max_bytes=_MAX_BYTES)
        except (OSError, UnicodeDecodeError, DocumentError) as error:
            raise GovernanceError(
                str(path),
                got=str(error),
                expected="JSON",
                next_step="remove it, or write it again with the command that made it",
            ) from error
        if isinstance(value, dict) and value.get("kind") == kind:
            found.append({**value, "file": path.name})
    return found


def money(documents: Sequence[Mapping[str, Any]]) -> list[Chart | Table]:
    """Return charts and a table of monthly cost, budgets and estimates.

    Args:
        documents: As written by `mobile-ai cost showback --json`, one per month.
    """
    months = sorted(documents, key=lambda item: str(item["month"]))
    return [
        Chart(
            id="cost",
            title="Cost by month",
            note="Effective cost by application; cost without an owner is unallocated.",
            mark="bar",
            unit=str(months[-1]["currency"]) if months else "USD",
            rows=[row for document in months for row in _costs(document)],
            step="month",
        ),
        Chart(
            id="units",
            title="Cost per unit of use",
            note="Per 1,000 inferences, per update, per active device.",
            mark="line",
            unit=str(months[-1]["currency"]) if months else "USD",
            rows=[row for document in months for row in _units(document)],
            step="month",
        ),
        Table(
            id="budgets",
            title="Budgets",
            columns={
                "month": "month",
                "name": "budget",
                "limit": "limit",
                "actual": "actual",
                "forecast": "forecast",
                "estimate": "planned",
                "used": "used",
            },
            rows=[row for document in reversed(months) for row in _budgets(document)],
            empty="No showback report was given.",
        ),
    ]


def gate_table(documents: Iterable[Mapping[str, Any]]) -> Table:
    """Return the verdicts of gate runs, as written by `mobile-ai gate --format json`."""
    return Table(
        id="gate",
        title="Gate",
        columns={
            "stack": "stack",
            "verdict": "verdict",
            "commit": "commit",
            "rules": "denied by",
            "resources": "resources",
        },
        rows=[
            {
                "stack": item["stack"],
                "verdict": item["verdict"],
                "commit": str(item["source"]["commit"])[:12],
                "rules": ", ".join(_denying(item)),
                "resources": item["resources"]["total"],
            }
            for item in documents
        ],
        empty="No gate report was given.",
    )


def waivers_table(pack: Path, stack: str, *, now: datetime) -> Table:
    """Return the waivers of a stack, with the reason for each that is not in force.

    Raises:
        GovernanceError: The stack is not listed in the pack.
    """
    trust = load_setting(pack, stack, rules=catalogue(), now=now).trust
    folder = pack / "waivers" / stack
    texts = [(path.name, path.read_text("utf-8")) for path in sorted(folder.glob("*.yaml"))]
    records = read_records(texts, trust=trust)
    rows: list[Row] = [
        {
            "rule": item.content.rule,
            "target": item.content.target.rpartition("::")[2] or item.content.target,
            "until": item.content.expires.date().isoformat(),
            "state": "active" if item.content.counts(now) else "expired",
            "reason": item.content.reason,
            "ticket": item.content.ticket,
        }
        for waivers in records.waivers.values()
        for item in waivers
    ]
    rows += [
        {"rule": "", "target": i.what, "state": "refused", "reason": i.got} for i in records.refused
    ]
    return Table(
        id="waivers",
        title="Waivers",
        columns={
            "rule": "rule",
            "target": "for",
            "until": "until",
            "state": "state",
            "reason": "reason",
            "ticket": "ticket",
        },
        rows=sorted(rows, key=lambda row: str(row.get("until", ""))),
        empty="None: every rule applies to every resource.",
    )


def findings_table(findings: Iterable[MonitorFinding]) -> Table:
    """Return findings, open ones first."""
    return Table(
        id="findings-table",
        title="Findings",
        columns={
            "severity": "severity",
            "state": "state",
            "rule": "rule",
            "what": "what",
            "since": "since",
            "next": "proposed",
        },
        rows=[
            {
                "severity": item.severity,
                "state": "open" if item.is_open else "over",
                "rule": item.rule,
                "what": item.summary,
                "since": item.windows.first,
                "next": item.playbook,
                "app": item.subject.app,
                "version": item.subject.version,
                "ring": item.subject.ring,
            }
            for item in sorted(findings, key=lambda it: (not it.is_open, it.windows.first))
        ],
        empty="None.",
    )


def _costs(document: Mapping[str, Any]) -> Iterator[Row]:
    for row in document["rows"]:
        app = str(row.get("app", "")) or "unallocated"
        yield {
            "at": f"{document['month']}-01",
            "series": app,
            "value": float(row["effective"]),
            "app": str(row.get("app", "")),
            "version": str(row.get("version", "")),
            "ring": str(row.get("ring", "")),
        }


def _units(document: Mapping[str, Any]) -> Iterator[Row]:
    for item in document["units"]:
        if item["cost"] is not None:
            yield {
                "at": f"{document['month']}-01",
                "series": f"{item['app']}, {item['unit']}",
                "value": float(item["cost"]),
                "app": item["app"],
            }


def _budgets(document: Mapping[str, Any]) -> Iterator[Row]:
    for item in document["budgets"]:
        limit = float(item["limit"])
        used = f"{100 * float(item['actual']) / limit:.0f} %" if limit else ""
        yield {"month": document["month"], **item, "used": used}


def _denying(report: Mapping[str, Any]) -> list[str]:
    return sorted(
        {
            item["rule"]
            for item in report["violations"]
            if item["level"] == "mandatory" and item["outcome"] in {"fail", "unknown"}
        }
    )
