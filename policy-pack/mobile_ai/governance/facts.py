"""Facts admitted from the plan: governance context, verified models, parents of resources.

Facts are admitted before the rules run, each from the resource that states it. What does not
hold is kept as a refusal, which the rule in charge reports; every other rule then finds the
fact missing, and denies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mobile_ai.contracts.canonical import sha256_text
from mobile_ai.contracts.deployed import Baseline, baseline_of, read_deployed
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.evidence import VerifiedModel, verify_model
from mobile_ai.contracts.predicates import HALT, PREDICATES
from mobile_ai.contracts.reading import FindingCollector, Property
from mobile_ai.contracts.records import Records, read_records
from mobile_ai.contracts.released import proven_manifests
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import CONTEXT, DEPLOYED, DEPLOYMENT, MODEL_VERSION
from mobile_ai.contracts.trust import Trust
from mobile_ai.governance.stack_policy import Setting
from mobile_ai.governance.steps import Step, deployment_step, plan_step, returns_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Known values of the plan's ``GovernanceContext``.

    Attributes:
        stack: The stack that it says it is for.
        environment: The environment that it says it is for.
        regions: The regions that the stack allows itself.
        sites: Edge sites by name: their region.
        budgets: Budgets by name, as written.
        images: Image references that may run.
        claimed_released: Manifest digests that the plan says were released before.
        release: Signed release metadata by file name, as in Git.
        texts: The signed records by name, as in Git.
        records: The same, verified.
    """

    stack: str
    environment: str
    regions: frozenset[str]
    sites: Mapping[str, str]
    budgets: Mapping[str, Mapping[str, Any]]
    images: frozenset[str]
    claimed_released: frozenset[str]
    release: Mapping[str, str]
    texts: tuple[tuple[str, str], ...]
    records: Records

    @classmethod
    def of(cls, resource: Resource, trust: Trust, *, secrets: set[str]) -> Context:
        """Read the context; what is unknown or malformed is left out, so its users deny."""
        top = Property(resource.props, FindingCollector("", secrets=secrets))
        texts = tuple(
            (item.at("name").text(), item.at("text").text()) for item in top.at("records").items()
        )
        return cls(
            stack=top.at("stack").text(),
            environment=top.at("environment").text(),
            regions=frozenset(top.at("regions").texts()),
            sites={
                item.at("name").text(): item.at("region").text() for item in top.at("sites").items()
            },
            budgets={
                item.at("name").text(): item.plain() or {} for item in top.at("budgets").items()
            },
            images=frozenset(node.text() for _, node in top.at("images").entries()) - {""},
            claimed_released=frozenset(top.at("releasedDigests").texts()),
            release={
                item.at("name").text(): item.at("text").text() for item in top.at("release").items()
            },
            texts=texts,
            records=read_records(texts, trust=trust),
        )


class Facts:
    """Facts of one stack; grows as its resources are seen.

    Attributes:
        setting: The judge's own knowledge of the stack.
        now: The time of the judgement.
        preview: Whether values may still become known (a preview), or not (an update).
        context: The governance context, once seen.
        models: Verified model versions by manifest digest.
        refusals: By URN, why a ``ModelVersion`` or context does not hold.
        deployments: The props of each ``MobileAIDeployment`` by URN.
        baseline: Models deployed before; ``None`` if the plan does not state them.
        untold: Reason why the plan does not state them.
        proposed: What the plan announces to deploy; ``None`` if it announces nothing.
        step: Kind of the step from the one to the other.
        secrets: Texts that were read as secrets; no message shows them.
    """

    def __init__(
        self,
        setting: Setting,
        *,
        now: datetime,
        preview: bool = False,
    ) -> None:
        """Start knowing only the setting."""
        self.setting = setting
        self.now = now
        self.preview = preview
        self.baseline: Baseline | None = None
        self.untold: GovernanceError | None = None
        self.proposed: Baseline | None = None
        self.step: Step = "other"
        self.context: Context | None = None
        self.models: dict[str, VerifiedModel] = {}
        self.refusals: dict[str, GovernanceError] = {}
        self.deployments: dict[str, Mapping[str, Any]] = {}
        self.secrets: set[str] = set()
        self._delivered: frozenset[str] = frozenset()
        self._types: dict[str, str] = {}
        self._parents: dict[str, str] = {}

    def admit(self, resource: Resource) -> None:
        """Take in what a resource states."""
        self._types[resource.urn] = resource.type
        if resource.parent:
            self._parents[resource.urn] = resource.parent
        if resource.type == CONTEXT and self.context is None:
            self.context = Context.of(resource, self.setting.trust, secrets=self.secrets)
            self._delivered = proven_manifests(self.context.release, root=self.setting.release_root)
        elif resource.type == DEPLOYED and self.baseline is None and self.untold is None:
            self._admit_baseline(resource)
        elif resource.type == MODEL_VERSION:
            self._admit_model(resource)
        elif resource.type == DEPLOYMENT:
            self.deployments[resource.urn] = resource.props

    def step_of(self, resource: Resource) -> Step:
        """Return the kind of the step of one ``MobileAIDeployment``."""
        if self.baseline is None:
            return "other"
        spec = Property(resource.props, FindingCollector("")).at("spec").plain()
        return deployment_step(
            self.baseline.deployments.get(resource.name),
            spec if isinstance(spec, Mapping) else None,
            returns=self.returns(resource.name),
        )

    def deployed(self, deployment: str) -> Mapping[str, Any]:
        """Return the deployed spec of a deployment, empty if there is none."""
        return (self.baseline or Baseline()).deployments.get(deployment) or {}

    def returns(self, deployment: str) -> dict[str, float]:
        """Return the versions that a deployment may go back to, each with its largest share."""
        baseline = self.baseline or Baseline()
        return returns_of(baseline, deployment, withdrawn=self._withdrawn)

    def ancestors(self, urn: str) -> list[tuple[str, str]]:
        """Return URN and type of the ancestors of a resource, nearest first."""
        found: list[tuple[str, str]] = []
        parent = self._parents.get(urn)
        while parent and parent not in {item for item, _ in found}:
            found.append((parent, self._types.get(parent, "")))
            parent = self._parents.get(parent)
        return found

    @property
    def records(self) -> Records:
        """The verified records; none before the context was seen."""
        return self.context.records if self.context else Records()

    @property
    def released(self) -> frozenset[str]:
        """Digests released before, as baseline, gate statement or signed release proves."""
        proven = self.baseline.released if self.baseline else frozenset()
        return proven | self.records.released | self._delivered

    @property
    def trust(self) -> Trust:
        """The environment's trust, with what the records revoke."""
        trust = self.setting.trust
        return replace(trust, revoked={**trust.revoked, **self.records.revoked})

    @property
    def _withdrawn(self) -> frozenset[str]:
        ordered = self.records.by_type.get(HALT, ())
        digests = (digest for record in ordered for digest in record.statement.digests)
        return frozenset({*self.trust.revoked, *digests})

    def _withdraws_more(self, baseline: Baseline) -> bool:
        """Return whether a halt, freeze or revocation came since the last `up`."""
        kinds = [row.uri for row in PREDICATES.values() if row.withdraws]
        names = {record.name for uri in kinds for record in self.records.by_type.get(uri, ())}
        texts = self.context.texts if self.context is not None else ()
        return any(
            name in names and sha256_text(text) not in baseline.records for name, text in texts
        )

    def _admit_baseline(self, resource: Resource) -> None:
        stack = self.setting.stack
        announced = Property(resource.props, FindingCollector("")).at("proposed")
        try:
            # Unknown, it announces nothing, so that no deployment is the announced one.
            text = announced.text()
            self.proposed = (
                Baseline()
                if announced.pending
                else read_deployed(text, stack=stack)
                if text
                else None
            )
            self.baseline = baseline_of(resource, stack=stack, continues=self.setting.continues)
        except GovernanceError as error:
            self.untold = error
            return
        if self.context and self.setting.trust.expired:
            self.context = replace(
                self.context,
                records=read_records(
                    self.context.texts, trust=self.setting.trust, known=self.baseline.records
                ),
            )
        if self.proposed is not None and not announced.pending:
            self.step = plan_step(self.baseline, self.proposed, withdrawn=self._withdrawn)
            if self.step == "unchanged" and self._withdraws_more(self.baseline):
                self.step = "safety"

    def _admit_model(self, resource: Resource) -> None:
        top = Property(resource.props, FindingCollector("", secrets=self.secrets))
        pin = top.at("sha256").text()
        evidence = {kind: node.text() for kind, node in top.at("evidence").entries()}
        try:
            self.models[pin] = verify_model(
                top.at("manifest").text(),
                evidence,
                pin=pin,
                trust=self.trust,
                released=pin in self.released,
            )
        except GovernanceError as error:
            self.refusals[resource.urn] = error
