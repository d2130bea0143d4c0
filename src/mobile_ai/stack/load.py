"""From configuration values to what the program needs, or to one error with every problem."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.roots import Roots, read_roots
from mobile_ai.contracts.roots_folder import ROOTS_FILE, pack_text
from mobile_ai.stack.errors import Problem, SettingsError
from mobile_ai.stack.listed import stacks_and_environments
from mobile_ai.stack.reader import StackFile, stack_file_name
from mobile_ai.stack.records import (
    ModelFiles,
    Record,
    RecordError,
    check_placed,
    load_model,
    load_records,
)
from mobile_ai.stack.releases import StackRelease, load_release
from mobile_ai.stack.settings import NAMESPACE, Settings, parse_settings
from mobile_ai.stack.settings_checks import check_models, check_settings

_TEXT_KEYS = frozenset({"environment", "region"})  # every other key holds JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class StackInputs:
    """Everything that the program declares from.

    Attributes:
        stack: Name of the stack.
        settings: The stack file.
        models: Every model version pinned, by name ``<model>-<version>``.
        records: Signed: waivers of the stack, measured usage, scopes of the pinned versions, and
            records of the pinned images.
        release: The last release, with its signatures verified.
    """

    stack: str
    settings: Settings
    models: Mapping[str, ModelFiles]
    records: tuple[Record, ...]
    release: StackRelease


def decode_config(values: Mapping[str, str]) -> dict[str, Any]:
    """Return configuration as JSON values; a text that is not JSON stays what it is."""
    return {
        key: value if key in _TEXT_KEYS else _json_or_text(value) for key, value in values.items()
    }


def load_stack(values: Mapping[str, Any], *, root: Path, stack: str) -> StackInputs:
    """Turn configuration values into what the program declares from.

    Args:
        values: The keys of the namespace ``mobile-ai``, as JSON values.
        root: The repository: manifests and records are read from below it.
        stack: Name of the stack.

    Raises:
        SettingsError: If anything is wrong; it names everything that is.
    """
    source = stack_file_name(stack)
    settings = parse_settings(values, source=source)
    problems = check_settings(settings, stack=stack)
    models = _models(settings, root, problems)
    problems += check_models(settings, models)
    records = _records(root, stack, settings, models.values(), problems)
    release = _release(root, stack, problems)
    if problems:
        raise SettingsError(source, problems)
    by_name = {files.name: files for files in models.values()}
    return StackInputs(
        stack=stack, settings=settings, models=by_name, records=records, release=release
    )


def load_file(file: StackFile, *, root: Path, stack: str) -> StackInputs:
    """Return what the program would declare from, read from its stack file.

    Raises:
        StackFileError: If anything is wrong; every problem has its place.
    """
    try:
        return load_stack(file.values, root=root, stack=stack)
    except SettingsError as error:
        raise file.error(error.problems) from error


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


def _records(
    root: Path,
    stack: str,
    settings: Settings,
    models: Iterable[ModelFiles],
    problems: list[Problem],
) -> tuple[Record, ...]:
    stacks, environments = stacks_and_environments(root, _roots(root))
    stacks.add(stack)
    environments.add(settings.environment)
    with _noted(problems):
        check_placed(root, "policy-pack/waivers", stacks)
    with _noted(problems):
        check_placed(root, "usage", stacks)
    with _noted(problems):
        check_placed(root, "images", environments, kind="environment")
    records: list[Record] = []
    scopes = sorted({files.scope_folder for files in models})
    for folder in (f"policy-pack/waivers/{stack}", f"usage/{stack}", *scopes):
        with _noted(problems):
            records += load_records(root, folder)
    return (*records, *_image_records(root, settings, problems))


@contextmanager
def _noted(problems: list[Problem]) -> Iterator[None]:
    """Note a record that cannot be used as a problem of the stack file."""
    try:
        yield
    except RecordError as error:
        problems.append(error.problem)


def _roots(root: Path) -> Roots | None:
    """Return the roots; ``None`` if they cannot be read."""
    try:
        return read_roots(pack_text(root / "policy-pack", ROOTS_FILE))
    except GovernanceError:
        return None  # whoever judges reads them too, and says what is wrong


def _image_records(root: Path, settings: Settings, problems: list[Problem]) -> tuple[Record, ...]:
    """Return the records that name a digest of the stack's images; others are of other times."""
    pinned = [text.partition("@sha256:")[2] for text in settings.images.references]
    found: list[Record] = []
    with _noted(problems):
        found = load_records(root, f"images/{settings.environment}")
    return tuple(item for item in found if any(digest in item.text for digest in pinned))


def _release(root: Path, stack: str, problems: list[Problem]) -> StackRelease:
    try:
        return load_release(root, stack)
    except RecordError as error:
        problems.append(error.problem)
        return StackRelease()


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value
