"""The closed table of predicate types: who may sign each, what it may say, where its file is.

A type that is not in the table can be signed by no role and is read by nobody. What depends on
other files is judged where they are known: whether a waiver's rule may be waived by its role, for
how long, and which stacks exist (``governance``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Final, Literal

from mobile_ai.contracts.predicates import decisions, deployments, evidence, measurements
from mobile_ai.contracts.predicates.fields import PredicateModel

TRUST: Final = "urn:mobile-ai:trust:v1"
"""Predicate type of a version of a trust file."""
ROOTS: Final = "urn:mobile-ai:roots:v1"
"""Predicate type of a version of the stacks' roots."""
PROVENANCE: Final = "https://slsa.dev/provenance/v1"
"""Predicate type of provenance (SLSA 1.0), by the builder."""
EVALUATION: Final = "urn:mobile-ai:evaluation:v1"
"""Predicate type of an evaluation of artifacts."""
ASSESSMENT: Final = "urn:mobile-ai:assessment:v1"
"""Predicate type of an ethical assessment."""
ASSESSMENT_SCOPE: Final = "urn:mobile-ai:assessment-scope:v1"
"""Predicate type of a further use of an assessed version."""
WAIVER: Final = "urn:mobile-ai:waiver:v1"
"""Predicate type of an exception from one rule."""
EXCEPTION: Final = "urn:mobile-ai:budget-exception:v1"
"""Predicate type of an exception from a budget."""
REVOCATION: Final = "urn:mobile-ai:revocation:v1"
"""Predicate type of a revoked model version, artifact or image."""
USAGE: Final = "urn:mobile-ai:usage:v1"
"""Predicate type of measured or assumed usage."""
GATE: Final = "urn:mobile-ai:gate:v1"
"""Predicate type of a gate's verdict."""
HALT: Final = "urn:mobile-ai:halt:v1"
"""Predicate type of an order to halt a version."""
FREEZE: Final = "urn:mobile-ai:freeze:v1"
"""Predicate type of a period without changes."""
APPROVAL: Final = "urn:mobile-ai:approval:v1"
"""Predicate type of a person's approval of a remediation step."""
LIFT: Final = "urn:mobile-ai:lift:v1"
"""Predicate type of lifted halts; carried and signed by releases (TUF), not by a trust."""
IMAGE: Final = "urn:mobile-ai:image:v1"
"""Predicate type of a container image."""
DEPLOYED: Final = "urn:mobile-ai:deployed:v1"
"""Predicate type of what one `up` deployed."""
RATES: Final = "urn:mobile-ai:rates:v1"
"""Predicate type of exchange rates."""
DEVICE_REPORT: Final = "urn:mobile-ai:device-report:v1"
"""Predicate type of figures that a device measured."""
FINDING: Final = "urn:mobile-ai:finding:v1"
"""Predicate type of an incident."""

_WAIVERS: Final = "policy-pack/waivers/{stack}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PredicateType:
    """A row of the table.

    Attributes:
        uri: The predicate type.
        name: Short name, for commands and schemas.
        title: What a statement of the type says.
        roles: Roles that may sign it.
        model: The closed predicate; ``None`` where ``reader`` validates it.
        reader: Module that validates it, where the table does not.
        folder: Folder of its records, with ``{stack}`` or ``{environment}``; none where empty.
        carried: Whether it travels in the plan, so that rules see it.
        must_expire: Whether a new one needs an expiry.
        new_needs: Fields that a new one must have, though older ones need not.
        life: Longest time from issue to expiry.
        says: By role, values that a field may have; other fields and roles are free.
        withdraws: Whether it only takes something away, so that it counts under expired trust.
        about: Whether its subjects are other things, by digest, and not its own predicate.
        signed_by: ``trust``: keys of an environment's trust; ``release``: keys of the release
            metadata (TUF), whose role has the same name there.
        drafted: Whether people draft it with `mobile-ai record new`.
    """

    uri: str
    name: str
    title: str
    roles: tuple[str, ...]
    model: type[PredicateModel] | None = None
    reader: str = ""
    folder: str = ""
    carried: bool = False
    must_expire: bool = False
    new_needs: tuple[str, ...] = ()
    life: timedelta | None = None
    says: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    withdraws: bool = False
    about: bool = False
    signed_by: Literal["trust", "release"] = "trust"
    drafted: bool = False


def _days(number: int) -> timedelta:
    return timedelta(days=number)


_ROWS: Final = (
    PredicateType(
        uri=TRUST,
        name="trust",
        title="Keys, owners, roles and thresholds of an environment.",
        roles=("root",),
        model=decisions.TrustPredicate,
        folder="policy-pack/trust",
    ),
    PredicateType(
        uri=ROOTS,
        name="roots",
        title="Stacks, and the bounds that their files choose from.",
        roles=("security", "finops-approver"),
        reader="mobile_ai.contracts.roots",
        folder="policy-pack",
    ),
    PredicateType(
        uri=PROVENANCE,
        name="provenance",
        title="How a version was built (SLSA 1.0).",
        roles=("builder",),
        model=evidence.ProvenancePredicate,
        folder="models/<model>/<version>/evidence",
        about=True,
    ),
    PredicateType(
        uri=EVALUATION,
        name="evaluation",
        title="How well a version's artifacts do.",
        roles=("evaluator",),
        model=evidence.EvaluationPredicate,
        folder="models/<model>/<version>/evidence",
        must_expire=True,
        about=True,
    ),
    PredicateType(
        uri=ASSESSMENT,
        name="assessment",
        title="Decision about a version, its risk class and its approved uses.",
        roles=("ethics-reviewer",),
        model=evidence.AssessmentPredicate,
        folder="models/<model>/<version>/evidence",
        must_expire=True,
        about=True,
    ),
    PredicateType(
        uri=ASSESSMENT_SCOPE,
        name="assessment-scope",
        title="A further use of an assessed version.",
        roles=("ethics-reviewer",),
        model=evidence.AssessmentScopePredicate,
        folder="models/<model>/<version>/scope",
        carried=True,
        must_expire=True,
        about=True,
    ),
    PredicateType(
        uri=WAIVER,
        name="waiver",
        title="One rule's violation by one resource or digest is accepted for a time.",
        roles=("ethics-reviewer", "finops-approver", "security"),
        model=decisions.WaiverPredicate,
        folder=_WAIVERS,
        carried=True,
        must_expire=True,
        life=_days(366),
        drafted=True,
    ),
    PredicateType(
        uri=EXCEPTION,
        name="exception",
        title="A budget's limit is higher for a time.",
        roles=("finops-approver",),
        model=decisions.BudgetExceptionPredicate,
        folder=_WAIVERS,
        carried=True,
        must_expire=True,
        new_needs=("issued", "reason", "ticket"),
        life=_days(366),
        drafted=True,
    ),
    PredicateType(
        uri=REVOCATION,
        name="revocation",
        title="Digests that may never run again.",
        roles=("security",),
        model=decisions.RevocationPredicate,
        folder=_WAIVERS,
        carried=True,
        withdraws=True,
        about=True,
        drafted=True,
    ),
    PredicateType(
        uri=USAGE,
        name="usage",
        title="An application's usage, measured or assumed.",
        roles=("operations", "finops-approver"),
        model=measurements.UsagePredicate,
        folder="usage/{stack}",
        carried=True,
        must_expire=True,
        new_needs=("expires",),
        life=measurements.USAGE_LIFE,
        says=MappingProxyType(
            {
                "operations": MappingProxyType({"basis": ("measurement",)}),
                "finops-approver": MappingProxyType({"basis": ("assumption",)}),
            }
        ),
        drafted=True,
    ),
    PredicateType(
        uri=GATE,
        name="gate",
        title="The gate passed what these digests name.",
        roles=("pipeline",),
        model=deployments.GatePredicate,
        folder=_WAIVERS,
        carried=True,
    ),
    PredicateType(
        uri=HALT,
        name="halt",
        title="Order to halt digests, as evidence; devices obey the release's `halt.json`.",
        roles=("security",),
        model=decisions.HaltPredicate,
        folder=_WAIVERS,
        carried=True,
        withdraws=True,
        about=True,
    ),
    PredicateType(
        uri=FREEZE,
        name="freeze",
        title="Nothing but safety changes for a time.",
        roles=("operations", "security"),
        model=decisions.FreezePredicate,
        folder=_WAIVERS,
        carried=True,
        must_expire=True,
        life=_days(92),
        withdraws=True,
        drafted=True,
    ),
    PredicateType(
        uri=APPROVAL,
        name="approval",
        title="A person approves one remediation step for what runs now.",
        roles=("operations", "security"),
        model=decisions.ApprovalPredicate,
        folder="approvals/{stack}",
        must_expire=True,
        life=_days(7),
        drafted=True,
    ),
    PredicateType(
        uri=LIFT,
        name="lift",
        title="Halts that devices may forget.",
        roles=("models",),
        model=decisions.LiftPredicate,
        folder="releases/{stack}",
        signed_by="release",
        drafted=True,
    ),
    PredicateType(
        uri=IMAGE,
        name="image",
        title="A container image, its platforms and its provenance.",
        roles=("image-builder",),
        model=deployments.ImagePredicate,
        folder="images/{environment}",
        carried=True,
        about=True,
        drafted=True,
    ),
    PredicateType(
        uri=DEPLOYED,
        name="deployed",
        title="What one `up` deployed: a link of the stack's chain.",
        roles=("pipeline",),
        model=deployments.DeployedPredicate,
        folder="deployed/{stack}",
    ),
    PredicateType(
        uri=RATES,
        name="rates",
        title="Exchange rates of one day, for the bills of a period.",
        roles=("finops-approver",),
        model=measurements.RatesPredicate,
        folder="rates/{environment}",
        must_expire=True,
        life=_days(92),
        drafted=True,
    ),
    PredicateType(
        uri=DEVICE_REPORT,
        name="device-report",
        title="Figures of an artifact as a device or an emulator measured them.",
        roles=("evaluator", "device-lab"),
        model=measurements.DeviceReportPredicate,
        folder="reports/{environment}",
        about=True,
        drafted=True,
    ),
    PredicateType(
        uri=FINDING,
        name="finding",
        title="An incident: what deviates where, and its episodes.",
        roles=("monitor",),
        model=measurements.FindingPredicate,
        folder="findings/{stack}",
        drafted=True,
    ),
)

PREDICATES: Final[Mapping[str, PredicateType]] = MappingProxyType({row.uri: row for row in _ROWS})
"""Every predicate type by its URI."""
ROLES: Final = frozenset(role for row in _ROWS if row.signed_by == "trust" for role in row.roles)
"""Every role that a trust can have."""


def type_named(name: str) -> PredicateType | None:
    """Return the row with a short name or URI."""
    return next((row for row in _ROWS if name in {row.name, row.uri}), None)
