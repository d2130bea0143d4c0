"""A report as a list of blocks, from which the terminal, Markdown and SARIF forms are written.

The blocks hold what a reader is shown, in the order of importance: the verdict and what stands
against it, what changes, what it costs, and last the rules that passed. A writer decides how each
kind of block looks, and whether it leaves one out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from mobile_ai.gate.render import summary_text as text
from mobile_ai.gate.report.report import ErrorResult, Report, RuleResult, ViolationResult
from mobile_ai.gate.report.sections import (
    BudgetCost,
    CostReport,
    ModelChange,
    NamedCost,
    ResourceCost,
    UnknownCost,
)

PASSED = "passed rule"
"""Title of the table of rules that passed on everything they judged."""
OUTCOME_NAMES = ("pass", "fail", "unknown", "deferred", "warned", "waived")
"""Outcomes of a rule, in the order of columns."""
_MOVERS = 8
_UNKNOWNS = 20
_SETTINGS = 40  # changed values that are listed
_BAR = 20  # characters of a full bar


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a table.

    Attributes:
        name: Its subject.
        cells: A text for each column.
        kind: Kind or unit of the subject.
        bar: A bar and its percentage; empty for none.
        outcome: Outcome of a budget or a rule.
    """

    name: str
    cells: tuple[str, ...]
    kind: str = ""
    bar: tuple[str, ...] = ()
    outcome: Literal["pass", "warn", "deny"] = "pass"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; `head` is the title of the names, `columns` are those of the cells."""

    head: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingText:
    """One rule's message, shared by one or several resources."""

    first: ViolationResult
    names: tuple[str, ...]

    @property
    def subjects(self) -> str:
        """The resources, with the first few by name."""
        return text.some(self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Violations that deny, or that only advise.

    Attributes:
        title: Heading.
        violations: All of them, one by one.
        shown: The same without repetition, and without those that another block lists.
    """

    title: str
    violations: tuple[ViolationResult, ...]
    shown: tuple[FindingText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Errors, doubts, weakened rules or warnings."""

    title: str
    entries: tuple[ErrorResult | str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionBlock:
    """Verdict, rules, changes, a model comparison, or the cost.

    Attributes:
        title: Heading.
        text: Summary in one line.
        about: The verdict, a model's deployment, or the baseline of changes.
        tables: Tables with at least one row, by the title of their first column.
        notes: Sentences that explain the tables.
    """

    title: str
    text: str = ""
    about: str = ""
    tables: Mapping[str, Table] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsBlock:
    """Evaluated files, and the programs that evaluated them, by their name."""

    title: str = "Facts"
    facts: Mapping[str, str]
    providers: tuple[str, ...]


Block = Findings | Listing | SectionBlock | FactsBlock
"""One block of a report, in the order of reading."""


def blocks(report: Report) -> tuple[Block, ...]:
    """Return the blocks of a report; one without content is left out."""
    return (
        SectionBlock(title="Verdict", text=text.headline(report), about=report.verdict),
        *_findings("Denied", report, mandatory=True),
        *_listing("Errors", report.errors),
        *_listing("Cannot be trusted", report.doubts),
        *_changes(report),
        *map(_model, report.models),
        cost_block(report.cost),
        *_findings("Advice", report, mandatory=False),
        *_listing("Weakened rules", report.pack.weakenings),
        *_listing("Under the proposed roots (not binding)", report.proposed_roots),
        *_listing("Warnings", report.warnings),
        _facts(report),
        _rules(report),
    )


def visible_blocks(report: Report) -> tuple[Block, ...]:
    """Return the blocks that a person reads: findings that are listed elsewhere are left out."""
    return tuple(one for one in blocks(report) if not isinstance(one, Findings) or one.shown)


def _listing(title: str, entries: tuple[ErrorResult | str, ...]) -> Iterator[Listing]:
    if entries:
        yield Listing(title=title, entries=entries)


def _findings(title: str, report: Report, *, mandatory: bool) -> Iterator[Findings]:
    found = tuple(one for one in report.violations if (one.level == "mandatory") is mandatory)
    # The block of weakened rules lists these.
    listed = tuple(f"pack config: got {item};" for item in report.pack.weakenings)
    shown = (one for one in found if mandatory or not one.message.startswith(listed))
    if found:
        yield Findings(title=title, violations=found, shown=_grouped(shown))


def _grouped(violations: Iterable[ViolationResult]) -> tuple[FindingText, ...]:
    """Return violations grouped by rule, outcome, message and author, in order."""
    groups: dict[tuple[object, ...], dict[str, ViolationResult]] = {}
    for item in violations:
        same = (item.rule, item.outcome, item.message, item.changed_by)
        groups.setdefault(same, {}).setdefault(item.name, item)
    return tuple(
        FindingText(first=next(iter(group.values())), names=tuple(group))
        for group in groups.values()
    )


def _rules(report: Report) -> SectionBlock:
    judged = [item for item in report.rules if item.outcomes.judged]
    rows = [_rule(item) for item in judged]
    rows.sort(key=lambda row: row.outcome)
    columns = ("level", *OUTCOME_NAMES)
    tables = (
        Table(head="rule", columns=columns, rows=tuple(i for i in rows if i.outcome != "pass")),
        Table(head=PASSED, columns=columns, rows=tuple(i for i in rows if i.outcome == "pass")),
    )
    return SectionBlock(
        title="Rules",
        text=text.passed_sentence(report),
        tables=_tables(*tables),
        notes=tuple(filter(None, [text.silent_sentence(report)])),
    )


def _rule(item: RuleResult) -> Row:
    found = item.outcomes
    judged = (found.passed, found.fail, found.unknown, found.deferred, found.warned, found.waived)
    return Row(
        name=item.id,
        cells=(item.level, *map(str, judged)),
        outcome="deny" if found.fail or found.unknown else "pass" if found.clean else "warn",
    )


def _changes(report: Report) -> Iterator[SectionBlock]:
    """Yield changed deployments that no model comparison covers, and changed values."""
    compared = {item.deployment for item in report.models}
    rows = tuple(
        Row(name=item.deployment, cells=(item.prior, item.proposed or "removed"))
        for item in report.changes
        if item.deployment not in compared
    )
    values = tuple(
        Row(name=item.key, cells=(item.prior, item.proposed or "removed"))
        for item in report.settings[:_SETTINGS]
    )
    tables = _tables(
        Table(head="deployment", columns=("prior", "proposed"), rows=rows),
        Table(head="stack file", columns=("prior", "proposed"), rows=values),
    )
    more = len(report.settings) - len(values)
    notes = (f"{more} more values of the stack file: see the JSON report",) if more else ()
    if tables:
        yield SectionBlock(title="Changes", about=report.baseline, tables=tables, notes=notes)


def _model(item: ModelChange) -> SectionBlock:
    columns = tuple(f"{one.variant}: {', '.join(one.targets)}" for one in item.variants)
    rows = tuple(
        Row(name=row[0].name, kind=row[0].unit, cells=tuple(map(text.figure_text, row)))
        for row in zip(*(variant.figures for variant in item.variants), strict=False)
    )
    return SectionBlock(
        title="Model",
        text=text.model_title(item),
        about=item.deployment,
        tables=_tables(Table(head="", columns=columns, rows=rows)),
        notes=(*text.note_sentences(item), f"rollout: {text.rollout_sentence(item.rollout)}"),
    )


def cost_block(cost: CostReport) -> SectionBlock:
    """Return the block of a cost comparison."""
    sentences = (
        text.estimate_sentence,
        text.unknown_sentence,
        text.declared_sentence,
        text.forecast_sentence,
    )
    notes = filter(None, (sentence(cost) for sentence in sentences))
    change = ("change",) if cost.prior else ()
    amounts = ("low", "typical", "high", *change)
    movers = "most changed resources" if cost.prior else "highest-cost resources"
    tables = (
        ("budget", ("typical", "high", "limit", *change), map(_budget, cost.budgets)),
        ("deployment", amounts, (_row(i.name or "shared by all", i) for i in cost.deployments)),
        (movers, amounts, map(_resource, _movers(cost))),
        ("tag", amounts, _tags(cost)),
        ("without a known price", ("why", "at most"), map(_unknown, cost.unknowns[:_UNKNOWNS])),
    )
    found = (Table(head=head, columns=names, rows=tuple(rows)) for head, names, rows in tables)
    shown = _tables(*found) if cost.proposed else {}
    return SectionBlock(
        title="Cost", text=text.cost_sentence(cost), tables=shown, notes=tuple(notes)
    )


def _tables(*tables: Table) -> dict[str, Table]:
    """Return the tables that have a row, by the title of their first column."""
    return {table.head: table for table in tables if table.rows}


def _row(name: str, part: NamedCost, kind: str = "") -> Row:
    amounts = map(text.usd, (part.low, part.typical, part.high))
    return Row(name=name, kind=kind, cells=(*amounts, *_changed(part)))


def _resource(item: ResourceCost) -> Row:
    """Return the row of a resource, with a shortened type: `rds/instance`, `Deployment`."""
    provider, _, rest = item.type.partition(":")
    module, _, name = rest.rpartition(":")
    return _row(item.name, item, name if provider == "kubernetes" else module or item.type)


def _tags(cost: CostReport) -> Iterator[Row]:
    """Yield the costs by tag and value; those without a cost or a change are left out."""
    for key, parts in cost.tags.items():
        for part in parts:
            if float(part.high) or float(part.delta or 0):
                yield _row(f"{key}: {part.name or 'none'}", part)


def _budget(item: BudgetCost) -> Row:
    filled = min(_BAR, round(item.share * _BAR))
    return Row(
        name=item.name,
        kind=item.kind,
        cells=(*map(text.usd, (item.typical, item.high, item.limit)), *_changed(item)),
        bar=(f"{'█' * filled}{'░' * (_BAR - filled)}", f"{item.share * 100:.0f} %"),
        outcome=item.outcome,
    )


def _changed(part: NamedCost) -> tuple[str, ...]:
    """Return the signed difference; empty if there is nothing to compare with."""
    if part.delta is None:
        return ()
    return (f"{Decimal(part.delta):+,.2f}" if Decimal(part.delta) else "0",)


def _movers(cost: CostReport) -> Sequence[ResourceCost]:
    """Return the resources with the largest change, or without comparison the highest cost."""
    if cost.prior is None:
        return cost.resources[:_MOVERS]
    moved = [item for item in cost.resources if item.delta and Decimal(item.delta)]
    return sorted(moved, key=lambda item: -abs(Decimal(item.delta or 0)))[:_MOVERS]


def _unknown(item: UnknownCost) -> Row:
    most = "no bound" if item.ceiling is None else text.usd(item.ceiling)
    return Row(name=item.resource, kind=item.item, cells=(item.reason, most))


def _facts(report: Report) -> FactsBlock:
    engine, cost = report.engine, report.cost
    prices = f"{cost.prices} (sha256 {cost.prices_sha256[:12]})" if cost.prices else ""
    return FactsBlock(
        facts={
            "judged": text.source_sentence(report),
            "by": text.pack_sentence(report),
            "engine": f"{engine.version} ({engine.origin})",
            "providers": engine.providers,
            "resources": text.resource_sentence(report),
            "of them": text.kind_sentence(report),
            "prices": prices,
            "against": report.baseline,
        },
        providers=tuple(map(text.provider_sentence, report.providers)),
    )
