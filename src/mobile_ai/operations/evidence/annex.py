"""Annex IV of the EU AI Act as a table, and the document that it makes of a deployed version.

Regulation (EU) 2024/1689, http://data.europa.eu/eli/reg/2024/1689/oj. Titles are short forms of
the points; the words of the regulation are what counts.
"""

from collections.abc import Callable
from typing import Final

from mobile_ai.contracts.evidence import SIGNED_KINDS
from mobile_ai.contracts.statements import load_envelope
from mobile_ai.operations.evidence import conduct, description
from mobile_ai.operations.evidence.answer import Answer
from mobile_ai.operations.evidence.document import AnnexSection, Signature, TechnicalDocument
from mobile_ai.operations.evidence.subject import Evidence

REGULATION: Final = "Regulation (EU) 2024/1689 (AI Act), Article 11 and Annex IV"
"""Regulation that the document follows."""
_OBLIGATIONS: Final = {
    "high": "Article 11 asks for this documentation before the system is put into service.",
    "limited": "Article 11 asks for this documentation of high-risk systems alone; for this risk "
    "class it is voluntary, and Article 50 asks for transparency.",
    "minimal": "Article 11 asks for this documentation of high-risk systems alone; for this risk "
    "class it is voluntary.",
}

_Answered = Callable[[Evidence, Answer], None]
SECTIONS: Final[tuple[tuple[str, tuple[tuple[str, str, _Answered], ...]], ...]] = (
    (
        "General description",
        (
            ("1(a)", "Intended purpose, provider, version", description.purpose),
            ("1(b)", "Interaction with hardware and software", description.interaction),
            ("1(c)", "Versions of software and firmware", description.software),
            ("1(d)", "Forms in which it is put into service", description.forms),
            ("1(e)", "Hardware that it runs on", description.hardware),
            ("1(f)", "Products that it is a component of", description.product),
            ("1(g)", "User interface", description.interface),
            ("1(h)", "Instructions for use", description.instructions),
        ),
    ),
    (
        "Elements and development process",
        (
            ("2(a)", "Methods and steps of development", description.development),
            ("2(b)", "Design specifications", description.design),
            ("2(c)", "Architecture and computational resources", description.architecture),
            ("2(d)", "Data requirements and data sheets", description.data_sheets),
            ("2(e)", "Human oversight", description.oversight),
            ("2(f)", "Pre-determined changes", description.planned_changes),
            ("2(g)", "Validation and testing", description.validation),
            ("2(h)", "Cybersecurity", description.cybersecurity),
        ),
    ),
    (
        "Monitoring, functioning and control",
        (("3", "Capabilities, limits, risks and oversight", conduct.monitoring),),
    ),
    (
        "Appropriateness of the performance metrics",
        (("4", "Performance metrics", conduct.metrics),),
    ),
    ("Risk management system", (("5", "Risk management (Article 9)", conduct.risks),)),
    ("Changes through the lifecycle", (("6", "Relevant changes", conduct.changes),)),
    ("Standards applied", (("7", "Harmonised standards and specifications", conduct.standards),)),
    ("EU declaration of conformity", (("8", "Copy of the declaration", conduct.declaration),)),
    ("Post-market monitoring", (("9", "Post-market monitoring", conduct.after_market),)),
)
"""Sections of Annex IV: title, and id, title and answer of each point."""


def technical_document(about: Evidence) -> TechnicalDocument:
    """Return the technical documentation of a deployed version; the same for the same files."""
    data = about.model.manifest.metadata
    return TechnicalDocument(
        regulation=REGULATION,
        stack=about.stack,
        environment=about.trust.environment,
        deployment=about.deployment.name,
        model=data.name,
        version=data.version,
        manifest=about.model.sha256,
        risk_class=data.risk_class,
        obligation=_OBLIGATIONS[data.risk_class],
        signatures=tuple(_signature(about, kind) for kind in SIGNED_KINDS),
        sections=tuple(
            AnnexSection(
                number=number,
                title=title,
                points=tuple(
                    _answer(about, answered).point(point, what) for point, what, answered in points
                ),
            )
            for number, (title, points) in enumerate(SECTIONS, 1)
        ),
    )


def _answer(about: Evidence, answered: _Answered) -> Answer:
    answer = Answer()
    answered(about, answer)
    return answer


def _signature(about: Evidence, kind: str) -> Signature:
    role = SIGNED_KINDS[kind]
    envelope = load_envelope(about.files.evidence[kind], name=kind)
    signed = about.trust.signed_by(envelope, role, states=("active", "superseded"))
    said = about.model.statements[kind].predicate
    made = said.get("runDetails", {}).get("metadata", {}).get("finishedOn", "")
    return Signature(
        kind=kind,
        role=role,
        signers=tuple(f"{about.trust.keys[one].owner} ({one[:12]})" for one in sorted(signed)),
        issued=str(said.get("issued", made)),
        expires=str(said.get("expires", "")),
        file=about.file(kind),
    )
