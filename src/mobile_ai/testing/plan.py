"""A plan that passes every rule, and its evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from mobile_ai.contracts.bounds import Bounds
from mobile_ai.contracts.deployed import FIRST, STATE, Baseline, write_deployed
from mobile_ai.contracts.predicates import USAGE
from mobile_ai.contracts.resource import ProviderReference, Resource
from mobile_ai.contracts.tokens import (
    CONTEXT,
    DEPLOYED,
    DEPLOYMENT,
    EDGE_ENDPOINT,
    FUNCTION,
    KUBERNETES_WORKLOADS,
    MODEL_VERSION,
    TASK_DEFINITION,
)
from mobile_ai.contracts.trust import load_trust
from mobile_ai.governance.config import PackConfig, load_config
from mobile_ai.governance.judge import judge
from mobile_ai.governance.resource_list import listed_types
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.rules.binding import ANNOTATION, MANIFEST_VARIABLE
from mobile_ai.governance.stack_policy import Setting
from mobile_ai.governance.verdict import StackVerdict
from mobile_ai.testing.samples import sample_props
from mobile_ai.testing.signing import Signers, make_record, make_trust_text
from mobile_ai.testing.version import SampleVersion, make_version

IMAGE: Final = f"registry.example.com/edge@sha256:{'f' * 64}"
"""Image of the sample's edge server, by digest."""
_TAGS: Final = {
    "project": "mobile",
    "team": "vision",
    "cost-center": "cc-1",
    "environment": "dev",
    "managed-by": "pulumi",
}
ACCOUNT: Final = "111122223333"
"""AWS account of the sample, one of those that AWS uses in its documentation."""
BOUNDS: Final = Bounds.model_validate(
    {
        "account": ACCOUNT,
        "roles": [f"arn:aws:iam::{ACCOUNT}:role/deploy"],
        "issuers": {"https://login.example.com/": ["devices"]},
        "images": ["registry.example.com/edge"],
        "domains": ["example.com"],
        "notify": ["example.com", "a@b.example"],
        "secrets": {},
        "budgets": {"*": {"maximumUsd": 10_000, "kind": "soft"}},
        "nodePriceUsdPerHour": 0.01,
        "nodeCpu": 64,
        "contexts": ["lab"],
    }
)
"""Bounds of the sample stack."""
_STATEFUL: Final = "kubernetes:apps/v1:StatefulSet"
_OUTCOMES: Final = ("fail", "unknown", "waived", "deferred", "warned", "pass")


def _with_every_judged_type(config: PackConfig) -> dict[str, Mapping[str, Any]]:
    """Return the parameters with every type that a rule names allowed, to test each rule alone."""
    rule = "resource-types-expected"
    also = [
        token
        for item in catalogue()
        for token in item.applies_to
        if not token.endswith("*") and token not in listed_types()
    ]
    own = config.parameters[rule]
    return {**config.parameters, rule: {"also": [*own["also"], *also]}}


def _shared_version() -> SampleVersion:
    return make_version(Signers.shared())


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A stack ``dev`` with one deployment at one edge site, and the evaluation of its rules.

    Attributes:
        signers: The trusted signing keys.
        version: The pinned model version.
        now: The evaluation time.
        preview: Whether unknown values may still become known.
        config: The pack config's text.
        records: Signed records by name.
        states: Key states by role, where not active.
        baseline: Models deployed before, by default none; ``None`` for no baseline.
        rego: Rego modules by name.
        bounds: Bounds of the stack file.
        release_root: SHA-256 of the first root of the stack's releases.
    """

    signers: Signers = field(default_factory=Signers.shared)
    version: SampleVersion = field(default_factory=_shared_version)
    now: datetime = datetime(2026, 6, 1, tzinfo=UTC)
    preview: bool = True
    config: str = '{"rules": {}}'
    records: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    baseline: Baseline | None = field(default_factory=Baseline)
    rego: Mapping[str, str] = field(default_factory=dict)
    bounds: Bounds = BOUNDS
    release_root: str = ""

    def setting(self, stack: str) -> Setting:
        """Return the setting of any stack, parsed like the pack's own."""
        trust = make_trust_text(self.signers, states=self.states)
        config = load_config(self.config, catalogue(), name="test config")
        return Setting(
            stack=stack,
            environment="dev",
            stack_class="development",
            trust=load_trust(trust, environment="dev", now=self.now),
            config=replace(config, parameters=_with_every_judged_type(config)),
            bounds=self.bounds,
            release_root=self.release_root,
            rego=self.rego,
        )

    def resource(
        self,
        token: str,
        props: Mapping[str, Any],
        *,
        name: str = "test",
        parent: Resource | None = None,
        provider: ProviderReference | None = None,
    ) -> Resource:
        """Return a resource of the stack; an AWS resource gets the AWS provider."""
        if provider is None and token.startswith("aws:"):
            provider = self.aws_provider()
        return Resource(
            type=token,
            name=name,
            urn=f"urn:pulumi:dev::mobile-ai::{token}::{name}",
            props=props,
            provider=provider,
            parent=parent.urn if parent else None,
        )

    def aws_provider(self, region: str = "eu-west-1") -> ProviderReference:
        """Return an AWS provider with the default tags."""
        tags = {f"mobile-ai:{key}": value for key, value in _TAGS.items()}
        return ProviderReference(
            type="pulumi:providers:aws",
            name="aws",
            props={"region": region, "defaultTags": {"tags": tags}},
        )

    def context(self) -> Resource:
        """Return the governance context."""
        return self.resource(
            CONTEXT,
            {
                "stack": "dev",
                "environment": "dev",
                "owner": {"project": "mobile", "team": "vision", "costCenter": "cc-1"},
                "regions": ["eu-west-1", "eu-central-1"],
                "sites": [
                    {
                        "name": "dublin",
                        "kind": "edge",
                        "region": "eu-west-1",
                        "mode": "pull",
                        "nodePriceUsdPerHour": 0.1,
                        "nodeCpu": 4,
                        "nodeMemoryGb": 16,
                    }
                ],
                "budgets": [
                    {
                        "name": "field-assistant",
                        "scope": "app:field-assistant",
                        "monthlyUsd": 500,
                        "kind": "soft",
                        "notify": ["finops@example.com"],
                    }
                ],
                "images": {"edge": IMAGE},
                "records": [
                    {"name": name, "text": text}
                    for name, text in sorted({"usage": self.usage_record(), **self.records}.items())
                ],
                "releasedDigests": [],
            },
            name="governance",
        )

    def deployed(self) -> list[Resource]:
        """Return the ``Deployed`` component; empty without a baseline."""
        if self.baseline is None:
            return []
        first = self.baseline == Baseline()
        text = "" if first else write_deployed(self.baseline, stack="dev")
        props = {"found": FIRST if first else STATE, "text": text}
        return [self.resource(DEPLOYED, props, name="deployed")]

    def announced(self, *deployments: Resource, settings: str = "") -> Resource:
        """Return the ``Deployed`` component of a plan that announces some deployments.

        Args:
            deployments: The plan's deployments.
            settings: Digest of its other settings; by default that of the baseline.
        """
        baseline = self.baseline or Baseline()
        proposed = Baseline(
            deployments={item.name: item.props["spec"] for item in deployments},
            settings=settings or baseline.settings,
        )
        text = write_deployed(proposed, stack="dev")
        (told,) = self.deployed()
        return replace(told, props={**told.props, "proposed": text})

    def model_version(self) -> Resource:
        """Return the ``ModelVersion`` component."""
        metadata = self.version.values["metadata"]
        return self.resource(
            MODEL_VERSION,
            {
                "model": metadata["name"],
                "version": metadata["version"],
                "sha256": self.version.sha256,
                "manifest": self.version.manifest,
                "evidence": dict(self.version.evidence),
            },
            name=f"{metadata['name']}-{metadata['version']}",
        )

    def deployment(self) -> Resource:
        """Return a deployment on phones and at an edge site."""
        return self.resource(
            DEPLOYMENT,
            {
                "apiVersion": "mobile-ai/v1",
                "kind": "MobileAIDeployment",
                "metadata": {"name": "field-assistant-digits", "labels": self.labels("mobile-ai:")},
                "spec": self._spec(),
            },
            name="field-assistant-digits",
        )

    def endpoint(self) -> Resource:
        """Return the component of the deployment at its edge site."""
        return self.resource(
            EDGE_ENDPOINT,
            {"site": "dublin", "region": "eu-west-1"},
            name="dublin",
            parent=self.deployment(),
        )

    def workload(self) -> Resource:
        """Return the Kubernetes workload at the edge site."""
        return self.resource(
            "kubernetes:apps/v1:Deployment",
            {
                "metadata": {
                    "name": "digits",
                    "namespace": "field-assistant",
                    "labels": self.labels("mobile-ai.dev/"),
                    "annotations": {ANNOTATION: self.version.sha256},
                },
                "spec": {"replicas": 2, **sample_props(_STATEFUL, labels={})["spec"]},
            },
            name="digits",
            parent=self.endpoint(),
        )

    def surroundings(self) -> list[Resource]:
        """Return the resources that stack rules require beside a deployment."""
        metadata = {
            "name": "default-deny",
            "namespace": "field-assistant",
            "labels": self.labels("mobile-ai.dev/"),
        }
        fence = {
            "metadata": metadata,
            "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        }
        budget = {"notifications": [{"threshold": 80, "subscriberEmailAddresses": ["a@b.example"]}]}
        return [
            self.resource("mobileai:index:Telemetry", {}, name="telemetry"),
            self.resource("kubernetes:networking.k8s.io/v1:NetworkPolicy", fence, name="fence"),
            self.resource("aws:budgets/budget:Budget", budget, name="field-assistant"),
        ]

    def usage_record(self, **figures: float) -> str:
        """Return a signed measurement of the application's usage."""
        figures = {
            "monthlyActiveDevices": 250_000,
            "updatesPerMonth": 2,
            "requestsPerSecond": 0,
            **figures,
        }
        predicate = {
            "app": "field-assistant",
            "stack": "dev",
            "basis": "measurement",
            "issued": "2026-05-01T00:00:00Z",
            "expires": "2027-05-01T00:00:00Z",
            **figures,
        }
        return make_record(USAGE, predicate, signer=self.signers.by_role["operations"])

    def sample(self, token: str, *, name: str = "sample") -> Resource:
        """Return a resource of a type that passes every rule, below the edge endpoint.

        Raises:
            KeyError: If there is no sample of the type.
        """
        props = sample_props(token, labels=self.labels("mobile-ai.dev/"))
        parent: Resource | None = self.endpoint()
        if token == FUNCTION:
            props["environment"]["variables"][MANIFEST_VARIABLE] = self.version.sha256
        elif token in KUBERNETES_WORKLOADS:
            props["metadata"]["annotations"] = {ANNOTATION: self.version.sha256}
        elif token == TASK_DEFINITION:
            parent = self.resource("mobileai:index:ModelRegistry", {}, name="registry")
        return self.resource(token, props, name=name, parent=parent)

    def labels(self, prefix: str) -> dict[str, str]:
        """Return the cost tags and the application tag with a prefix."""
        return {
            f"{prefix}{key}": value for key, value in {**_TAGS, "app": "field-assistant"}.items()
        }

    def resources(self, *changed: Resource) -> list[Resource]:
        """Return the passing plan; ``changed`` resources replace or join it by URN."""
        plan = [
            self.context(),
            *self.deployed(),
            self.model_version(),
            self.deployment(),
            self.endpoint(),
            self.workload(),
            self.resource("mobileai:index:ModelRegistry", {}, name="registry"),
        ]
        plan += self.surroundings()
        by_urn = {item.urn: item for item in plan} | {item.urn: item for item in changed}
        return list(by_urn.values())

    def judge(self, resources: Iterable[Resource]) -> list[StackVerdict]:
        """Return every verdict on some resources."""
        return judge(
            self.setting,
            resources,
            now=self.now,
            preview=self.preview,
        )

    def verdicts(self, rule: str, *changed: Resource) -> list[StackVerdict]:
        """Return a rule's verdicts on the plan with some resources changed."""
        return [item for item in self.judge(self.resources(*changed)) if item.rule == rule]

    def outcome(self, rule: str, *changed: Resource) -> str:
        """Return the worst outcome of a rule on the plan with some resources changed."""
        urns = {item.urn for item in changed} | {""}
        found = {
            item.outcome
            for item in self.verdicts(rule, *changed)
            if not changed or item.urn in urns
        }
        return next((item for item in _OUTCOMES if item in found), "not applicable")

    def denials(self, *changed: Resource) -> set[str]:
        """Return the rules that deny the plan with some resources changed."""
        return {item.rule for item in self.judge(self.resources(*changed)) if item.denies}

    def _spec(self) -> dict[str, Any]:
        metadata = self.version.values["metadata"]
        return {
            "aiModel": {
                "id": metadata["name"],
                "version": metadata["version"],
                "sha256": self.version.sha256,
            },
            "dataProcessing": {
                "privacyTier": "GDPR_Sensitive",
                "dataTypes": ["camera-image"],
                "region": "eu-west-1",
            },
            "placement": [
                {"target": "on-device", "variant": "int8", "deviceClass": "mid-range"},
                {
                    "target": "edge",
                    "variant": "int8-onnx",
                    "site": "dublin",
                    "region": "eu-west-1",
                    "replicas": {"min": 2, "max": 6},
                },
            ],
            "rollout": {
                "salt": "field-assistant",
                "stage": "canary",
                "halted": False,
                "rings": [
                    {"name": "canary", "percent": 5, "soakHours": 24},
                    {"name": "general", "percent": 100, "soakHours": 24},
                ],
                "minAppVersion": "4.2.0",
            },
            "usage": {
                "monthlyActiveDevices": 250000,
                "updatesPerMonth": 2,
                "requestsPerSecond": 40,
            },
            "humanOversight": "oversight@example.com",
            "budget": "field-assistant",
        }
