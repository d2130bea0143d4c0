"""Baseline: the models that a stack deploys now, from its state or from Git."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mobile_ai.contracts.errors import DocumentError, GovernanceError
from mobile_ai.contracts.exported import read_export
from mobile_ai.contracts.reading import FindingCollector, Property
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import DEPLOYMENT
from mobile_ai.gate.engine.process import capture
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project
from mobile_ai.gate.report.report import Change
from mobile_ai.sandbox.engine import Engine
from mobile_ai.stack.errors import StackFileError
from mobile_ai.stack.git import git
from mobile_ai.stack.reader import StackFile

_DIGEST_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedPin:
    """Model version that a deployment runs.

    Attributes:
        model: The model's name.
        version: Its version.
        sha256: Digest of its manifest: the pin.
        previous: Digest of the version that the deployment can go back to, empty if none.
    """

    model: str
    version: str
    sha256: str
    previous: str = ""

    def __str__(self) -> str:
        """Return it as reports show it."""
        return f"{self.model} {self.version} ({self.sha256[:_DIGEST_SHOWN]})"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedModels:
    """The deployments that changes are counted against.

    Attributes:
        source: Where it is from, for people.
        pins: The model of every deployment, by the deployment's name.
        resources: What the state has, as pricing reads it; none where there is no state.
    """

    source: str
    pins: Mapping[str, DeployedPin]
    resources: tuple[Resource, ...] = ()


def read_state(
    project: Project, engine: Engine, environment: Mapping[str, str]
) -> DeployedModels | None:
    """Return the baseline of the stack's state, `None` if nothing was ever deployed.

    Raises:
        GateError: The engine cannot export the state.
    """
    return from_export(export_state(project, engine, environment))


def export_state(
    project: Project, engine: Engine, environment: Mapping[str, str]
) -> dict[str, Any]:
    """Return the stack's state as `pulumi stack export` writes it; secrets stay encrypted.

    Raises:
        GateError: The engine cannot export the state.
    """
    result = capture(
        [engine.pulumi, "stack", "export", f"--stack={project.stack}"],
        folder=project.root,
        environment=environment,
    )
    if result.returncode:
        raise GateError(
            f"state of stack {project.stack}: got {result.stderr.strip()!r}; expected "
            "`pulumi stack export` to succeed. Next: see with `pulumi stack ls` that the backend "
            "has the stack."
        )
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def exported_rows(export: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the resources of an exported state, in its JSON form; an empty state has no list."""
    return (export.get("deployment") or {}).get("resources") or []


def from_export(export: Mapping[str, Any]) -> DeployedModels | None:
    """Return the baseline of an exported state, `None` for an empty one.

    Raises:
        GateError: It is no exported state.
    """
    if not exported_rows(export):
        return None
    try:
        resources = read_export(export, name="deployed state").inputs
    except DocumentError as error:
        raise GateError(str(error)) from error
    return DeployedModels(source="deployed state", pins=pins_of(resources), resources=resources)


def from_git(project: Project, reference: str) -> DeployedModels:
    """Return the baseline of the stack file at a commit.

    Raises:
        GateError: There is no such commit.
    """
    declared = stack_file_at(project, reference).deployments()
    pins = {deployment: declared_pin(entry) for _, deployment, entry in declared}
    return DeployedModels(source=f"{project.stack_file.name} at {reference}", pins=pins)


def declared_pin(entry: Mapping[str, Any]) -> DeployedPin:
    """Return the model of a stack file's deployment."""
    return DeployedPin(
        model=str(entry.get("model", "")),
        version=str(entry.get("version", "")),
        sha256=str(entry.get("sha256", "")),
        previous=str((entry.get("previous") or {}).get("sha256", "")),
    )


def stack_file_at(project: Project, reference: str) -> StackFile:
    """Return the stack file at a commit, an empty one where the commit has none to be read.

    Raises:
        GateError: There is no such commit.
    """
    commit_of(project, reference)
    name = project.stack_file.name
    prefix = _git(project, "rev-parse", "--show-prefix").strip()
    known = _git(project, "ls-tree", "--full-tree", "--name-only", reference, f"{prefix}{name}")
    text = _git(project, "show", f"{reference}:{prefix}{name}") if known.strip() else ""
    try:
        return StackFile.parse(text, name=name)
    except StackFileError:
        return StackFile(name=name)


def commit_of(project: Project, reference: str) -> str:
    """Return the commit that a reference names.

    Raises:
        GateError: There is no such commit.
    """
    return _git(project, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}").strip()


def pins_of(resources: Iterable[Resource]) -> dict[str, DeployedPin]:
    """Return the model of every deployment by its name.

    Args:
        resources: Resources with their inputs; a `MobileAIDeployment` that cannot be read is left
            out, since a rule denies it.
    """
    pins = {item.name: _pin(item.props) for item in resources if item.type == DEPLOYMENT}
    return {name: pin for name, pin in pins.items() if pin.model and pin.version and pin.sha256}


def _pin(inputs: Mapping[str, Any]) -> DeployedPin:
    model = Property(inputs, FindingCollector("")).at("spec", "aiModel")
    return DeployedPin(
        model=model.at("id").text(),
        version=model.at("version").text(),
        sha256=model.at("sha256").text(),
        previous=model.at("previous", "sha256").text(),
    )


def changes(
    baseline: DeployedModels | None, proposed: Mapping[str, DeployedPin]
) -> tuple[Change, ...]:
    """Return every deployment that differs from the baseline, in order of name."""
    prior = baseline.pins if baseline else {}
    return tuple(
        Change(
            deployment=name,
            prior=str(prior[name]) if name in prior else "",
            proposed=str(proposed[name]) if name in proposed else "",
        )
        for name in sorted({*prior, *proposed})
        if prior.get(name) != proposed.get(name)
    )


def _git(project: Project, *arguments: str) -> str:
    try:
        return git(project.root, *arguments)
    except GovernanceError as error:
        raise GateError(
            f"git {' '.join(arguments)}: got {error.got!r}; expected a commit of this repository. "
            "Next: fetch it, or name another with --base."
        ) from error
