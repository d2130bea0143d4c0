"""From configuration values to what the program needs, or to one error with every problem."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import config
from pydantic import ValidationError

from components.delivery_release import StackRelease, load_release
from components.records import ModelFiles, Record, RecordError, load_model, load_records
from components.settings import NAMESPACE, Settings, settings_schema
from components.settings_checks import check_models, check_settings
from components.settings_errors import Problem, SettingsError, problems_of, shown

__all__ = ["StackInputs", "decode", "is_own_key", "load", "read_stack"]

_OWN_KEY = re.compile(rf"{NAMESPACE}:[A-Za-z][A-Za-z0-9]*")
_TEXT_KEYS = frozenset({"environment", "region"})  # every other key holds JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class StackInputs:
    """Everything that the program declares from.

    Attributes:
        stack: Name of the stack.
        settings: The stack file.
        models: Every model version pinned, by name ``<model>-<version>``.
        records: Waivers of the stack and measured usage, signed, as in Git.
        release: What was released last, with its signatures verified.
    """

    stack: str
    settings: Settings
    models: Mapping[str, ModelFiles]
    records: tuple[Record, ...]
    release: StackRelease


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


def decode(values: Mapping[str, str]) -> dict[str, Any]:
    """Return configuration as JSON values; a text that is not JSON stays what it is."""
    return {
        key: value if key in _TEXT_KEYS else _json_or_text(value) for key, value in values.items()
    }


def load(values: Mapping[str, Any], *, root: Path, stack: str) -> StackInputs:
    """Turn configuration values into what the program declares from.

    Args:
        values: The keys of the namespace ``mobile-ai``, as JSON values.
        root: The repository: manifests and records are read from below it.
        stack: Name of the stack.

    Raises:
        SettingsError: If anything is wrong; it names everything that is.
    """
    source = f"Pulumi.{stack}.yaml"
    try:
        # Through JSON, so that strict types accept what YAML can say (lists for tuples).
        settings = Settings.model_validate_json(json.dumps(values))
    except ValidationError as error:
        raise SettingsError(source, problems_of(error, schema=settings_schema())) from error
    problems = check_settings(settings, stack=stack)
    models = _models(settings, root, problems)
    problems += check_models(settings, models)
    records = _records(root, stack, problems)
    release = _release(root, stack, problems)
    if problems:
        raise SettingsError(source, problems)
    by_name = {files.name: files for files in models.values()}
    return StackInputs(
        stack=stack, settings=settings, models=by_name, records=records, release=release
    )


def _models(
    settings: Settings, root: Path, problems: list[Problem]
) -> dict[tuple[str, str], ModelFiles]:
    models: dict[tuple[str, str], ModelFiles] = {}
    for key, path, sha256 in _pins(settings):
        if (path, sha256) not in models:
            try:
                models[path, sha256] = load_model(root, path, sha256=sha256, key=key)
            except RecordError as error:
                problems.append(error.problem)
    return models


def _pins(settings: Settings) -> list[tuple[str, str, str]]:
    pins = []
    for index, item in enumerate(settings.deployments):
        key = f"{NAMESPACE}:deployments[{index}]"
        pins.append((key, item.manifest, item.sha256))
        if item.previous is not None:
            pins.append((f"{key}.previous", item.previous.manifest, item.previous.sha256))
    return pins


def _records(root: Path, stack: str, problems: list[Problem]) -> tuple[Record, ...]:
    records: list[Record] = []
    for folder in (f"policy-pack/waivers/{stack}", f"usage/{stack}"):
        try:
            records += load_records(root, folder)
        except RecordError as error:
            problems.append(error.problem)
    return tuple(records)


def _release(root: Path, stack: str, problems: list[Problem]) -> StackRelease:
    try:
        return load_release(root, stack)
    except RecordError as error:
        problems.append(error.problem)
        return StackRelease()


def is_own_key(key: str) -> bool:
    """Tell whether a configuration key is one of the project's namespace and plainly written."""
    return _OWN_KEY.fullmatch(key) is not None


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
        raise SettingsError(f"Pulumi.{stack}.yaml", problems)
    return {key.removeprefix(f"{NAMESPACE}:"): value for key, value in everything.items()}


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value
