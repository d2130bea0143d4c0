"""Resolves what next steps name: commands, settings, files, and things with a name in words.

A name must exist. A step that names nothing must stand in ``next_steps.yaml``, where a
person wrote down why words are enough for it.
"""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

import typer
import yaml

from mobile_ai.cli.main import GROUPS, application
from tests.tools.command_lines import unexpected_words, unknown_options, unknown_to_aws
from tests.tools.next_steps import HOLE, ROOMS, Step

__all__ = ["LIST", "Names", "Reviewed", "Verdict"]

LIST: Final = Path(__file__).with_suffix("").with_name("next_steps.yaml")
"""The reviewed list."""
_PROGRAMS: Final = ("mobile-ai", "pulumi", "git", "aws", "make", "pip", "docker", "kubectl", "opa")
_SPAN: Final = re.compile(r"`([^`]+)`")
# A command without backticks ends where its sentence goes on.
_BARE: Final = re.compile(
    r"(?<![\w`./@-])(?:mobile-ai|pip install|opa|docker|head) (?:[^`,;:]|[,;:](?=\S))*"
)
_ADDRESS: Final = re.compile(r"\b\w+:/+\S*")
_OPTION: Final = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
_PATH: Final = re.compile(
    r"(?<![\w:/.<`-])(?:[\w.<>{}*-]+/)+[\w.<>{}*-]*|[\w.<>-]+\.(?:md|ya?ml|json)\b"
)
_CAMEL: Final = re.compile(r"\b[a-z]+[a-z0-9]*[A-Z]\w*(?:\.\w+)*\b|\b[a-z]+(?:\.[a-z]\w+)+\b")
_SETTING: Final = re.compile(r"mobile-ai:[A-Za-z]+(?:\.[A-Za-z]+)*")
_VARIABLE: Final = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
_CLASS: Final = re.compile(r"\b[A-Z][a-z]+(?:[A-Z]\w*)+\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Names of a next step.

    Attributes:
        names: What it names and what exists.
        missing: What it names and what does not exist.
    """

    names: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """The reviewed list.

    Attributes:
        things: Names in words, with a file or folder of the repository that each stands for.
        made: Patterns of paths that users have, with the page that describes them.
        programs: Command lines of other programs.
        variables: Environment variables that other programs read.
        plain: Next steps that name nothing, with the reason that words are enough.
    """

    things: Mapping[str, str]
    made: Mapping[str, str]
    programs: Mapping[str, str]
    variables: Mapping[str, str]
    plain: Mapping[str, str]

    @classmethod
    def read(cls) -> Reviewed:
        """Read the list."""
        value = yaml.safe_load(LIST.read_text("utf-8"))
        plain = {text: item["reason"] for item in value.pop("plain") for text in item["steps"]}
        return cls(plain=plain, **value)


@dataclass(frozen=True)
class Names:
    """Resolves what next steps name in a repository."""

    root: Path
    reviewed: Reviewed = field(default_factory=Reviewed.read)

    def of(self, step: Step) -> Verdict:
        """Return what a step names, and what of it does not exist."""
        found: dict[str, bool] = {}
        rest = _ADDRESS.sub(" ", step.text)
        for kind in (self._commands, self._paths, self._options, self._settings, self._words):
            for name, exists in kind(rest, step):
                found[name] = found.get(name, False) or exists
                rest = rest.replace(name, " ")
        return Verdict(
            names=tuple(name for name, exists in found.items() if exists),
            missing=tuple(name for name, exists in found.items() if not exists),
        )

    def _commands(self, text: str, _: Step) -> Iterator[tuple[str, bool]]:
        for span in _SPAN.findall(text):
            if " " in span and span.split()[0] in _PROGRAMS:
                yield span, self._runs(span)
            elif span in {*GROUPS, "mobile-ai"}:
                yield f"`{span}`", True
        for match in _BARE.finditer(_SPAN.sub(" ", text)):
            line = _named(match.group())
            yield line, self._runs(line)

    def _runs(self, line: str) -> bool:
        try:
            return self._known_to(*line.split())
        except LookupError:
            return False

    def _known_to(self, program: str, *rest: str) -> bool:
        line = " ".join((program, *rest))
        if program == "mobile-ai":
            return not unknown_options(line) and not unexpected_words(line)
        if program == "make":
            return rest[0] in self.targets
        if program == "pip":
            extras = re.findall(r"mobile-ai-delivery\[([\w,{}-]+)\]", line)
            return bool(extras) and {*extras[0].split(",")} <= {*self.extras, HOLE}
        if program == "aws":
            return not unknown_to_aws(line.replace(HOLE, "x"))
        return any(fnmatch(line, pattern) for pattern in self.reviewed.programs)

    def _options(self, text: str, _: Step) -> Iterator[tuple[str, bool]]:
        for name in _OPTION.findall(text):
            yield name, name in known_options()

    def _paths(self, text: str, _: Step) -> Iterator[tuple[str, bool]]:
        for name in _PATH.findall(text):
            path = name.rstrip(".")
            if not re.search(r"\w", path):
                continue
            yield path, path in self.constants or self._exists(path)

    def _exists(self, path: str) -> bool:
        pattern = re.sub(r"<[^>]*>|\{\}", "*", path).rstrip("/")
        folders = (self.root, *(self.root / room for room in ROOMS))
        if any(any(folder.glob(pattern)) for folder in folders):
            return True
        return any(fnmatch(path, made) for made in self.reviewed.made)

    def _settings(self, text: str, _: Step) -> Iterator[tuple[str, bool]]:
        for span in _SPAN.findall(text):
            if re.fullmatch(r"[\w.:-]+", span):
                yield f"`{span}`", self._known(span)
        rest = _SPAN.sub(" ", text)
        yield from ((name, self._known(name)) for name in _SETTING.findall(rest))
        for name in _CAMEL.findall(_SETTING.sub(" ", rest)):
            yield name, self._known(name)
        for name in _VARIABLE.findall(rest):
            yield name, name in self.constants or name in self.reviewed.variables
        yield from ((name, True) for name in _CLASS.findall(rest) if name in self.classes)

    def _known(self, name: str) -> bool:
        """Return whether each part of a name is a key of a format or a property that is read."""
        parts = set(name.removeprefix("mobile-ai:").split("."))
        return parts <= self.keys | self.constants

    def _words(self, text: str, _: Step) -> Iterator[tuple[str, bool]]:
        for words, path in self.reviewed.things.items():
            if re.search(rf"\b{words}\b", text):
                yield words, (self.root / path).exists()

    @cached_property
    def targets(self) -> set[str]:
        """The targets of the Makefile."""
        return set(
            re.findall(r"^([a-z-]+):", (self.root / "Makefile").read_text("utf-8"), re.MULTILINE)
        )

    @cached_property
    def extras(self) -> set[str]:
        """The extras of the distribution."""
        text = (self.root / "pyproject.toml").read_text("utf-8")
        return set(tomllib.loads(text)["project"]["optional-dependencies"])

    @cached_property
    def keys(self) -> set[str]:
        """The keys of every file format with a schema, and of the examples of the others."""
        schemas = [*self.root.glob("docs/schemas/*.json"), *self.root.glob("*/*/*schema.json")]
        files = [
            *self.root.glob("policy-pack/*.yaml"),
            *self.root.glob("operations/*.yaml"),
            self.root / "model-build/data.lock.yaml",
            self.root / "Pulumi.dev.yaml",
        ]
        found = {key for path in schemas for key in _keys(json.loads(path.read_text("utf-8")))}
        for path in files:
            found |= set(_keys(yaml.safe_load(path.read_text("utf-8"))))
        return found

    @cached_property
    def constants(self) -> set[str]:
        """The words of the source's texts that are no sentences: keys, properties, variables."""
        texts = {text for path in self._modules for text in _constants(path) if " " not in text}
        return texts | {part for text in texts for part in re.split(r"[.\[\]*:]+", text)}

    @cached_property
    def classes(self) -> set[str]:
        """The component classes."""
        text = "\n".join(p.read_text("utf-8") for p in (self.root / "components").rglob("*.py"))
        return set(re.findall(r"^class (\w+)", text, re.MULTILINE))

    @cached_property
    def _modules(self) -> list[Path]:
        found = [path for room in ROOMS for path in sorted((self.root / room).rglob("*.py"))]
        return [self.root / "__main__.py", *found]


def known_options() -> set[str]:
    """Return the options of every command."""
    return {name for group in GROUPS for name in _options_of(group)}


@cache
def _command(group: str) -> Any:
    app: Any = typer.main.get_command(application([group]))
    return app.commands[group]


@cache
def _options_of(group: str) -> set[str]:
    command = _command(group)
    commands = getattr(command, "commands", {"": command}).values()
    return {
        name
        for item in commands
        for part in item.params
        for name in (*part.opts, *part.secondary_opts)
    }


@cache
def _constants(path: Path) -> frozenset[str]:
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    return frozenset(
        i.value for i in nodes if isinstance(i, ast.Constant) and isinstance(i.value, str)
    )


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield str(key).removeprefix("mobile-ai:")
            yield from _keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from _keys(item)


def _named(text: str) -> str:
    """Return the command that a sentence without backticks begins with: group and command stay."""
    words = re.sub(r"[()'\"]|\.(?=\s|$)", "", text).split()
    if words[0] != "mobile-ai" or len(words) < 2 or words[1] not in GROUPS:
        return " ".join(words)
    last = next((at for at in range(len(words), 2, -1) if words[at - 1].startswith("--")), -1) + 1
    known = getattr(_command(words[1]), "commands", {})
    return " ".join(words[: max(last, 3 if known else 2)])
