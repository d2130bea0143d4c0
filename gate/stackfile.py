"""The stack file: where things stand in it, and the copy that the sandbox works with."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

__all__ = ["StackFile", "sandbox_copy"]

# What binds a stack file to the keys of its real backend; the sandbox has keys of its own.
_KEYS_OF_BACKEND = re.compile(r"^(encryptionsalt|encryptedkey|secretsprovider):.*\n?", re.MULTILINE)
_SALT = re.compile(r"^encryptionsalt:.*\n?", re.MULTILINE)
_PART = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_NAMESPACE = "mobile-ai:"


def sandbox_copy(text: str, *, earlier: str) -> str:
    """Return a stack file as the sandbox uses it.

    Args:
        text: The stack file in Git, which no run may change.
        earlier: The copy of an earlier run, whose encryption salt the sandbox's state was made
            with; empty if there is none.
    """
    body = _KEYS_OF_BACKEND.sub("", text)
    salt = _SALT.search(earlier)
    if salt is None:
        return body
    return f"{body.rstrip()}\n{salt.group().rstrip()}\n"


@dataclass(frozen=True, kw_only=True)
class StackFile:
    """A stack file with the position of every key.

    Attributes:
        name: As reports give it, relative to the repository.
        text: The file's text.
        config: Its `config` mapping, or an empty one if it cannot be read.
    """

    name: str
    text: str
    config: Any

    @classmethod
    def parse(cls, text: str, *, name: str) -> "StackFile":
        """Read a stack file; one that is not YAML has no positions, and the engine says why."""
        try:
            value = YAML(typ="rt").load(text)
        except YAMLError:
            value = None
        config = value.get("config") if isinstance(value, dict) else None
        return cls(name=name, text=text, config=config if isinstance(config, dict) else {})

    def deployments(self) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """Yield line, resource name and value of every deployment that can be read."""
        entries = self.config.get(f"{_NAMESPACE}deployments")
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict):
                name = f"{entry.get('app', '')}-{entry.get('model', '')}"
                yield entries.lc.item(index)[0] + 1, name, entry

    def line_of_key(self, path: str) -> int:
        """Return the line of the deepest part of a key that exists, 0 if none does.

        Args:
            path: As messages give it: `mobile-ai:deployments[0].rollout.rings`.
        """
        line, value = 0, self.config
        head, _, rest = path.removeprefix(_NAMESPACE).partition(".")
        for part in _parts(f"{_NAMESPACE}{head}", rest):
            try:
                line = _line(value, part)
                value = value[part]
            except (KeyError, IndexError, TypeError, AttributeError):
                break
        return line

    def keys_of(self, value: str) -> tuple[str, ...]:
        """Return the keys whose plain value reads as this text, as messages give them."""
        return tuple(key for key, found in _plain_values(self.config) if str(found) == value)

    def line_of_resource(self, name: str) -> int:
        """Return the line of the deployment or model version that a resource comes from.

        Args:
            name: The resource's logical name: that of its deployment or model version, or one
                that begins with it. 0 is returned for what belongs to the whole stack.
        """
        while name and name not in self._lines:
            name = name.rpartition("-")[0]
        return self._lines.get(name, 0)

    @cached_property
    def _lines(self) -> dict[str, int]:
        """The first line of every deployment and model version, by its resource's name."""
        lines: dict[str, int] = {}
        for line, deployment, entry in self.deployments():
            lines.setdefault(deployment, line)
            lines.setdefault(f"{entry.get('model')}-{entry.get('version')}", line)
        return lines


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


def _line(value: Any, part: str | int) -> int:
    position = value.lc.item(part) if isinstance(part, int) else value.lc.key(part)
    return int(position[0]) + 1
