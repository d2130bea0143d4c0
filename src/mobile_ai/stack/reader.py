"""The one reader of stack files: text to values and positions.

A stack file (``Pulumi.<stack>.yaml``) is plain YAML with the project's own configuration and
nothing else. The engine's own reader takes more: aliases, other namespaces, which set up providers
that no rule sees, and an ``environment`` that adds values from elsewhere. So every command reads
the file here, and the gate does before the engine.
"""

import difflib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from mobile_ai.contracts.documents import read_yaml
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.stack.errors import Problem, SettingsError, StackFileError, excerpt
from mobile_ai.stack.records import RecordError, read_below
from mobile_ai.stack.settings import NAMESPACE, Settings, parse_settings

_CONFIG: Final = "config"
# What the engine writes beside the configuration; `bounds.secrets` says with which values.
_KEYS: Final = (_CONFIG, "encryptedkey", "encryptionsalt", "secretsprovider")
_OWN_KEY: Final = re.compile(rf"{NAMESPACE}:[A-Za-z][A-Za-z0-9]*")
_PART: Final = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_FILE: Final = re.compile(r"Pulumi\.(.+)\.yaml")
_RESTORE: Final = "restore the file from the protected branch, or edit it"
_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

KeyPath = tuple[str | int, ...]
"""Keys and indexes from the root of a document."""
Position = tuple[int, int]
"""Line and column in a file, from 1; zeros for no place."""


class Mark(NamedTuple):
    """Place of a key or an entry of a list, from 1, and the span of its value in the text."""

    line: int
    column: int
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class StackFile:
    """A stack file with the position of every key.

    Attributes:
        name: As messages give it.
        text: The file's text.
        config: Its ``config`` mapping, keys with their namespace.
        secrets: Keys beside it: the engine's encryption of the stack's secrets.
    """

    name: str
    text: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, *, name: str) -> "StackFile":
        """Return the stack file that a text is.

        Raises:
            StackFileError: If it is no plain YAML, or holds a key that is not the project's.
        """
        try:
            document = read_yaml(text, name=name)
        except DocumentError as error:
            raise StackFileError([_not_plain(error)]) from error
        values = dict(document) if isinstance(document, Mapping) else {_CONFIG: document}
        config = values.pop(_CONFIG, None)
        found = config if isinstance(config, Mapping) else {}
        file = cls(name=name, text=text, config=found, secrets=values)
        problems = list(_unknown_keys(file)) or list(_no_config(config, name))
        if problems:
            raise StackFileError(problems)
        return file

    @property
    def stack(self) -> str:
        """Name of the stack, as in the file's name."""
        return next(iter(stack_of(self.name)), self.name)

    @property
    def values(self) -> dict[str, Any]:
        """The configuration, keys without their namespace."""
        return {key.removeprefix(f"{NAMESPACE}:"): value for key, value in self.config.items()}

    @cached_property
    def settings(self) -> Settings:
        """The configuration in types.

        Raises:
            StackFileError: If a key is missing, unknown or of another type.
        """
        try:
            return parse_settings(self.values, source=self.name)
        except SettingsError as error:
            raise self.error(error.problems) from error

    @cached_property
    def marks(self) -> Mapping[KeyPath, Mark]:
        """Line and column of every key and entry of the text, by its path from the top."""
        root = yaml.compose(self.text, Loader=_Loader)
        return {} if root is None else dict(_marks(root, ()))

    def error(self, problems: Sequence[Problem]) -> StackFileError:
        """Return the error for problems, each with its place."""
        return StackFileError(_placed(problem, self.place_of(problem.key)) for problem in problems)

    def place_of(self, key: str) -> str:
        """Return ``file:line:column`` of the deepest part of a key that exists."""
        mark = self._nearest(key)
        if mark is None and key.startswith(NAMESPACE):
            mark = self.marks.get((_CONFIG,))
        return f"{self.name}:{mark.line}:{mark.column}" if mark else self.name

    def position_of_key(self, key: str) -> Position:
        """Return line and column of the deepest part of a key that exists, zeros if none does.

        Args:
            key: As messages give it: `mobile-ai:deployments[0].rollout.rings`.
        """
        return _position(self._nearest(key))

    def _nearest(self, key: str) -> Mark | None:
        if not key.startswith(f"{NAMESPACE}:"):
            return self.marks.get((key,)) or self.marks.get((_CONFIG, key))
        head, _, rest = key.removeprefix(f"{NAMESPACE}:").partition(".")
        path: KeyPath = (_CONFIG,)
        found = None
        for part in _parts(f"{NAMESPACE}:{head}", rest):
            path = (*path, part)
            if path not in self.marks:
                break
            found = self.marks[path]
        return found

    def keys_of(self, value: str) -> tuple[str, ...]:
        """Return the keys whose plain value reads as this text, as messages give them."""
        return tuple(key for key, found in _plain_values(self.config) if str(found) == value)

    def deployments(self) -> Iterator[tuple[Mark, str, Mapping[str, Any]]]:
        """Yield place, resource name and value of every deployment that can be read."""
        key = f"{NAMESPACE}:deployments"
        entries = self.config.get(key)
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict):
                name = f"{entry.get('app', '')}-{entry.get('model', '')}"
                yield self.marks[_CONFIG, key, index], name, entry

    def position_of_resource(self, name: str) -> Position:
        """Return line and column of the deployment or version that a resource comes from.

        Args:
            name: The resource's logical name: that of its deployment or model version, or one
                that begins with it. Zeros are returned for what belongs to the whole stack.
        """
        while name and name not in self._declared:
            name = name.rpartition("-")[0]
        return _position(self._declared.get(name))

    @cached_property
    def _declared(self) -> dict[str, Mark]:
        """The first place of every deployment and model version, by its resource's name."""
        found: dict[str, Mark] = {}
        for mark, deployment, entry in self.deployments():
            found.setdefault(deployment, mark)
            found.setdefault(f"{entry.get('model')}-{entry.get('version')}", mark)
        return found


def read_stack_file(path: Path) -> StackFile:
    """Return a stack file of the repository.

    Raises:
        StackFileError: If it is missing, a link, no plain file, too large or not UTF-8, or if
            ``StackFile.parse`` refuses it.
    """
    if not os.path.lexists(path):
        raise missing_stack_file(path)
    try:
        text = read_below(path.parent, ".", path.name, key=path.name)
    except RecordError as error:
        raise StackFileError([error.problem]) from error
    return StackFile.parse(text, name=path.name)


def read_settings(stack: str, *, root: Path = Path()) -> Settings:
    """Return the settings of a stack of the repository.

    Raises:
        StackFileError: If its file cannot be used.
    """
    return read_stack_file(root / stack_file_name(stack)).settings


def stack_file_name(stack: str) -> str:
    """Return the name of a stack's file.

    Raises:
        StackFileError: If the name has a slash or is empty, so that it would name another file.
    """
    if not stack or "/" in stack or "\\" in stack:
        problem = Problem(
            key="stack",
            got=excerpt(stack),
            expected="the name alone, as in Pulumi.<stack>.yaml",
            next_step="name the stack without a path or an organization, such as --stack dev",
        )
        raise StackFileError([problem])
    return f"Pulumi.{stack}.yaml"


def stack_of(name: str) -> tuple[str, ...]:
    """Return the stack whose file has a name; none if it is no stack file's."""
    match = _FILE.fullmatch(name)
    return (match.group(1),) if match else ()


def stack_names(root: Path) -> list[str]:
    """Return the stacks that have a file in a folder."""
    return sorted(stack for path in root.glob("Pulumi.*.yaml") for stack in stack_of(path.name))


def foreign_keys(keys: Iterable[str]) -> Iterator[Problem]:
    """Yield a problem for each configuration key of another namespace, or not plainly written."""
    for key in sorted(keys):
        if not _OWN_KEY.fullmatch(key):
            yield Problem(
                key=key,
                got="a key of the configuration",
                expected=f"one of the namespace `{NAMESPACE}:`, letters and digits",
                next_step="remove it from the stack file",
            )


def missing_stack_file(path: Path) -> StackFileError:
    """Return the error for a stack without a file; it names the stacks that have one."""
    known = ", ".join(stack_names(path.parent)) or "none"
    problem = Problem(
        key=path.name,
        got="no such file",
        expected=f"the file of one of these stacks: {known}",
        next_step="run in the folder with Pulumi.yaml, and name a stack that it has",
    )
    return StackFileError([problem])


def _not_plain(error: DocumentError) -> Problem:
    """Return what is wrong with a text that is no plain YAML, with its place where YAML has one."""
    return Problem(key=error.what, got=error.got, expected=error.expected, next_step=_RESTORE)


def _no_config(config: Any, name: str) -> Iterator[Problem]:
    if not isinstance(config, Mapping):
        yield Problem(
            key=name,
            got={type(None): "nothing", list: "a list", str: "text"}.get(type(config), "a value"),
            expected="a mapping `config` with the stack's values under it",
            next_step=_RESTORE,
        )


def _unknown_keys(file: StackFile) -> Iterator[Problem]:
    for key in file.secrets:
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, n=1)
            problem = Problem(
                key=key,
                got="an unknown key beside `config`",
                expected=f"one of {', '.join(_KEYS)}",
                next_step=f"did you mean {near[0]!r}?"
                if near
                else "remove the key from the stack file",
            )
            yield _placed(problem, file.place_of(key))
    for problem in foreign_keys(file.config):
        yield _placed(problem, file.place_of(problem.key))


def _position(mark: Mark | None) -> Position:
    return (mark.line, mark.column) if mark else (0, 0)


def _placed(problem: Problem, place: str) -> Problem:
    return replace(problem, key=f"{place} {problem.key}")


def _marks(node: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Mark]]:
    """Yield the place of every key and list entry below a node."""
    children: list[tuple[str | int, Any, Any]] = []
    if isinstance(node, yaml.MappingNode):
        children = [(str(key.value), key, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        children = [(index, value, value) for index, value in enumerate(node.value)]
    for part, at, value in children:
        place = at.start_mark
        span = (value.start_mark.index, value.end_mark.index)
        yield (*path, part), Mark(place.line + 1, place.column + 1, *span)
        yield from _marks(value, (*path, part))


def _plain_values(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _plain_values(item, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _plain_values(item, f"{key}[{index}]")
    else:
        yield key, value


def _parts(head: str, rest: str) -> Iterator[str | int]:
    name, *indexes = re.split(r"(?=\[)", head, maxsplit=1)
    yield name
    for match in _PART.finditer(f"{''.join(indexes)}.{rest}"):
        yield int(match.group(1)) if match.group(1) else match.group(2)
