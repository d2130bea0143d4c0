"""Checks the inputs of one resource against every schema and model that describes it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.arguments import word
from mobile_ai.sandbox.providers.aws.api.kind import Action, Kind
from mobile_ai.sandbox.providers.aws.kinds import KINDS, STATE_ONLY
from mobile_ai.sandbox.providers.aws.schemas.leaves import leaves
from mobile_ai.sandbox.providers.aws.schemas.lint import lint, resource_schema, resource_types
from mobile_ai.sandbox.providers.aws.schemas.models import breaches, operation_input, shapes_of
from mobile_ai.sandbox.providers.aws.schemas.place import TemplatePlace, TemplateResource
from mobile_ai.sandbox.providers.aws.schemas.table import NO_TEMPLATE, OWN, RESOURCES
from mobile_ai.sandbox.providers.aws.schemas.translate import translate
from mobile_ai.sandbox.providers.aws.schemas.verdict import InputVerdict
from mobile_ai.sandbox.providers.errors import Failure
from mobile_ai.sandbox.providers.values import SecretValue, Special, Unknown, Value, plain

_TOKEN: Final = re.compile(r"aws:(?P<module>\w+)/\w+:(?P<name>\w+)")
_INDEX: Final = re.compile(r"\[\d+\]")
_NEXT: Final = "correct the setting of the stack file, or the component, that it comes from"
_LONGEST: Final = 240
_MOST_SHOWN: Final = 80
_UNNAMED: Final = TemplateResource()


def judge_inputs(
    token: str, sent: Mapping[str, Value], *, given: Mapping[str, Value], region: str
) -> InputVerdict:
    """Check a resource's inputs.

    Args:
        token: Resource type.
        sent: All inputs, with defaults, names and merged tags.
        given: The inputs that the program set; only these are counted.
        region: Region of the resource.
    """
    merged = {name: value for name, value in sent.items() if name != "tagsAll"}
    if isinstance(tags := plain(sent.get("tagsAll")), dict):
        merged["tags"] = tags or None
    covered: set[str] = set()
    found = [
        *_by_cloudformation(token, merged, region, covered),
        *_by_models(token, merged, covered),
    ]
    first = {failure.path: failure for failure in reversed(found)}
    return _counted(given, covered, tuple(first.values()))


def cloudformation_type(token: str) -> str:
    """Return CloudFormation's name of a resource type; empty if it has none."""
    if token in NO_TEMPLATE:
        return ""
    if named := RESOURCES.get(token, _UNNAMED).type:
        return named
    parts = _TOKEN.fullmatch(token)
    return _folded_types().get((word(parts["module"]), word(parts["name"])), "") if parts else ""


def api_kind(token: str) -> Kind | None:
    """Return the API operations of a resource type, including those that the sandbox lacks."""
    if token in KINDS:
        return KINDS[token]
    operation = STATE_ONLY.get(token, "")
    if not operation or " " in operation:
        return None
    named = Action(run=_never, uses=(operation,))
    return Kind(service=operation.partition(":")[0], create=named, read=named, id="")


def _by_cloudformation(
    token: str, sent: Mapping[str, Value], region: str, covered: set[str]
) -> Iterator[Failure]:
    kind = cloudformation_type(token)
    if not kind:
        return
    entry = RESOURCES.get(token, _UNNAMED)
    template = translate(sent, entry, kind, lambda name: resource_schema(name, region))
    if template is None:
        return
    covered |= template.covered
    values = dict(leaves({**sent}))
    secret = [path for path, value in values.items() if isinstance(value, SecretValue)]
    for finding in lint(template, region):
        value = values.get(finding.path)
        hidden = any(path.startswith(finding.path) for path in secret)
        message = finding.title if hidden else finding.message
        why = f"{_short(message)} ({kind}, cfn-lint {finding.rule})"
        yield _failure(finding.path, value, why)


def _by_models(token: str, sent: Mapping[str, Value], covered: set[str]) -> Iterator[Failure]:
    kind = api_kind(token)
    if kind is None:
        return
    names = RESOURCES.get(token, _UNNAMED).names
    values = dict(leaves({**sent}))
    for name, value in sent.items():
        spelt = _spelt(token, name, value)
        if spelt is None:
            continue
        for shape in shapes_of(name, kind, names, operation_input):
            for breach in breaches(spelt, shape, name, covered, names):
                source = f"{breach.shape} of {kind.service}, botocore's model"
                why = f"expected {_short(breach.expected)} ({source})"
                yield _failure(breach.path, values.get(breach.path), why)


def _spelt(token: str, name: str, value: Value) -> Value:
    """Return a value, or None for provider-specific values that the table translates."""
    place = RESOURCES.get(token, _UNNAMED).names.get(name)
    known = plain(value)
    if not isinstance(place, TemplatePlace) or isinstance(known, dict | list):
        return value
    text = str(int(known)) if isinstance(known, float) and known.is_integer() else str(known)
    return None if place.values.get(text, text) is None else value


def _failure(path: str, value: Value, why: str) -> Failure:
    where = f"`{path}`" if path else "the resource"
    got = "" if value is None else f"got {_shown(value)}; "
    return Failure(path, f"{where} is not what AWS accepts: {got}{why}; {_NEXT}")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _shown(value: Value) -> str:
    match value:
        case SecretValue():
            return "a secret"
        case list() | dict():
            return f"{len(value)} entries"
    text = repr(int(value) if isinstance(value, float) and value.is_integer() else value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


def _counted(
    given: Mapping[str, Value], covered: set[str], failures: tuple[Failure, ...]
) -> InputVerdict:
    checked = unknown = 0
    uncovered: set[str] = set()
    for path, value in leaves({**given}):
        known = plain(value)
        name = _INDEX.sub("", path)
        if isinstance(known, Unknown):
            unknown += 1
        elif isinstance(known, Special) or name in OWN:
            continue
        elif path in covered:
            checked += 1
        else:
            uncovered.add(name)
    return InputVerdict(
        failures=failures, checked=checked, unknown=unknown, uncovered=tuple(sorted(uncovered))
    )


@cache
def _folded_types() -> dict[tuple[str, str], str]:
    """Return normalised service and name to CloudFormation's type."""
    parts = [(name, name.split("::")) for name in resource_types()]
    return {
        (word(pieces[1]), word(pieces[2])): name
        for name, pieces in parts
        if len(pieces) == 3  # noqa: PLR2004
    }


def _never(*_: Any) -> None:
    raise AssertionError("an operation that the sandbox does not have")
