"""Collects the dashboard of a stack from the output files of the other commands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mobile_ai.operations.dashboard.board import Board, BoardSection
from mobile_ai.operations.dashboard.fleet import DAY, fleet_charts, model_charts
from mobile_ai.operations.dashboard.report_tables import (
    findings_table,
    gate_table,
    money,
    read_documents,
    waivers_table,
)
from mobile_ai.operations.monitor.finding import MonitorFinding, read_findings
from mobile_ai.operations.monitor.load import load_history
from mobile_ai.operations.monitor.window_counts import History
from mobile_ai.operations.telemetry.store import EventStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Paths of the inputs; sections without input are shown as empty.

    Attributes:
        pack: The policy pack.
        store: The compacted telemetry store.
        findings: Folder of findings.
        reports: Folder of gate reports (JSON).
        showback: Folder of showback documents (JSON).
    """

    pack: Path
    store: Path | None = None
    findings: Path | None = None
    reports: Path | None = None
    showback: Path | None = None


def collect_board(stack: str, sources: Sources, *, now: datetime) -> Board:
    """Return the dashboard of a stack.

    Args:
        stack: The stack.
        sources: Paths of the inputs.
        now: Time of the page.

    Raises:
        GovernanceError: A file cannot be read.
    """
    history: History = load_history(EventStore(sources.store), width=DAY) if sources.store else {}
    findings = read_findings(sources.findings) if sources.findings else []
    months = read_documents(sources.showback, "Showback")
    reports = [r for r in read_documents(sources.reports, "GateReport") if r["stack"] == stack]
    return Board(
        stack=stack,
        made=f"{now:%-d %B %Y, %H:%M} UTC",
        facts=_facts(findings, months, reports),
        sections=(
            BoardSection(id="findings", title="Findings", parts=[findings_table(findings)]),
            BoardSection(id="fleet", title="Fleet", parts=fleet_charts(history)),
            BoardSection(
                id="models", title="Models: quality, fairness, drift", parts=model_charts(history)
            ),
            BoardSection(id="money", title="Cost", parts=money(months)),
            BoardSection(
                id="governance",
                title="Gate and waivers",
                parts=[gate_table(reports), waivers_table(sources.pack, stack, now=now)],
            ),
        ),
    )


def _facts(
    findings: Sequence[MonitorFinding],
    months: Sequence[Mapping[str, Any]],
    reports: Sequence[Mapping[str, Any]],
) -> dict[str, str]:
    latest = max(months, key=lambda item: str(item["month"]), default=None)
    facts = {"open findings": str(sum(item.is_open for item in findings))}
    if latest is not None:
        total = latest["total"]["effective"]
        facts[f"cost of {latest['month']}"] = f"{float(total):,.2f} {latest['currency']}"
    if reports:
        facts["last gate"] = str(reports[-1]["verdict"])
    return facts
