"""Reads the configuration of the stack that Pulumi is running."""

from pathlib import Path

import pulumi
from pulumi.runtime import config

from stack.errors import Problem, SettingsError, shown
from stack.load import StackInputs, decode, load
from stack.reader import is_own_key, stack_file_name
from stack.settings import NAMESPACE

__all__ = ["read_stack"]


def read_stack(root: Path) -> StackInputs:
    """Read the stack that Pulumi is running.

    Raises:
        pulumi.RunError: If the stack file cannot be used; the engine shows it once.
    """
    stack = pulumi.get_stack()
    try:
        return load(decode(_own_values(stack)), root=root, stack=stack)
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from error


def _own_values(stack: str) -> dict[str, str]:
    """Return every key of the namespace, with unknown ones, which ``pulumi.Config`` hides.

    Raises:
        SettingsError: If the stack is configured with anything else: other namespaces set up
            providers of their own, which no rule sees.
    """
    everything = {**config.get_config_env(), **config.CONFIG.get()}
    foreign = sorted(key for key in everything if not is_own_key(key))
    if foreign:
        expected = f"a key of the namespace `{NAMESPACE}:`, letters and digits"
        step = "remove it from the stack file"
        problems = [
            Problem(key="config", got=shown(key), expected=expected, next_step=step)
            for key in foreign
        ]
        raise SettingsError(stack_file_name(stack), problems)
    return {key.removeprefix(f"{NAMESPACE}:"): value for key, value in everything.items()}
