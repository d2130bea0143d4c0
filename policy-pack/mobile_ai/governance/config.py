"""The pack's config of an environment: levels and parameters, and what they loosen.

``policy-pack/config/<environment>.json``::

    {"jurisdictions": ["<home>", "<further>"],
     "regions": {"<region>": {"country": "<ISO 3166-1>"}},
     "vocabulary": {"<data type>": {"modalities": [], "minimumTier": "", "places": []}},
     "rules": {"<rule id>": {"enforcement": "advisory", "parameters": {"<name>": <value>}}}}

Choosing a home jurisdiction and adding regions or data types weaken nothing. Unknown rules,
parameters and keys are refused. Whatever is weaker than the default is listed, and the report
prints it on every run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from mobile_ai.contracts.data_types import DataType, Vocabulary, shipped_vocabulary
from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.regions import REGION_PATTERN, AwsRegion, shipped_regions
from mobile_ai.contracts.vocabulary import DATA_TYPE_PATTERN
from mobile_ai.governance.geography import Geography, read_geography
from mobile_ai.governance.rule_terms import Enforcement, Parameter, RuleTerms

_refused = DocumentError.advising("fix the pack config; policy-pack/config/schema.json lists all")

_RANK: Final = {"mandatory": 2, "advisory": 1, "disabled": 0}
_KEYS: Final = frozenset({"$schema", "jurisdictions", "regions", "rules", "vocabulary"})
# Parameters of earlier versions, each with the key that says the same now.
_MOVED: Final = {
    "notInCloud": "`places` of the data types under `vocabulary`",
    "onDeviceOnly": "`places` of the data types under `vocabulary`",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PackConfig:
    """Effective levels and parameters.

    Attributes:
        name: Path below the pack's folder.
        rules: The rules that it configures, by id.
        levels: Enforcement by rule id.
        parameters: Effective parameters by rule id, places as regions.
        weakenings: A sentence for each setting that is weaker than the default.
        geography: Home jurisdiction and known regions.
        vocabulary: Known data types.
    """

    name: str
    rules: Mapping[str, RuleTerms]
    levels: Mapping[str, str]
    parameters: Mapping[str, Mapping[str, Any]]
    weakenings: tuple[str, ...]
    geography: Geography
    vocabulary: Vocabulary

    def extending(self, key: str) -> str:
        """Return the next step for a name that is not under a key of the config."""
        return f"name another, or have `{key}` of policy-pack/{self.name} extended"


def load_config(text: str, rules: Iterable[RuleTerms], *, name: str) -> PackConfig:
    """Read a pack config against the rules that there are.

    Raises:
        DocumentError: If a key, rule, level, parameter or type is not one that exists.
    """
    by_id = {rule.id: rule for rule in rules}
    top = _mapping(read_json(text, name=name), _KEYS, name)
    geography = read_geography(top.get("jurisdictions"), top.get("regions"), name=name)
    vocabulary, loosened = shipped_vocabulary().extended(
        top.get("vocabulary", {}), name="vocabulary"
    )
    levels = {rule.id: rule.enforcement for rule in by_id.values()}
    parameters = {rule.id: _defaults(rule) for rule in by_id.values()}
    weakenings = [*geography.weakenings(), *loosened]
    for rule_id, entry in _mapping(top.get("rules", {}), by_id, f"{name} rules").items():
        where = f"{name} {rule_id}"
        _mapping(entry, {"enforcement", "parameters"}, where)
        levels[rule_id] = _level(entry.get("enforcement", by_id[rule_id].enforcement), where)
        parameters[rule_id] |= _values(entry.get("parameters", {}), by_id[rule_id], where)
        weakenings += _weakenings(by_id[rule_id], levels[rule_id], parameters[rule_id], geography)
    return PackConfig(
        name=name,
        rules=by_id,
        levels=levels,
        parameters={
            rule.id: _effective(rule, parameters[rule.id], geography) for rule in by_id.values()
        },
        weakenings=tuple(weakenings),
        geography=geography,
        vocabulary=vocabulary,
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
            "jurisdictions": {
                "description": "The home jurisdiction of data, then further ones, which are "
                "listed as weakening. Default: the EU.",
                "type": "array",
                "minItems": 1,
                "items": {"type": "string", "examples": [*shipped_regions().jurisdictions]},
                "default": ["EU"],
            },
            "regions": {
                "description": "AWS regions that this version does not know yet.",
                "type": "object",
                "propertyNames": {"pattern": REGION_PATTERN},
                "additionalProperties": AwsRegion.model_json_schema(),
            },
            "vocabulary": {
                "description": "Data types of one's own; of a shipped type only what differs.",
                "type": "object",
                "propertyNames": {"pattern": DATA_TYPE_PATTERN},
                "additionalProperties": _part_of(DataType.model_json_schema(by_alias=True)),
            },
            "rules": {
                "type": "object",
                "additionalProperties": False,
                "properties": {rule.id: _rule_schema(rule) for rule in rules},
            },
        },
    }


def _part_of(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object that may leave out what it keeps."""
    return {key: value for key, value in schema.items() if key != "required"}


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


def _mapping(value: Any, keys: Collection[str], name: str) -> dict[str, Any]:
    unknown = set(value) - set(keys) if isinstance(value, dict) else {type(value).__name__}
    if unknown:
        moved = [text for key, text in _MOVED.items() if key in unknown]
        raise _refused(name, f"{sorted(unknown)}", (moved or ["only keys of the schema"])[0])
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
        if isinstance(value, list) and not all(isinstance(item, str) for item in value):
            raise _refused(f"{name} {key}", repr(value), "a list of texts")
    return dict(values)


def _effective(
    rule: RuleTerms, parameters: Mapping[str, Any], geography: Geography
) -> dict[str, Any]:
    """Return parameters with regions and classes of locations in place of jurisdictions."""
    return {
        name: _expanded(item, parameters[name], geography) for name, item in rule.parameters.items()
    }


def _expanded(parameter: Parameter, value: Any, geography: Geography) -> Any:
    if parameter.weaker == "regions":
        return geography.regions(value)
    return geography.price_classes(value) if parameter.weaker == "price-classes" else value


def _weakenings(
    rule: RuleTerms, level: str, parameters: Mapping[str, Any], geography: Geography
) -> list[str]:
    found = []
    if _RANK[level] < _RANK[rule.enforcement]:
        found.append(f"{rule.id} is {level} (default {rule.enforcement})")
    for name, parameter in rule.parameters.items():
        if _is_weaker(parameter, parameters[name], geography):
            value, default = parameters[name], parameter.default
            found.append(f"{rule.id}.{name} is {value!r} (default {default!r})")
    return found


def _is_weaker(parameter: Parameter, value: Any, geography: Geography) -> bool:
    value, default = (_expanded(parameter, item, geography) for item in (value, parameter.default))
    if value == default or parameter.weaker == "never":
        return False
    if parameter.weaker == "higher":
        return bool(value > default)
    if parameter.weaker == "lower":
        return bool(value < default)
    if isinstance(value, list) and parameter.weaker != "other":
        more, fewer = set(value) - set(default), set(default) - set(value)
        return bool(fewer if parameter.weaker == "fewer" else more)
    return True  # a change whose direction nobody can tell is reported
