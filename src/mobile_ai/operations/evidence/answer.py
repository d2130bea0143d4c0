"""Collects what the files say about a point, and what they do not."""

from collections.abc import Iterable
from typing import Any, Final, Literal

from mobile_ai.contracts.manifest import UNSTATED, StatedCount, StatedText, StatedTexts
from mobile_ai.contracts.manifest_v2 import Measurement
from mobile_ai.operations.evidence.document import Fact, Gap, Point

MANIFEST: Final = "manifest.yaml"
"""Name of the manifest in a bundle, as in Git."""
DEPLOYMENT: Final = "deployment.json"
"""Name of the deployment's settings in a bundle."""
REPORT: Final = "gate/report.json"
"""Name of the gate's report in a bundle."""

OWNER: Final = "the model's owner"
"""Owner of the model."""
PROVIDER: Final = "the provider (legal)"
"""Provider in the sense of the AI Act."""
APPLICATION: Final = "the application's team"
"""Team of the application that uses the model."""
REVIEWER: Final = "the ethics reviewer, in the questionnaire (mobile-ai model approve)"
"""Ethics reviewer, who answers the questionnaire."""
EVALUATOR: Final = "the evaluator, in the signed evaluation"
"""Evaluator, who signs the evaluation."""
BUILDER: Final = "the builder, in the recipe (mobile-ai model build)"
"""Builder, who writes the recipe."""
SECURITY: Final = "security"
"""Security."""
OPERATIONS: Final = "operations"
"""Operations."""
GATE: Final = "the pipeline: mobile-ai gate --format json --out build/gate, then --report"
"""Pipeline, whose report holds the verdict."""


class Answer:
    """Facts and gaps of one point, in the order in which they were found."""

    def __init__(self) -> None:
        """Begin with none."""
        self._facts: list[Fact] = []
        self._gaps: list[Gap] = []
        self._note = ""
        self._is_asked = True

    def fact(self, name: str, value: object, source: str) -> bool:
        """Add a fact, unless its value is empty or unknown; return whether it is known."""
        text = _shown(value)
        if text:
            self._facts.append(Fact(name=name, value=text, source=source))
        return bool(text)

    def need(self, name: str, value: object, source: str, who: str) -> None:
        """Add a fact, or that it is missing and who could supply it."""
        if not self.fact(name, value, source):
            self.gap(name, who)

    def gap(self, what: str, who: str) -> None:
        """Add something that no file states."""
        self._gaps.append(Gap(what=what, who=who))

    def note(self, text: str) -> None:
        """Say the limits of what is stated."""
        self._note = text

    def not_asked(self, reason: str) -> None:
        """Say why the regulation does not ask for this point here."""
        self._is_asked, self._note = False, reason

    def point(self, number: str, title: str) -> Point:
        """Return the point."""
        return Point(
            id=number,
            title=title,
            status=self._status(),
            facts=tuple(self._facts),
            gaps=tuple(self._gaps),
            note=self._note,
        )

    def _status(self) -> Literal["stated", "partly stated", "missing", "not applicable"]:
        if not self._is_asked:
            return "not applicable"
        if not self._facts:
            return "missing"
        return "partly stated" if self._gaps else "stated"


def measured(figure: Measurement) -> str:
    """Return a measurement in words: value, interval, rows, and who measured it."""
    low, high = figure.bounds
    interval = "" if figure.interval == UNSTATED else f", 95 % interval {low:.4g} to {high:.4g}"
    rows = "" if figure.n == UNSTATED else f", {figure.n:,} rows"
    return f"{figure.value:.4g}{interval}{rows}; by {figure.by}"


def listed(values: Iterable[object]) -> str:
    """Return values as one text, without the empty ones."""
    return "; ".join(filter(None, map(_shown, values)))


def _shown(value: object) -> str:
    match value:
        case None | "unknown":
            text = ""
        case StatedCount() | StatedText() | StatedTexts():
            text = f"{_shown(value.value)} ({value.how})"
        case float():
            text = f"{value:.4g}"
        case int():
            text = f"{value:,}"
        case tuple() | list():
            text = ", ".join(map(_shown, value))
        case _:
            text = str(value)
    return text


def parts(value: Any) -> list[dict[str, Any]]:
    """Return a list of objects of a predicate; what has another form is none."""
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, dict)]
