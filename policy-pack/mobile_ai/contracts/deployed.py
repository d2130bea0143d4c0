"""The baseline: what the last successful `up` deployed, as a resource of the plan.

At the end of an `up` the program exports the stack output ``deployed``. The next run reads that
output of its own stack and registers it as the component ``mobileai:index:Deployed``, since the
engine gives a policy pack no access to the prior state. The baseline is not signed: anyone who can
write the state can change it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from mobile_ai.contracts.canonical import canonical_bytes
from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.progress import Progress, progress_of
from mobile_ai.contracts.reading import FindingCollector, Property
from mobile_ai.contracts.resource import Resource

STATE: Final = "state"
"""The stack's outputs had a baseline."""
FIRST: Final = "first"
"""Nothing was ever deployed."""
NO_BASELINE: Final = "missing"
"""The state has resources and no baseline, so that the deployed version is unknown."""

_FORMAT: Final = 2
_SHAPE: Final = (
    "{format: 2, stack, released, deployments: {name: spec}, costs, progress, release, settings, "
    "records, withdrawn, fromCommit}"
)
# Written before steps were held against time; its fields are the first five.
_EARLIER: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Deployments, released digests and costs before a change.

    Attributes:
        released: Digests of the manifests that were deployed and of their rollback targets.
        deployments: The ``spec`` of every deployment by its name.
        costs: Typical USD a month as text, by `mobile_ai.pricing.budgets.budget_key`; empty text
            where it could not be priced; ``None`` where no costs were recorded.
        images: References of the images that ran.
        progress: Progress of the rollout by deployment; a deployment without one was written by an
            earlier version, or read from a commit.
        release: Version of the release metadata of each role; empty before the first release.
        settings: SHA-256 of the stack file's settings without its deployments; empty if unknown.
        records: SHA-256 of the text of every signed record.
        withdrawn: Those of halts, freezes and revocations, with the end of their validity (empty
            text: none). They stay until then.
        from_commit: Whether it is what a commit pins, for a check that has neither state nor
            record: no time is known, and a verdict by it is advice.
    """

    released: frozenset[str] = frozenset()
    deployments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    costs: Mapping[str, str] | None = None
    images: frozenset[str] = frozenset()
    progress: Mapping[str, Progress] = field(default_factory=dict)
    release: Mapping[str, int] = field(default_factory=dict)
    settings: str = ""
    records: frozenset[str] = frozenset()
    withdrawn: Mapping[str, str] = field(default_factory=dict)
    from_commit: bool = False

    def model(self, deployment: str) -> Mapping[str, Any] | None:
        """Return the ``aiModel`` that a deployment ran, ``None`` for a new deployment."""
        spec = self.deployments.get(deployment)
        return None if spec is None else spec.get("aiModel") or {}

    def after(self, before: Baseline, *, now: str) -> Baseline:
        """Return it with the progress of its rollouts since another baseline.

        Args:
            before: The baseline before this one was deployed.
            now: Time of the `up`, RFC 3339; empty for a preview.
        """
        progress = {
            name: progress_of(
                spec,
                before=before.deployments.get(name),
                progress=before.progress.get(name),
                now=now,
            )
            for name, spec in self.deployments.items()
        }
        return replace(self, progress=progress)


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
        "progress": {name: item.to_dict() for name, item in baseline.progress.items()},
        "release": dict(baseline.release),
        "settings": baseline.settings,
        "records": sorted(baseline.records),
        "withdrawn": dict(baseline.withdrawn),
        "fromCommit": baseline.from_commit,
    }
    if baseline.images:
        value["images"] = sorted(baseline.images)
    return canonical_bytes(value).decode()


def read_deployed(text: str, *, stack: str, continues: str = "") -> Baseline:
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
        if value["format"] not in {_EARLIER, _FORMAT} or value["stack"] not in {
            stack,
            continues or stack,
        }:
            raise _malformed(f"format {value['format']!r} of stack {value['stack']!r}", stack)
        costs = value["costs"]
        return Baseline(
            released=frozenset(_text(item) for item in value["released"]),
            deployments={name: _mapping(spec) for name, spec in value["deployments"].items()},
            costs=None if costs is None else {name: _text(usd) for name, usd in costs.items()},
            images=frozenset(_text(item) for item in value.get("images", ())),
            **({} if value["format"] == _EARLIER else _steps(value)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _malformed(f"{type(error).__name__}: {error}", stack) from error


def baseline_of(resource: Resource, *, stack: str, continues: str = "") -> Baseline:
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


def _steps(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of format 2 that format 1 lacks."""
    return {
        "progress": {name: _progress(item) for name, item in value["progress"].items()},
        "release": {role: _whole(version) for role, version in value["release"].items()},
        "settings": _text(value["settings"]),
        "records": frozenset(_text(item) for item in value["records"]),
        "withdrawn": {name: _text(end) for name, end in value["withdrawn"].items()},
        "from_commit": value["fromCommit"] is True,
    }


def _progress(value: Mapping[str, Any]) -> Progress:
    return Progress(
        opened={ring: _text(time) for ring, time in value["opened"].items()},
        soak={ring: float(hours) for ring, hours in value["soak"].items()},
        reached={digest: float(share) for digest, share in value["reached"].items()},
        halted=tuple(_text(digest) for digest in value["halted"]),
    )


def _whole(value: Any) -> int:
    if type(value) is not int:  # canonical JSON writes a whole number without a fraction
        raise TypeError(f"{type(value).__name__} for a version")
    return value


def _malformed(got: str, stack: str) -> DocumentError:
    return DocumentError(
        "the deployed version",
        got=got,
        expected=f"the output `deployed` of stack {stack}, {_SHAPE}",
        next_step="restore the state that the last successful `up` wrote (`pulumi stack export "
        "--version`), or for a check without a state run `mobile-ai deployed rebuild`; meanwhile a "
        "halt passes, and a released digest in the first ring",
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{type(value).__name__} for a spec")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} for a text")
    return value
