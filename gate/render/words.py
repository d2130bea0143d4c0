"""Sentences and selections that the forms for people share."""

from collections import Counter

from gate.report import Report, RuleResult, ViolationResult

__all__ = [
    "advice",
    "blocking",
    "cost_sentence",
    "counts",
    "headline",
    "kind_sentence",
    "pack_sentence",
    "resource_sentence",
    "rules_with_news",
    "source_sentence",
]

_VERDICTS = {
    "pass": "PASS",
    "denied": "DENIED",
    "undecided": "COULD NOT JUDGE",
}


def headline(report: Report) -> str:
    """Return the verdict in one line."""
    word = _VERDICTS[report.verdict]
    if report.verdict == "denied":
        count = len(blocking(report))
        word += f": {count} mandatory violation{'s' if count != 1 else ''}"
    return f"{word} - stack {report.stack}"


def blocking(report: Report) -> tuple[ViolationResult, ...]:
    """Return what denies."""
    return tuple(item for item in report.violations if item.level == "mandatory")


def advice(report: Report) -> tuple[ViolationResult, ...]:
    """Return what does not deny: advice, and what is deferred or waived."""
    return tuple(item for item in report.violations if item.level != "mandatory")


def counts(rule: RuleResult) -> tuple[int, ...]:
    """Return how often a rule came out as pass, fail, unknown, deferred, warned and waived."""
    found = rule.outcomes
    return (found.passed, found.fail, found.unknown, found.deferred, found.warned, found.waived)


def rules_with_news(report: Report) -> tuple[RuleResult, ...]:
    """Return the rules that judged something, then those that had nothing to judge."""
    judged = [item for item in report.rules if item.outcomes.judged]
    return (*judged, *(item for item in report.rules if not item.outcomes.judged))


def resource_sentence(report: Report) -> str:
    """Return how many resources there are and how many were judged."""
    found = report.resources
    operations = ", ".join(f"{count} {name}" for name, count in found.by_operation.items())
    return (
        f"{found.total} resources ({operations or 'none'}), rules accounted for on {found.judged}"
    )


def kind_sentence(report: Report) -> str:
    """Return how many resources each provider has; `mobileai` are the project's components."""
    kinds: Counter[str] = Counter()
    for token, count in report.resources.by_type.items():
        is_provider = token.startswith("pulumi:providers:")
        kinds["providers" if is_provider else token.partition(":")[0]] += count
    return ", ".join(f"{count} {name}" for name, count in sorted(kinds.items())) or "none"


def cost_sentence(report: Report) -> str:
    """Return what is known of the cost, and how much is not."""
    if not report.cost.estimated:
        return f"no cost estimate: {report.cost.unpriced} resources have no price yet"
    return f"{report.cost.unpriced} resources have no price and are not in the estimate"


def pack_sentence(report: Report) -> str:
    """Return which pack judged."""
    pack = report.pack
    return f"{pack.name} {pack.version} (sha256 {pack.sha256[:12]}), {len(report.rules)} rules"


def source_sentence(report: Report) -> str:
    """Return which files were judged."""
    source = report.source
    if not source.commit:
        return f"{source.stack_file} (not in Git)"
    changed = "" if source.clean else " with uncommitted changes"
    return f"{source.stack_file} at {source.commit[:12]}{changed}"
