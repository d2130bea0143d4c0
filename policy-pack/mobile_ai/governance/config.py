"""The pack's config of an environment: levels and parameters, and what they loosen.

``policy-pack/config/<environment>.json``::

    {"rules": {"<rule id>": {"enforcement": "advisory", "parameters": {"<name>": <value>}}}}

Unknown rules, parameters and keys are refused. Whatever is weaker than the rule's default
is listed, and the report prints it on every run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.governance.rule_terms import Enforcement, Parameter, RuleTerms

__all__ = ["PackConfig", "config_schema", "load_config"]

_refused = DocumentError.advising("fix the pack config; policy-pack/config/schema.json lists all")

_RANK: Final = {"mandatory": 2, "advisory": 1, "disabled": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class PackConfig:
    """Effective levels and parameters.

    Attributes:
        rules: The rules that it configures, by id.
        levels: Enforcement by rule id.
        parameters: Effective parameters by rule id.
        weakenings: A sentence for each setting that is weaker than the default.
    """

    rules: Mapping[str, RuleTerms]
    levels: Mapping[str, str]
    parameters: Mapping[str, Mapping[str, Any]]
    weakenings: tuple[str, ...]


def load_config(text: str, rules: Iterable[RuleTerms], *, name: str) -> PackConfig:
    """Read a pack config against the rules that there are.

    Raises:
        DocumentError: If a key, rule, level, parameter or type is not one that exists.
    """
    by_id = {rule.id: rule for rule in rules}
    entries = _mapping(read_json(text, name=name), {"$schema", "rules"}, name).get("rules", {})
    levels = {rule.id: rule.enforcement for rule in by_id.values()}
    parameters = {rule.id: _defaults(rule) for rule in by_id.values()}
    weakenings: list[str] = []
    for rule_id, entry in _mapping(entries, set(by_id), f"{name} rules").items():
        where = f"{name} {rule_id}"
        _mapping(entry, {"enforcement", "parameters"}, where)
        levels[rule_id] = _level(entry.get("enforcement", by_id[rule_id].enforcement), where)
        parameters[rule_id] |= _values(entry.get("parameters", {}), by_id[rule_id], where)
        weakenings += _weakenings(by_id[rule_id], levels[rule_id], parameters[rule_id])
    return PackConfig(
        rules=by_id, levels=levels, parameters=parameters, weakenings=tuple(weakenings)
    )


def _defaults(rule: RuleTerms) -> dict[str, Any]:
    return {name: parameter.default for name, parameter in rule.parameters.items()}


def config_schema(rules: Iterable[RuleTerms]) -> dict[str, Any]:
    """Return the JSON Schema of a pack config, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Config of the mobile-ai-governance policy pack",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "$schema": {"type": "string"},
            "rules": {
                "type": "object",
                "additionalProperties": False,
                "properties": {rule.id: _rule_schema(rule) for rule in rules},
            },
        },
    }


def _rule_schema(rule: RuleTerms) -> dict[str, Any]:
    parameters = {
        name: {"description": item.doc, "default": item.default, "type": _json_type(item.default)}
        for name, item in rule.parameters.items()
    }
    return {
        "description": rule.title,
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "enforcement": {"enum": list(get_args(Enforcement)), "default": rule.enforcement},
            "parameters": {
                "type": "object",
                "additionalProperties": False,
                "properties": parameters,
            },
        },
    }


def _json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _mapping(value: Any, keys: set[str], name: str) -> dict[str, Any]:
    unknown = set(value) - keys if isinstance(value, dict) else {type(value).__name__}
    if unknown:
        raise _refused(name, f"{sorted(unknown)}", "only keys of the schema")
    result: dict[str, Any] = value
    return result


def _level(value: Any, name: str) -> Any:
    if value not in _RANK:
        raise _refused(f"{name} enforcement", repr(value), f"one of {list(_RANK)}")
    return value


def _values(values: Any, rule: RuleTerms, name: str) -> dict[str, Any]:
    _mapping(values, set(rule.parameters), f"{name} parameters")
    for key, value in values.items():
        wanted = _json_type(rule.parameters[key].default)
        if _json_type(value) != wanted:
            raise _refused(f"{name} {key}", repr(value), f"a value of type {wanted}")
    return dict(values)


def _weakenings(rule: RuleTerms, level: str, parameters: Mapping[str, Any]) -> list[str]:
    found = []
    if _RANK[level] < _RANK[rule.enforcement]:
        found.append(f"{rule.id} is {level} (default {rule.enforcement})")
    for name, parameter in rule.parameters.items():
        if _is_weaker(parameter, parameters[name]):
            value, default = parameters[name], parameter.default
            found.append(f"{rule.id}.{name} is {value!r} (default {default!r})")
    return found


def _is_weaker(parameter: Parameter, value: Any) -> bool:
    default = parameter.default
    if value == default or parameter.weaker == "never":
        return False
    if parameter.weaker == "higher":
        return bool(value > default)
    if parameter.weaker == "lower":
        return bool(value < default)
    if isinstance(value, list) and parameter.weaker in {"more", "fewer"}:
        more, fewer = set(value) - set(default), set(default) - set(value)
        return bool(more if parameter.weaker == "more" else fewer)
    return True  # a change whose direction nobody can tell is reported
