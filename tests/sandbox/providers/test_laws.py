"""Laws that hold for every type and any valid inputs."""

from __future__ import annotations

from typing import Any

from google.protobuf import struct_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from mobile_ai.sandbox.providers.aws.provider_behavior import AwsDialect
from mobile_ai.sandbox.providers.check import check_fields
from mobile_ai.sandbox.providers.diff import compare
from mobile_ai.sandbox.providers.kubernetes.provider_behavior import KubernetesDialect
from mobile_ai.sandbox.providers.naming import NamingRequest, unique_name
from mobile_ai.sandbox.providers.provider_behavior import planned
from mobile_ai.sandbox.providers.spec import NamingRule, TypeFacts
from mobile_ai.sandbox.providers.values import (
    UNKNOWN,
    Properties,
    SecretValue,
    Value,
    decode,
    encode,
)

from .stub import spec

MAX_DEPTH = 4
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
LEAVES: dict[str, st.SearchStrategy[Value]] = {
    "string": TEXT,
    "boolean": st.booleans(),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "integer": st.integers(-(2**31), 2**31).map(float),
    "any": TEXT,
    "asset": st.just(UNKNOWN),
}
LEAF_VALUES = st.one_of(
    TEXT, st.booleans(), st.floats(allow_nan=False, allow_infinity=False), st.just(UNKNOWN)
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAF_VALUES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(TEXT, inner, max_size=3),
        inner.map(SecretValue),
    ),
    max_leaves=8,
)
AWS = AwsDialect(spec("aws"), {"AWS_REGION": "eu-central-1"})
AWS.configure({"defaultTags": {"tags": {"team": "edge"}}})
KUBERNETES = KubernetesDialect(spec("kubernetes"))
KUBERNETES.configure({})
TYPES = [
    (dialect, token)
    for dialect in (AWS, KUBERNETES)
    for token in sorted(dialect.spec.document["types"])
]
NAMING = NamingRequest(logical="thing", seed=b"seed")


@st.composite
def value_of(  # noqa: PLR0911 - one way out per kind of shape
    draw: st.DrawFn, shape: Any, objects: Any, depth: int = 0
) -> Value:
    """A value of a shape: unknown or secret now and then, shallow below a depth."""
    turn = draw(st.integers(0, 9))
    if turn == 0:
        return UNKNOWN
    if turn == 1:
        return SecretValue(draw(value_of(shape, objects, depth + 1)))
    if isinstance(shape, str):
        return draw(LEAVES[shape])
    kind, inner = shape
    if kind == "const":
        choices: list[Value] = inner
        return draw(st.sampled_from(choices))
    if kind == "one":
        return draw(value_of(draw(st.sampled_from(inner)), objects, depth))
    if kind == "object":
        return draw(fields_of(objects[inner], objects, depth + 1))
    item = value_of(inner, objects, depth + 1)
    size = 0 if depth >= MAX_DEPTH else 2
    if kind == "list":
        return draw(st.lists(item, max_size=size))
    return draw(st.dictionaries(TEXT.filter(lambda key: key[:2] != "__"), item, max_size=size))


@st.composite
def fields_of(draw: st.DrawFn, fields: Any, objects: Any, depth: int = 0) -> Properties:
    required = [name for name, (_, needed) in fields.items() if needed]
    optional = [name for name in fields if name not in required]
    some = st.lists(st.sampled_from(optional), max_size=4, unique=True) if optional else st.just([])
    chosen = required if depth >= MAX_DEPTH else [*required, *draw(some)]
    return {name: draw(value_of(fields[name][0], objects, depth)) for name in chosen}


@st.composite
def resources(draw: st.DrawFn) -> tuple[AwsDialect | KubernetesDialect, TypeFacts, Properties]:
    dialect, token = draw(st.sampled_from(TYPES))
    facts = dialect.find(token)
    inputs = draw(fields_of(facts.inputs, dialect.spec.objects))
    return dialect, facts, {k: v for k, v in inputs.items() if k != "region"}


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_values_survive_the_wire(properties: Properties) -> None:
    wire = struct_pb2.Struct.FromString(encode(properties).SerializeToString())
    assert decode(wire) == properties


@settings(max_examples=150, deadline=None)
@given(resources())
def test_valid_inputs_pass_and_come_back(made: Any) -> None:
    dialect, facts, inputs = made
    assert list(check_fields(inputs, facts.inputs, dialect.spec.objects, owner="it")) == []
    checked = dialect.complete(facts, inputs, old={}, naming=NAMING)
    changed = {key for key in inputs if checked[key] != inputs[key]}
    assert changed <= {"metadata", "apiVersion", "kind"}


@settings(max_examples=150, deadline=None)
@given(resources())
def test_checking_twice_is_checking_once(made: Any) -> None:
    dialect, facts, inputs = made
    once = dialect.complete(facts, inputs, old={}, naming=NAMING)
    again = dialect.complete(facts, once, old=once, naming=NAMING)
    assert again == once


@settings(max_examples=150, deadline=None)
@given(resources())
def test_a_plan_holds_every_input_and_nothing_hidden(made: Any) -> None:
    dialect, facts, inputs = made
    outputs = planned(inputs, dialect.computed(facts))
    assert all(not key.startswith("__") for key in outputs)
    assert set(inputs) <= set(outputs)
    assert all(outputs[key] == inputs[key] for key in inputs if not isinstance(inputs[key], dict))


@settings(max_examples=150, deadline=None)
@given(resources())
def test_an_unknown_property_is_always_found(made: Any) -> None:
    dialect, facts, inputs = made
    wrong = {**inputs, "noSuchProperty": "x"}
    found = list(check_fields(wrong, facts.inputs, dialect.spec.objects, owner="it"))
    assert [failure.path for failure in found] == ["noSuchProperty"]


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_only_unknown_values_differ_from_themselves(properties: Properties) -> None:
    changes = compare(properties, properties)
    assert all(change.new is UNKNOWN for change in changes)


@given(
    logical=st.text("abcDEF-", min_size=1, max_size=80),
    max_length=st.integers(24, 80),
    lower=st.booleans(),
    seed=st.binary(),
)
def test_a_made_name_fits_its_rule(
    *, logical: str, max_length: int, lower: bool, seed: bytes
) -> None:
    rule = NamingRule(prop="name", max_length=max_length, lower=lower, prefix="p/")
    name = unique_name(NamingRequest(logical=logical, seed=seed), rule, {})
    assert len(name) <= max_length
    assert name.startswith("p/")
    assert not lower or name == name.lower()
