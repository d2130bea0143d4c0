"""Resolves the running sandbox of a stack and its endpoints."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mobile_ai.gate.deploy.session import Desk
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project, find_project
from mobile_ai.gate.run import GateOptions
from mobile_ai.gate.state.baseline import exported_rows
from mobile_ai.sandbox.errors import SandboxError
from mobile_ai.sandbox.services.endpoints import DEFAULT_ACCOUNT, ENDPOINTS_VARIABLE, Endpoints

_DEFAULT = "default"
_DISTRIBUTION = "aws:cloudfront/distribution:Distribution"


def endpoints_path(root: Path, stack: str, ambient: Mapping[str, str]) -> Path:
    """Return the endpoints file of a stack's sandbox.

    It is the caller's, that of the sandbox named like the stack, or that of `default`.
    """
    if path := ambient.get(ENDPOINTS_VARIABLE):
        return Path(path)
    of_stack, default = (
        root / "build" / "sandbox" / name / "endpoints.json" for name in (stack, _DEFAULT)
    )
    return of_stack if of_stack.is_file() else default


def in_sandbox(options: GateOptions) -> GateOptions:
    """Return the options with the variables of the stack's sandbox.

    Raises:
        GateError: No sandbox runs, its account differs from the stack's, or it has no cluster for
            the context of a `push` site.
    """
    project = find_project(options.folder.resolve(), options.stack)
    path = endpoints_path(project.root, project.stack, options.ambient)
    config = project.read().config
    account = _account(config)
    usual = account in {"", DEFAULT_ACCOUNT}  # the program reports a missing account
    named = "" if usual else f" --name {project.stack} --account {account}"
    start = f"`mobile-ai sandbox up{named}`"
    if not path.is_file():
        _ = project.read().settings  # what is wrong with the stack file is said first
        raise GateError(
            f"{path}: got no such file; expected the endpoints of a running sandbox. Next: "
            f"{start}, then run the same command again."
        )
    try:
        endpoints = Endpoints.read(path)
    except SandboxError as error:
        raise GateError(str(error)) from error
    answers_for = endpoints.account
    if account and answers_for not in {"", account}:
        raise GateError(
            f"stack {project.stack}: got a sandbox of AWS account {answers_for} ({path}); expected "
            f"one of {account}, the stack's. Next: {start}, then run the same command again."
        )
    _require_clusters(project, config, endpoints)
    ambient = {**options.ambient, ENDPOINTS_VARIABLE: str(path), "MOBILE_AI_SANDBOX": "1"}
    return replace(options, ambient=ambient)


def endpoints_of(desk: Desk) -> Endpoints:
    """Return the service endpoints of a session's sandbox."""
    return Endpoints.read(Path(desk.variables[ENDPOINTS_VARIABLE]))


def reachable(desk: Desk) -> dict[str, str]:
    """Return URLs that work on this machine, since AWS host names do not resolve to the sandbox."""
    endpoints = endpoints_of(desk)
    distributions = [
        item["id"] for item in exported_rows(desk.export()) if item["type"] == _DISTRIBUTION
    ]
    found = {"aws": endpoints.aws, "registry": endpoints.mlflow}
    if endpoints.cdn and distributions:
        found["releases"] = f"{endpoints.cdn}/{distributions[0]}/"
    return {name: url for name, url in found.items() if url}


def _require_clusters(project: Project, config: Mapping[str, Any], endpoints: Endpoints) -> None:
    sites = config.get("mobile-ai:sites")
    # The program reports any other malformed value.
    pushed = [
        site
        for site in (sites if isinstance(sites, list) else ())
        if isinstance(site, dict) and site.get("mode") == "push" and "context" in site
    ]
    contexts = [str(site["context"]) for site in pushed]
    missing = [name for name in contexts if name not in endpoints.kubernetes]
    if missing:
        known = ", ".join(endpoints.kubernetes) or "none"
        options = " ".join(f"--site {name}" for name in missing)
        raise GateError(
            f"stack {project.stack}: got sites in mode push with the contexts "
            f"{', '.join(missing)}; expected contexts of the sandbox `{endpoints.name}` ({known}). "
            f"Next: `mobile-ai sandbox up --name {endpoints.name} {options}`, then run the same "
            "command again."
        )


def _account(config: Mapping[str, Any]) -> str:
    aws = config.get("mobile-ai:aws")
    return str(aws.get("accountId", "")) if isinstance(aws, dict) else ""
