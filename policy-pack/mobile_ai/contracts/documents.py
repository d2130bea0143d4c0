"""Strict, size-limited parsing of YAML and JSON.

YAML is read as JSON values only: no aliases (a few lines of nested aliases expand to gigabytes, the
"billion laughs" attack), no duplicate keys (parsers differ in which one wins), no tags, and no
plain scalars that YAML 1.1 and 1.2 resolve to different values, since the engine reads the same
file with another library: a date without quotes is a time to it and a text to others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from typing import Any

import yaml

from mobile_ai.contracts.errors import DocumentError

MAX_DOCUMENT_BYTES = 1_000_000
"""Largest document that is read, bytes."""
_MAX_DEPTH = 40
_MAX_NODES = 100_000  # half a second to read; 1,000 deployments of a stack file have fewer
_MAX_DIGITS = 400  # of an integer; a double has 309, and Python converts no more than 4,300
_MAX_EXACT = 2**53  # the engine holds every number as a double
_SHOWN = 20
# Plain scalars that PyYAML (YAML 1.1) and the engine's yaml.v3 (1.2 with parts of 1.1) disagree on.
_AMBIGUOUS = re.compile(
    r"""
      (?:yes|no|on|off)                          # truth values in 1.1, text in 1.2
    | [-+]?0[0-9_]+ | [-+]?0o[0-7_]+             # octal
    | [-+]?0b[01_]+ | [-+]?0x[0-9a-f_]+
    | [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?   # base 60 in 1.1, text in 1.2
    | [-+]?[0-9.]*_[0-9._]*                      # digits grouped by underscores
    | [-+]?(?:[0-9]+|[0-9]*\.[0-9]*)e[0-9]+ | [-+]?[0-9]+e[-+][0-9]+  # exponents
    | \+\.[0-9][0-9_]*(?:e[-+0-9_]*)? | (?=.*_)[-+]?[0-9.][0-9._]*e[-+0-9_]*  # numbers to yaml.v3
    | [-+]?\.inf | \.nan | = | <<
    """,
    re.VERBOSE | re.IGNORECASE,
)
# Timestamps of YAML 1.1, and those that yaml.v3 reads: text in 1.2's core schema.
_TIMESTAMP = re.compile(
    r"""
    [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}
    (?:(?:t|[ \t]+)[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]*)?
       (?:[ \t]*(?:z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)?
    """,
    re.VERBOSE | re.IGNORECASE,
)

_BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BaseDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Loader(_BaseLoader):  # type: ignore[misc]  # the C loader has no stub
    """PyYAML's safe loader, restricted to JSON values with unique keys."""

    def construct_mapping(
        self,
        node: Any,
        deep: bool = False,  # noqa: FBT001, FBT002  # PyYAML's signature
    ) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} is not text", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} is repeated", key_node.start_mark
                )
            seen.add(key)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return mapping


# YAML 1.1 resolves dates and merge keys implicitly, YAML 1.2's core schema does not: text stays
# text.
_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:merge"}
    ]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


class _Dumper(_BaseDumper):  # type: ignore[misc]  # the C dumper has no stub
    """PyYAML's safe dumper without aliases, which `read_yaml` refuses."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _represent_text(dumper: Any, text: str) -> Any:
    # PyYAML quotes a timestamp by itself, in these quotes: signed files keep their bytes.
    style = "'" if _TIMESTAMP.fullmatch(text) else '"' if _AMBIGUOUS.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)

_not_plain = DocumentError.advising(
    "fix the line it names",
    expected="plain YAML without aliases, tags, repeated keys or values to guess at",
)


def read_yaml(text: str, *, name: str, max_bytes: int = MAX_DOCUMENT_BYTES) -> Any:
    """Return the single YAML document in a text, as JSON values.

    Raises:
        DocumentError: If the text is too large, is not YAML, uses aliases or tags, repeats a key,
            holds a scalar that YAML versions resolve differently, or does not hold exactly one
            document.
    """
    documents = read_yaml_documents(text, name=name, max_bytes=max_bytes)
    if len(documents) != 1:
        raise DocumentError(
            name,
            got=f"{len(documents)} YAML documents",
            expected="exactly one",
            next_step="split the file, or remove the '---' lines",
        )
    return documents[0]


def read_yaml_documents(text: str, *, name: str, max_bytes: int = MAX_DOCUMENT_BYTES) -> list[Any]:
    """Return every YAML document in a text, as JSON values (see ``read_yaml``)."""
    _check_size(text, name, max_bytes)
    try:
        _check_events(text)
        # A subclass of the safe loader: no tag constructs a Python object.
        return list(yaml.load_all(text, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise _not_plain(place, str(error.problem or error.context)) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _not_plain(name, " ".join(str(error).split())) from error


def read_json(text: str, *, name: str, max_bytes: int = MAX_DOCUMENT_BYTES) -> Any:
    """Return the JSON value in a text; a repeated key or a NaN is refused.

    Raises:
        DocumentError: If the text is too large or is not strict JSON.
    """
    _check_size(text, name, max_bytes)
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique_pairs,
            parse_constant=_refuse_constant,
            parse_int=_bounded_int,
        )
    except (ValueError, RecursionError) as error:
        raise DocumentError(
            name,
            got=str(error),
            expected="strict JSON",
            next_step="write the file again with the command that made it",
        ) from error


def dump_yaml(value: Any) -> str:
    """Return a JSON value as block YAML, keys in the order given."""
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=100, allow_unicode=True))


def _check_size(text: str, name: str, max_bytes: int) -> None:
    size = len(text.encode("utf-8", errors="surrogatepass"))
    if size > max_bytes:
        raise DocumentError(
            name,
            got=f"{size} bytes",
            expected=f"at most {max_bytes} bytes",
            next_step="keep large content in a file of its own and name it by digest",
        )


def _check_events(text: str) -> None:
    # On the event stream, before composition: the C loader's composer cannot be overridden.
    depth = nodes = 0
    for event in yaml.parse(text, Loader=_BaseLoader):
        if isinstance(event, yaml.AliasEvent):
            raise _refusal(f"alias {event.anchor!r} is not read", event)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.ScalarEvent):
            _check_scalar(event)
        nodes += isinstance(event, yaml.NodeEvent)
        if nodes > _MAX_NODES:
            raise _refusal(f"more than {_MAX_NODES:,} values", event)
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise _refusal(f"tag {tag!r} is not read", event)
        if depth > _MAX_DEPTH:
            raise _refusal(f"nested deeper than {_MAX_DEPTH}", event)


def _check_scalar(event: Any) -> None:
    if not event.implicit[0] or event.style:
        return
    if _AMBIGUOUS.fullmatch(event.value) or _TIMESTAMP.fullmatch(event.value):
        raise _refusal(
            f"{event.value!r}, which means different things to different readers of YAML; quote "
            "it, or write a plain decimal number, true or false",
            event,
        )
    digits = event.value.lstrip("+-")
    if not digits.isdecimal():
        return
    if len(digits) > _MAX_DIGITS:
        raise _refusal(_too_long(digits), event)
    if int(digits) > _MAX_EXACT:
        raise _refusal(f"{digits[:_SHOWN]}..., which is no exact number to the engine", event)


def _refusal(problem: str, event: Any) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, event.start_mark)


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key is repeated in one object")
    return value


def _bounded_int(digits: str) -> int:
    if len(digits.lstrip("-")) > _MAX_DIGITS:
        raise ValueError(_too_long(digits))
    return int(digits)


def _too_long(digits: str) -> str:
    return (
        f"an integer of {len(digits.lstrip('-'))} digits, of which at most {_MAX_DIGITS} are read"
    )


def _refuse_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
