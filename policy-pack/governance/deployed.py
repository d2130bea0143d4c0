"""The baseline: what the last successful `up` deployed, as the plan hands it to the rules.

At the end of an `up` the program exports one text, the stack output ``deployed``. The next run
reads that output of its own stack and registers it as the component ``mobileai:index:Deployed``,
since an engine tells a policy pack nothing of the state. Whoever can write the state can write the
baseline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .canonical import canonical_bytes
from .documents import read_json
from .errors import DocumentError
from .reading import Node, Notes
from .resource import Resource

__all__ = [
    "FIRST",
    "MISSING",
    "STATE",
    "Baseline",
    "baseline_of",
    "read_deployed",
    "safe_without_baseline",
    "write_deployed",
]

STATE: Final = "state"
"""The stack's outputs had a baseline."""
FIRST: Final = "first"
"""Nothing was ever deployed."""
MISSING: Final = "missing"
"""The state has resources and no baseline: what a change starts from is not known."""

_FORMAT: Final = 1
_SHAPE: Final = "{format: 1, stack, released, deployments: {name: spec}, costs}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What was deployed before a change.

    Attributes:
        released: Manifest digests that were deployed, with those kept to go back to.
        deployments: The ``spec`` of every deployment by its name.
        costs: Typical USD a month as text, by `governance.cost.budgets.budget_key`; empty where it
            could not be priced; ``None`` where there is nothing to hold an increase against.
    """

    released: frozenset[str] = frozenset()
    deployments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    costs: Mapping[str, str] | None = None

    def model(self, deployment: str) -> Mapping[str, Any] | None:
        """Return the ``aiModel`` that a deployment ran, ``None`` for a new deployment."""
        spec = self.deployments.get(deployment)
        return None if spec is None else spec.get("aiModel") or {}


def write_deployed(baseline: Baseline, *, stack: str) -> str:
    """Return a baseline as text: canonical, since the engine turns every number into a float.

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
    return canonical_bytes(value).decode()


def read_deployed(text: str, *, stack: str) -> Baseline:
    """Return the baseline in a text.

    Raises:
        DocumentError: If it is none, or that of another stack.
    """
    value: Any = read_json(text, name="deployed")
    try:
        if (value["format"], value["stack"]) != (_FORMAT, stack):
            raise _malformed(f"format {value['format']!r} of stack {value['stack']!r}", stack)
        costs = value["costs"]
        return Baseline(
            released=frozenset(_text(item) for item in value["released"]),
            deployments={name: _mapping(spec) for name, spec in value["deployments"].items()},
            costs=None if costs is None else {name: _text(usd) for name, usd in costs.items()},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise _malformed(f"{type(error).__name__}: {error}", stack) from error


def baseline_of(resource: Resource, *, stack: str) -> Baseline:
    """Return the baseline that the component of a plan or a state carries.

    Raises:
        DocumentError: If it carries none, or one that cannot be read.
    """
    top = Node(resource.props, Notes(""))
    found = top.at("found").text()
    if found == STATE:
        return read_deployed(top.at("text").text(), stack=stack)
    if found == FIRST:
        return Baseline()
    raise _malformed("none, though the state has resources" if found == MISSING else found, stack)


def safe_without_baseline(deployment: Mapping[str, Any], released: frozenset[str]) -> bool:
    """Return whether a deployment is safe whatever was there before: halted, or released already.

    Args:
        deployment: Props of a ``MobileAIDeployment``.
        released: Manifest digests that signed metadata or a gate statement proves.
    """
    spec = Node(deployment, Notes("")).at("spec")
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
