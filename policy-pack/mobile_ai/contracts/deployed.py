"""The baseline: what the last successful `up` deployed, as a resource of the plan.

At the end of an `up` the program exports the stack output ``deployed``. The next run reads that
output of its own stack and registers it as the component ``mobileai:index:Deployed``, since the
engine gives a policy pack no access to the prior state. The baseline is not signed: anyone who can
write the state can change it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mobile_ai.contracts.canonical import canonical_bytes
from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.reading import FindingCollector, Property
from mobile_ai.contracts.resource import Resource

STATE: Final = "state"
"""The stack's outputs had a baseline."""
FIRST: Final = "first"
"""Nothing was ever deployed."""
NO_BASELINE: Final = "missing"
"""The state has resources and no baseline, so that the deployed version is unknown."""

_FORMAT: Final = 1
_SHAPE: Final = "{format: 1, stack, released, deployments: {name: spec}, costs}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Deployments, released digests and costs before a change.

    Attributes:
        released: Digests of the manifests that were deployed and of their rollback targets.
        deployments: The ``spec`` of every deployment by its name.
        costs: Typical USD a month as text, by `mobile_ai.pricing.budgets.budget_key`; empty text
            where it could not be priced; ``None`` where no costs were recorded.
        images: References of the images that ran.
    """

    released: frozenset[str] = frozenset()
    deployments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    costs: Mapping[str, str] | None = None
    images: frozenset[str] = frozenset()

    def model(self, deployment: str) -> Mapping[str, Any] | None:
        """Return the ``aiModel`` that a deployment ran, ``None`` for a new deployment."""
        spec = self.deployments.get(deployment)
        return None if spec is None else spec.get("aiModel") or {}


def write_deployed(baseline: Baseline, *, stack: str) -> str:
    """Return a baseline as canonical JSON text.

    Text, because the engine's property values hold every number as a double.

    Raises:
        DocumentError: If a value has no canonical form.
    """
    value = {
        "format": _FORMAT,
        "stack": stack,
        "released": sorted(baseline.released),
        "deployments": {name: dict(spec) for name, spec in baseline.deployments.items()},
        "costs": None if baseline.costs is None else dict(baseline.costs),
    }
    if baseline.images:
        value["images"] = sorted(baseline.images)
    return canonical_bytes(value).decode()


def read_deployed(text: str, *, stack: str, continues: str | None = None) -> Baseline:
    """Return the baseline that was written by `write_deployed`.

    Args:
        text: The output.
        stack: The stack.
        continues: Stack that it takes over from, as the roots say.

    Raises:
        DocumentError: If the text is no baseline, or one of another stack.
    """
    value: Any = read_json(text, name="deployed")
    try:
        if value["format"] != _FORMAT or value["stack"] not in {stack, continues or stack}:
            raise _malformed(f"format {value['format']!r} of stack {value['stack']!r}", stack)
        costs = value["costs"]
        return Baseline(
            released=frozenset(_text(item) for item in value["released"]),
            deployments={name: _mapping(spec) for name, spec in value["deployments"].items()},
            costs=None if costs is None else {name: _text(usd) for name, usd in costs.items()},
            images=frozenset(_text(item) for item in value.get("images", ())),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise _malformed(f"{type(error).__name__}: {error}", stack) from error


def baseline_of(resource: Resource, *, stack: str, continues: str | None = None) -> Baseline:
    """Return the baseline held by a ``Deployed`` component of a plan or a state.

    Raises:
        DocumentError: If there is none although the state has resources, or it cannot be read.
    """
    top = Property(resource.props, FindingCollector(""))
    found = top.at("found").text()
    if found == STATE:
        return read_deployed(top.at("text").text(), stack=stack, continues=continues)
    if found == FIRST:
        return Baseline()
    raise _malformed(
        "none, though the state has resources" if found == NO_BASELINE else found, stack
    )


def safe_without_baseline(deployment: Mapping[str, Any], released: frozenset[str]) -> bool:
    """Return whether a deployment is safe without a baseline: halted, or released already.

    Args:
        deployment: Props of a ``MobileAIDeployment``.
        released: Manifest digests that signed release metadata or a gate statement proves.
    """
    spec = Property(deployment, FindingCollector("")).at("spec")
    halted = spec.at("rollout", "halted").plain() is True
    return halted or spec.at("aiModel", "sha256").text() in released


def _malformed(got: str, stack: str) -> DocumentError:
    return DocumentError(
        "the deployed version",
        got=got,
        expected=f"the output `deployed` of stack {stack}, {_SHAPE}",
        next_step="restore the state that the last successful `up` wrote (`pulumi stack export "
        "--version`); meanwhile a halt passes, and a released digest in the first ring",
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{type(value).__name__} for a spec")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} for a text")
    return value
