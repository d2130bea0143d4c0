"""Problems of a stack file as four-part messages: key, got, expected, next step."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.printable import printable
from mobile_ai.contracts.schema_errors import expected_of
from mobile_ai.stack.settings_types import describe_pattern

_MAX_SHOWN = 120  # characters of a value that a message repeats
_EDIT = "edit the stack file"
_ROLE = "remove the key: a job takes its role before the program runs (docs/aws.md, Bootstrap)"
# Keys of earlier versions, with what took their place.
_GONE = {"deployRole": _ROLE, "previewRole": _ROLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        key: Path of the value, as `pulumi config set --path` names it.
        got: The value found.
        expected: Accepted values.
        next_step: Instruction for the reader.
    """

    key: str
    got: str
    expected: str
    next_step: str = _EDIT

    def __str__(self) -> str:
        """Return the problem as one line."""
        line = f"{self.key}: got {self.got}; expected {self.expected}. Next: {self.next_step}"
        return printable(line)


class SettingsError(Exception):
    """The stack file cannot be used; every problem found is in it."""

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        """Keep the problems and join them into one readable message."""
        self.problems = tuple(problems)
        count = f"{len(self.problems)} problem{'s' if len(self.problems) != 1 else ''}"
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"{printable(source)} has {count}; nothing was deployed:\n{lines}")


class StackFileError(GovernanceError):
    """A stack file cannot be used: a line of four parts for every problem in it.

    Attributes:
        problems: The problems, each with its place in the file as its key.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems; the message has a line for each."""
        self.problems = tuple(problems)
        first = self.problems[0]
        super().__init__(
            first.key, got=first.got, expected=first.expected, next_step=first.next_step
        )
        self.args = ("\n".join(str(problem) for problem in self.problems),)


class UnknownDeploymentError(StackFileError):
    """A good stack file has no deployment of the name that is to be edited."""


def problems_of(error: ValidationError, *, schema: Mapping[str, Any]) -> list[Problem]:
    """Return the problems that a type check found, in the words of this module.

    Args:
        error: Errors that pydantic found.
        schema: The JSON Schema of what was checked, which knows keys and descriptions.
    """
    items = error.errors(include_url=False)
    return [_problem(item, schema) for item in items if not _follows_from_others(item)]


def excerpt(value: Any) -> str:
    """Return a value as a message repeats it: as written, and never long."""
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


def _follows_from_others(item: ErrorDetails) -> bool:
    """Return whether a list is only "too short" because its wrong entries were dropped."""
    return item["type"] == "too_short" and len(item["input"]) >= item["ctx"]["min_length"]


def _problem(item: ErrorDetails, schema: Mapping[str, Any]) -> Problem:
    kind, got = item["type"], excerpt(item["input"])
    key, node, parent = _locate(item["loc"], schema)
    if kind == "missing":
        return Problem(
            key=key,
            got="nothing",
            expected=_form(node, schema),
            next_step="add the key to the stack file",
        )
    if kind == "extra_forbidden":
        return _unknown_key(key, str(item["loc"][-1]), parent, got)
    expected = expected_of(item, pattern=describe_pattern)
    quote = kind == "string_type" and isinstance(item["input"], int | float)
    return Problem(
        key=key, got=got, expected=expected, next_step="put it in quotes" if quote else _EDIT
    )


_KINDS = {"string": "a text", "integer": "a whole number", "number": "a number"}


def _form(node: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Return what a value may be, by its schema, and what it is for."""
    described = node.get("description", "")
    node = _resolve(node, schema)
    keys = ", ".join(node.get("required") or node.get("properties", ()))
    if "enum" in node:
        form = f"one of {', '.join(map(str, node['enum']))}"
    elif node.get("type") == "array":
        item = _form({**node.get("items", {}), "description": ""}, schema)
        form = f"a list, each entry {item}"
    elif keys:
        form = f"a mapping with {keys}"
    else:
        form = _KINDS.get(str(node.get("type")), "a value")
        form = "true or false" if node.get("type") == "boolean" else form
    return f"{form} ({described.rstrip('.')})" if described else form


def _unknown_key(key: str, name: str, parent: Mapping[str, Any], got: str) -> Problem:
    known = sorted(parent.get("properties", {}))
    near = difflib.get_close_matches(name, known, n=1)
    return Problem(
        key=key,
        got=f"an unknown key with value {got}",
        expected=f"one of {', '.join(known)}",
        next_step=_GONE.get(name)
        or (f"did you mean {near[0]!r}?" if near else "remove the key from the stack file"),
    )


def _locate(
    location: Sequence[int | str], schema: Mapping[str, Any]
) -> tuple[str, Mapping[str, Any], Mapping[str, Any]]:
    """Return the key's path, its schema and its parent's schema.

    Pydantic puts the name of a chosen alternative into the location; it is no key of the
    stack file and is left out of the path.
    """
    path, parent, node = "", schema, schema
    for part in location:
        parent = _resolve(node, schema)
        mapping = parent.get("discriminator", {}).get("mapping", {})
        if isinstance(part, int):
            path, node = f"{path}[{part}]", parent.get("items", {})
        elif part in mapping:
            node = {"$ref": mapping[part]}
        else:
            path = f"{path}.{part}" if path else f"mobile-ai:{part}"
            node = parent.get("properties", {}).get(part, {})
    return path or "mobile-ai", node, parent


def _resolve(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow references, and look through `X or null`."""
    for option in node.get("anyOf", ()):
        if option.get("type") != "null":
            node = option
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    return node
