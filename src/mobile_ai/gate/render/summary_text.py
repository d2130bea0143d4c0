"""Sentences about a report's parts, shared by every output format."""

from collections import Counter
from decimal import Decimal

from mobile_ai.contracts.printable import printable
from mobile_ai.gate.report.report import ProviderReport, Report
from mobile_ai.gate.report.sections import CostReport, Figure, ModelChange, RolloutReport

_RULES_SHOWN = 12
_VERDICTS = {"pass": "PASS", "denied": "DENIED", "undecided": "COULD NOT JUDGE"}


def headline(report: Report) -> str:
    """Return the verdict in one line."""
    word = _VERDICTS[report.verdict]
    if report.verdict == "denied":
        count = sum(item.level == "mandatory" for item in report.violations)
        word += f": {count} mandatory violation{'s' if count != 1 else ''}"
    return f"{word} - stack {report.stack}"


def some(names: tuple[str, ...], limit: int = 4) -> str:
    """Return the first few names, and the number of the others."""
    shown = printable(", ".join(names[:limit]))
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown


def silent_sentence(report: Report) -> str:
    """Return the rules without any outcome, and the reason."""
    silent = tuple(item.id for item in report.rules if not item.outcomes.judged)
    reason = "did not run or had" if report.errors or report.doubts else "had"
    told = f"{len(silent)} rules {reason} nothing to judge: {some(silent, _RULES_SHOWN)}"
    return told if silent else ""


def passed_sentence(report: Report) -> str:
    """Return the number of rules that passed on everything they judged."""
    judged = [item.outcomes for item in report.rules if item.outcomes.judged]
    passed = sum(item.clean for item in judged)
    if not judged:
        return "none judged anything"
    return f"{passed} of {len(judged)} rules passed on everything they judged"


def resource_sentence(report: Report) -> str:
    """Return the number of resources, by operation, and of evaluated resources."""
    found = report.resources
    operations = ", ".join(f"{count} {name}" for name, count in found.by_operation.items())
    return (
        f"{found.total} resources ({operations or 'none'}), rules accounted for on {found.judged}"
    )


def kind_sentence(report: Report) -> str:
    """Return the number of resources by provider; `mobileai` are the project's components."""
    kinds: Counter[str] = Counter()
    for token, count in report.resources.by_type.items():
        is_provider = token.startswith("pulumi:providers:")
        kinds["providers" if is_provider else token.partition(":")[0]] += count
    return ", ".join(f"{count} {name}" for name, count in sorted(kinds.items())) or "none"


def pack_sentence(report: Report) -> str:
    """Return name, version and digest of the policy pack."""
    pack = report.pack
    return f"{pack.name} {pack.version} (sha256 {pack.sha256[:12]}), {len(report.rules)} rules"


def provider_sentence(provider: ProviderReport) -> str:
    """Return the provider's kind, and the coverage of its input checks."""
    if provider.kind == "official":
        return f"{provider.name}: official"
    if not provider.inputs:
        return f"{provider.name}: stand-in, checked against {provider.checked_against}"
    sentence = (
        f"{provider.name}: stand-in, {provider.checked:,} of {provider.inputs:,} inputs checked "
        f"against {provider.checked_against}"
    )
    sentence += f"; {provider.unknown:,} known after deployment" if provider.unknown else ""
    names = tuple(name.rpartition(":")[2] for name in provider.uncovered)
    return f"{sentence}; unchecked: {some(names)}" if names else sentence


def source_sentence(report: Report) -> str:
    """Return stack file and commit that were evaluated."""
    source = report.source
    if not source.commit:
        return f"{source.stack_file} (not in Git)"
    changed = "" if source.clean else " with uncommitted changes"
    return f"{source.stack_file} at {source.commit[:12]}{changed}"


def usd(amount: str) -> str:
    """Return an amount with thousands separators: `1,234.50`."""
    return f"{Decimal(amount):,.2f}"


def cost_sentence(cost: CostReport) -> str:
    """Return the monthly cost in one line."""
    if cost.proposed is None:
        return f"no estimate: {cost.reason}" if cost.reason else "no estimate"
    total = cost.proposed
    low, high = (f"{Decimal(item):,.0f}" for item in (total.low, total.high))
    said = f"{usd(total.typical)} USD a month ({low} to {high})"
    if cost.delta is None:
        return said
    delta = Decimal(cost.delta)
    moved = f"{delta:+,.2f}" if delta else "no change"
    return f"{said}, {moved} against {cost.against}"


def estimate_sentence(cost: CostReport) -> str:
    """Return what the two figures of a budget mean; empty without budgets."""
    if cost.proposed is None or not cost.budgets:
        return ""
    return "typical: expected usage; high: the most assumed; hard budgets bound both (docs/cost.md)"


def declared_sentence(cost: CostReport) -> str:
    """Return the declared prices that the estimate uses; empty if there are none."""
    count = len(cost.declared)
    told = some(cost.declared)
    return f"{count} declared price{'s' * (count != 1)}: {told}" if count else ""


def unknown_sentence(cost: CostReport) -> str:
    """Return the lines excluded from totals; empty if there are none."""
    count = len(cost.unknowns)
    if cost.proposed is None or not count:
        return ""
    ceiling = cost.proposed.ceiling
    most = "without a bound" if ceiling is None else f"at most {usd(ceiling)} together"
    return f"{count} line{'s' * (count != 1)} without a known price, excluded from totals: {most}"


def forecast_sentence(cost: CostReport) -> str:
    """Return the month-end forecast by budget; empty without actual charges."""
    if cost.actuals is None:
        return ""
    ends = [
        f"{item.name} {usd(item.spent)} billed, {usd(item.forecast)} at its end"
        f"{' - above its limit' if Decimal(item.forecast) > Decimal(item.limit) else ''}"
        for item in cost.budgets
        if item.spent is not None and item.forecast is not None
    ]
    found = cost.actuals
    said = f"{found.month}, day {found.day} of {found.days}: {'; '.join(ends) or 'no budget'}"
    if not Decimal(found.untagged):
        return said
    return f"{said}; {usd(found.untagged)} without this stack's tags are in none"


def model_title(item: ModelChange) -> str:
    """Return the new and the previous version."""
    if not item.prior_version:
        return f"{item.model} {item.version}, the first"
    kept = "" if item.deployed else ", the version to go back to"
    return f"{item.model} {item.version} after {item.prior_version}{kept}"


def figure_text(figure: Figure) -> str:
    """Return a figure of both versions, marked if it is worse or not significant."""
    old, new = (_number(value) for value in (figure.prior, figure.proposed))
    if figure.prior is None or figure.proposed is None:
        return new if figure.prior is None else f"{old} → {new}"
    mark = figure.note or "worse" * figure.worse
    return new if old == new else f"{old} → {new}{f' ({mark})' if mark else ''}"


_NOTES = {
    "within noise": "the median moved by no more than two builds of one network differ (10 %)",
    "other machine": "the two versions were measured on different machines",
}


def note_sentences(item: ModelChange) -> tuple[str, ...]:
    """Return why differences that the table shows are not significant."""
    notes = {figure.note for one in item.variants for figure in one.figures if figure.note}
    return tuple(f"{note}: {_NOTES.get(note, 'not significant')}" for note in sorted(notes))


def rollout_sentence(rollout: RolloutReport) -> str:
    """Return the rollout stage, its share of devices, and the rings."""
    rings = f"rings {', '.join(rollout.rings)}"
    if rollout.halted:
        return f"halted at {rollout.stage}; {rings}"
    moved = rollout.prior_stage not in {"", rollout.stage}
    came = f"from {rollout.prior_stage} to " if moved else ""
    devices = f"{rollout.percent:g} % of devices (about {rollout.devices:,})"
    return f"{came}{rollout.stage}, {devices}; {rings}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
