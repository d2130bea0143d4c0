"""Text and selections shared by the table and Markdown forms."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mobile_ai.contracts.printable import printable
from mobile_ai.gate.report.report import Author, ProviderReport, Report, RuleResult, ViolationResult

__all__ = [
    "OUTCOME_NAMES",
    "FindingText",
    "advice",
    "blocking",
    "counts",
    "findings",
    "headline",
    "judging",
    "kind_sentence",
    "pack_sentence",
    "provider_sentence",
    "resource_sentence",
    "silent_sentence",
    "source_sentence",
]

OUTCOME_NAMES = ("pass", "fail", "unknown", "deferred", "warned", "waived")
_NAMES_SHOWN = 4
_RULES_SHOWN = 12
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
    """Return the mandatory violations."""
    return tuple(item for item in report.violations if item.level == "mandatory")


def advice(report: Report) -> tuple[ViolationResult, ...]:
    """Return the violations that do not deny: advisory, deferred or waived.

    Violations about weakened rules are omitted, since the report lists weakenings separately.
    """
    listed = tuple(f"pack config: got {item};" for item in report.pack.weakenings)
    return tuple(
        item
        for item in report.violations
        if item.level != "mandatory" and not item.message.startswith(listed)
    )


def counts(rule: RuleResult) -> tuple[int, ...]:
    """Return the rule's outcome counts, in order of `OUTCOME_NAMES`."""
    found = rule.outcomes
    return (found.passed, found.fail, found.unknown, found.deferred, found.warned, found.waived)


def judging(report: Report) -> tuple[RuleResult, ...]:
    """Return the rules with at least one outcome, failed ones first."""
    judged = [item for item in report.rules if item.outcomes.judged]
    return tuple(sorted(judged, key=lambda item: not (item.outcomes.fail or item.outcomes.unknown)))


def silent_sentence(report: Report) -> str:
    """Return the rules without any outcome, and the reason."""
    silent = [item.id for item in report.rules if not item.outcomes.judged]
    if not silent:
        return ""
    reason = "did not run or had" if report.errors or report.doubts else "had"
    more = len(silent) - _RULES_SHOWN
    rest = f" and {more} more" if more > 0 else ""
    return (
        f"{len(silent)} rules {reason} nothing to judge: {', '.join(silent[:_RULES_SHOWN])}{rest}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingText:
    """One rule's message, shared by one or several resources."""

    first: ViolationResult
    names: tuple[str, ...]

    @property
    def subjects(self) -> str:
        """The resources, with the first few by name."""
        shown = printable(", ".join(self.names[:_NAMES_SHOWN]))
        more = len(self.names) - _NAMES_SHOWN
        return f"{shown} and {more} more" if more > 0 else shown


def findings(violations: Sequence[ViolationResult]) -> tuple[FindingText, ...]:
    """Return violations grouped by rule, outcome, message and author, in order."""
    groups: dict[tuple[str, str, str, Author | None], list[ViolationResult]] = {}
    for item in violations:
        same = (item.rule, item.outcome, item.message, item.changed_by)
        groups.setdefault(same, []).append(item)
    return tuple(
        FindingText(first=group[0], names=tuple(dict.fromkeys(item.name for item in group)))
        for group in groups.values()
    )


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
    if not provider.uncovered:
        return sentence
    names = [name.rpartition(":")[2] for name in provider.uncovered]
    more = len(names) - _NAMES_SHOWN
    shown = printable(", ".join(names[:_NAMES_SHOWN])) + (f" and {more} more" if more > 0 else "")
    return f"{sentence}; unchecked: {shown}"


def source_sentence(report: Report) -> str:
    """Return stack file and commit that were evaluated."""
    source = report.source
    if not source.commit:
        return f"{source.stack_file} (not in Git)"
    changed = "" if source.clean else " with uncommitted changes"
    return f"{source.stack_file} at {source.commit[:12]}{changed}"
