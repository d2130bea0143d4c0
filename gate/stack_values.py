"""Reads the configuration of a stack file: the project's own keys, and no others."""

from collections.abc import Mapping
from typing import Any, Final

from governance.documents import read_yaml
from governance.errors import GovernanceError
from governance.setting import load_bounds

from components.settings import NAMESPACE
from components.settings_load import is_own_key
from gate.errors import GateError
from gate.project import Project

__all__ = ["stack_values"]

_CONFIG: Final = "config"


def stack_values(project: Project) -> Mapping[str, Any]:
    """Return the configuration values of a stack file, by key without the namespace.

    Read before the engine reads the file: its own reader takes aliases, other namespaces (which
    would set up providers that no rule sees) and an environment that adds values from elsewhere.

    Raises:
        GateError: The file is no plain YAML, or holds a key that is not the project's.
    """
    name = project.stack_file.name
    try:
        document = read_yaml(project.stack_file.read_text(encoding="utf-8"), name=name)
    except (GovernanceError, UnicodeDecodeError) as error:
        raise GateError(str(error)) from error
    config = document.get(_CONFIG) if isinstance(document, Mapping) else None
    if not isinstance(document, Mapping) or not isinstance(config, Mapping):
        raise GateError(
            f"{name}: got no mapping `config`; expected the stack's values under it. "
            "Next: restore the file."
        )
    allowed = _allowed_secrets(project)
    for key, value in document.items():
        if key != _CONFIG and allowed.get(key) != value:
            raise _refused(name, key, "bounds.secrets lists the only value that it may have")
    for key in config:
        if not is_own_key(key):
            raise _refused(name, f"config key {key}", f"a key is `{NAMESPACE}:` and a name")
    return {key.removeprefix(f"{NAMESPACE}:"): value for key, value in config.items()}


def _allowed_secrets(project: Project) -> Mapping[str, str]:
    try:
        return load_bounds(project.pack, project.stack).secrets
    except GovernanceError:
        return {}  # the pack denies every resource of such a stack, and says why


def _refused(name: str, key: str, why: str) -> GateError:
    return GateError(
        f"{name}: got {key!r}; expected the project's own configuration alone: {why}. Next: remove "
        "it, or have it allowed in policy-pack/stacks.yaml on the protected branch."
    )
