"""Reads the configuration of the stack that Pulumi is running."""

from pathlib import Path

import pulumi
from pulumi.runtime import config

from mobile_ai.stack.errors import SettingsError
from mobile_ai.stack.load import StackInputs, decode_config, load_stack
from mobile_ai.stack.reader import foreign_keys, stack_file_name
from mobile_ai.stack.settings import NAMESPACE


def read_stack(root: Path) -> StackInputs:
    """Read the stack that Pulumi is running.

    Raises:
        pulumi.RunError: If the stack file cannot be used; the engine shows it once.
    """
    stack = pulumi.get_stack()
    try:
        return load_stack(decode_config(_own_values(stack)), root=root, stack=stack)
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from error


def _own_values(stack: str) -> dict[str, str]:
    """Return every key of the namespace, with unknown ones, which ``pulumi.Config`` hides.

    Raises:
        SettingsError: If the stack is configured with anything else: other namespaces set up
            providers of their own, which no rule sees.
    """
    everything = {**config.get_config_env(), **config.CONFIG.get()}
    if problems := list(foreign_keys(everything)):
        raise SettingsError(stack_file_name(stack), problems)
    return {key.removeprefix(f"{NAMESPACE}:"): value for key, value in everything.items()}
