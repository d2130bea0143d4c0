"""Content of a verified version's model card, for the people who answer for a product.

Made of the manifest and its signed statements alone, so that the same version always has the same
card; `model_card_text` writes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mobile_ai.contracts.evidence import VerifiedModel
from mobile_ai.contracts.json_values import mapping, mappings, number
from mobile_ai.contracts.manifest import UNSTATED, Artifact, Measurement, known
from mobile_ai.contracts.metrics import metric_named

_NONE: Final = "none stated"
_RANGE: Final = (
    "Of rows that were held back from training; the range holds the true value in 19 of 20 such "
    "measurements."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSection:
    """A section of a card: its title, sentences, and a table if it has rows."""

    title: str
    text: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def model_card(model: VerifiedModel) -> tuple[str, tuple[CardSection, ...]]:
    """Return the title of a version's card and its sections."""
    meta = model.manifest.metadata
    evaluation = model.statements["evaluation"].predicate
    sections = (
        _identity(model),
        _use(model.statements["assessment"].predicate),
        _answers(model.statements["assessment"].predicate),
        _quality(model),
        _differences(model, evaluation),
        _conditions(evaluation),
        _cost(model),
        _data(model),
        _limits(model, evaluation),
        _evidence(model),
    )
    return f"{meta.name} {meta.version}", sections


def _identity(model: VerifiedModel) -> CardSection:
    manifest = model.manifest
    meta, origin = manifest.metadata, manifest.origin
    source = (
        UNSTATED if origin == UNSTATED else f"{origin.how} from {origin.source} ({origin.digest})"
    )
    return CardSection(
        title="What it is",
        text=(meta.description,) if meta.description else (),
        head=("about", "stated"),
        rows=(
            ("task", meta.task),
            ("inputs", ", ".join(meta.modalities)),
            ("responsible", ", ".join(meta.owners)),
            ("made", meta.created.isoformat(timespec="seconds")),
            ("licence", manifest.licence),
            ("origin", source),
            ("EU AI Act risk class", meta.risk_class),
            ("without it, a device", f"uses {manifest.fallback.mode}"),
        ),
    )


def _use(assessed: Mapping[str, Any]) -> CardSection:
    scope = mapping(assessed.get("scope"))
    lists = (
        ("applications", "apps"),
        ("data types", "dataTypes"),
        ("regions", "regions"),
        ("privacy tiers", "privacyTiers"),
    )
    return CardSection(
        title="What it may be used for",
        text=(f"Ethics review: {assessed.get('decision')}, valid to {assessed.get('expires')}.",),
        head=("for", "approved"),
        rows=(
            *((name, ", ".join(map(str, scope.get(key) or [])) or _NONE) for name, key in lists),
            ("a person can stop it", str(assessed.get("humanOversight") or _NONE)),
        ),
    )


def _answers(assessed: Mapping[str, Any]) -> CardSection:
    answers = mapping(assessed.get("questionnaire"))
    return CardSection(
        title="What the reviewer was told",
        text=() if answers else (_NONE,),
        head=("about", "answer"),
        rows=tuple((str(key), str(answers[key])) for key in sorted(answers)),
    )


def _quality(model: VerifiedModel) -> CardSection:
    rows = []
    for item in model.manifest.artifacts:
        parity = item.parity
        same = _figure(known(parity.agreement)) if parity is not None else UNSTATED
        quality = item.quality
        direction = metric_named(quality.metric) if quality is not None else None
        rows.append(
            (
                item.variant,
                quality.metric if quality is not None else "not measured",
                _measured(quality),
                direction.better if direction is not None else UNSTATED,
                str(quality.n) if quality is not None else UNSTATED,
                quality.by if quality is not None else UNSTATED,
                same if parity is None else f"{same} with {parity.reference}",
            )
        )
    return CardSection(
        title="How good it is",
        text=(_RANGE,),
        head=("variant", "metric", "value", "better", "rows", "measured by", "same answers"),
        rows=tuple(rows),
    )


def _differences(model: VerifiedModel, evaluation: Mapping[str, Any]) -> CardSection:
    rows = [
        (item.variant, part.metric, part.attribute, _measured(part), part.group, str(part.n))
        for item in model.manifest.artifacts
        for part in item.fairness
    ]
    rows += [
        (
            str(result.get("variant")),
            f"lowest {worst.get('metric')}",
            str(worst.get("attribute")),
            _ranged(worst),
            str(worst.get("group")),
            str(worst.get("n", UNSTATED)),
        )
        for result in mappings(evaluation.get("results"))
        for worst in _lowest(mappings(result.get("groups")))
    ]
    return CardSection(
        title="Differences between groups",
        text=() if rows else ("Not measured.",),
        head=("variant", "metric", "by", "value", "worst off", "rows of the smallest"),
        rows=tuple(rows),
    )


def _lowest(groups: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    attributes = dict.fromkeys(str(item.get("attribute")) for item in groups)
    for attribute in attributes:
        found = [
            item
            for item in groups
            if str(item.get("attribute")) == attribute and number(item.get("value")) is not None
        ]
        if found:
            yield min(found, key=lambda item: number(item.get("value")) or 0.0)


def _conditions(evaluation: Mapping[str, Any]) -> CardSection:
    rows = [
        (
            str(item.get("variant")),
            f"{item.get('corruption')} ({_figure(number(item.get('severity')))})",
            f"{_figure(number(item.get('lossPt')))} points",
        )
        for item in mappings(evaluation.get("robustness"))
    ]
    rows += [
        (
            str(item.get("variant")),
            "confidence against accuracy",
            _figure(number(item.get("expectedCalibrationError"))),
        )
        for item in mappings(evaluation.get("calibration"))
    ]
    return CardSection(
        title="In worse conditions, and how sure it is",
        text=() if rows else ("Not measured.",),
        head=("variant", "condition", "lost"),
        rows=tuple(rows),
    )


def _cost(model: VerifiedModel) -> CardSection:
    return CardSection(
        title="What it costs a device",
        head=("variant", "format", "size", "time p50", "time p95", "memory", "energy", "where"),
        rows=tuple(_costs(item) for item in model.manifest.artifacts),
    )


def _costs(item: Artifact) -> tuple[str, ...]:
    profile = item.profile
    memory = None if profile is None else known(profile.peak_memory_bytes)
    return (
        item.variant,
        item.format,
        f"{item.bytes / 1000:,.1f} kB",
        _with_unit(None if profile is None else known(profile.latency_p50_ms), "ms"),
        _with_unit(None if profile is None else known(profile.latency_p95_ms), "ms"),
        _with_unit(None if memory is None else memory / 1e6, "MB"),
        _with_unit(None if profile is None else known(profile.energy_mj), "mJ"),
        "not measured" if profile is None else profile.machine,
    )


def _data(model: VerifiedModel) -> CardSection:
    datasets = model.manifest.lineage.datasets
    return CardSection(
        title="What it learned from and was tried on",
        text=() if datasets else ("No data set is named.",),
        head=("data set", "used for", "rows", "licence", "sensitive attributes", "source"),
        rows=tuple(
            (
                item.name,
                item.use,
                str(item.rows),
                item.licence,
                ", ".join(item.sensitive_attributes) or "none",
                item.source,
            )
            for item in datasets
        ),
    )


def _limits(model: VerifiedModel, evaluation: Mapping[str, Any]) -> CardSection:
    notes = [str(item) for item in evaluation.get("notes") or []]
    manifest = model.manifest
    unknown = [
        name
        for name, value in (
            ("licence of the model", manifest.licence),
            ("origin of the model", manifest.origin),
            ("source commit", manifest.lineage.source_commit),
            ("processing before the model", manifest.io.preprocessing),
            ("processing after the model", manifest.io.postprocessing),
        )
        if value == UNSTATED
    ]
    if unknown:
        notes.append(f"Unknown: {', '.join(unknown)}.")
    return CardSection(title="What to keep in mind", text=tuple(notes) or ("Nothing was noted.",))


def _evidence(model: VerifiedModel) -> CardSection:
    return CardSection(
        title="Evidence",
        text=(f"Manifest sha256 {model.sha256}. All signatures below were verified.",),
        head=("statement", "sha256", "expires"),
        rows=tuple(
            (
                item.kind,
                item.sha256,
                str(model.statements[item.kind].predicate.get("expires", "-"))
                if item.kind in model.statements
                else "-",
            )
            for item in model.manifest.statements
        ),
    )


def _measured(item: Measurement | None) -> str:
    if item is None:
        return UNSTATED
    if item.interval == UNSTATED:
        return f"{_figure(item.value)} (range unknown)"
    low, high = item.bounds
    return f"{_figure(item.value)} ({_figure(low)} to {_figure(high)})"


def _ranged(values: Mapping[str, Any]) -> str:
    value, low, high = (_figure(number(values.get(key))) for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def _with_unit(value: float | None, unit: str) -> str:
    return UNSTATED if value is None else f"{_figure(value)} {unit}"


def _figure(value: float | None) -> str:
    return UNSTATED if value is None else f"{value:.4g}"
