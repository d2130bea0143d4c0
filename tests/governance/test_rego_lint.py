"""Rego that would silently be undefined is refused when it is loaded."""

from pathlib import Path

import pytest

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.governance.rego import evaluate
from mobile_ai.governance.rego_lint import BUILTINS, problems, silent

PACK = Path(__file__).parents[2] / "policy-pack"
HEAD = "package mobile.ai.governance\n\nimport rego.v1\n\n"


def found(body: str) -> list[str]:
    return list(problems(HEAD + body))


@pytest.mark.parametrize(
    "call",
    [
        'net.cidr_contains("10.0.0.0/8", input.ip)',
        "time.parse_rfc3339_ns(input.at) > 0",
        'format_int(10, 2) == "1010"',
        'http.send({"method": "get"}).status_code == 200',
        'urlquery.encode("a b") == "a+b"',
        "rego.metadata.rule().title == input.title",
        "json.match_schema(input, {})[0]",
        "no_such_function(input)",
    ],
)
def test_a_call_that_is_undefined_here_is_refused_with_what_is_available(call: str) -> None:
    (told,) = found(f'deny contains "x" if {{\n\t{call}\n}}')

    assert told.startswith("line 6: ")
    assert "is not available here" in told
    assert "regex.match" in told


@pytest.mark.parametrize(
    "body",
    [
        "not x == 1",
        "x > 1",
        "input.a == y",
        "input.items[i].name == 1",
        "not msg",
        "count(rings) > 2",
    ],
)
def test_a_name_that_nothing_introduces_is_refused(body: str) -> None:
    (told,) = found(f'deny contains "x" if {{\n\t{body}\n}}')

    assert "is introduced nowhere: write `some" in told


@pytest.mark.parametrize("term", ['{input.r == "EU"}', '{ "EU", "US" }', "[input.r]", '"EU"', "3"])
def test_not_before_what_is_always_defined_is_refused_with_its_rewrite(term: str) -> None:
    told = found(f'deny contains "x" if {{\n\tnot {term}\n}}')

    assert any("is never true: write the expression itself negated" in line for line in told)


@pytest.mark.parametrize(
    "module",
    [
        'deny contains msg if { msg := "a" }',
        "deny contains msg if {\n\tsome item in input.items\n\tnot item.ok\n\tmsg := item.name\n}",
        'deny contains "x" if { some i, item in input.items; i > 0; item == 1 }',
        'deny contains "x" if {\n\tsome i\n\tinput.items[i] == 1\n}',
        'deny contains "x" if { every item in input.items { item > 0 } }',
        'deny contains "x" if { [a, b] := split(input.v, "."); to_number(a) > to_number(b) }',
        'f(a, b) := c if { c := a + b }\ndeny contains "x" if { f(1, 2) == 3 }',
        'regions := {"a", "b"}\ndeny contains "x" if { not lower(input.r) in regions }',
        'names contains n if { some n in input.names }\ndeny contains "x" if { names["a"] }',
        'default ok := false\nok if { input.x }\ndeny contains "x" if { not ok }',
        'kind := "a" if { input.x } else := "b"\ndeny contains "x" if { kind == "b" }',
        'deny contains "x" if { input.a == `raw text` }',
        'deny contains "x" if { count({v | some v in input.l; v > 1}) > 2 }',
        'deny contains sprintf("%s", [input.n]) if { input.kind == "K"; not data.r[input.n].ok }',
    ],
)
def test_rego_that_says_what_it_means_is_taken_and_evaluates(module: str) -> None:
    assert found(module) == []
    evaluate({"m.rego": HEAD + module}, {"kind": "K", "n": "a"}, registry={})


def test_the_modules_of_the_pack_are_taken() -> None:
    for path in (PACK / "rego").glob("*.rego"):
        assert list(problems(path.read_text())) == []


def test_a_module_that_would_be_silent_is_an_error_of_the_evaluation() -> None:
    module = f'{HEAD}deny contains "x" if {{ net.cidr_contains("10.0.0.0/8", input.ip) }}'

    with pytest.raises(DocumentError, match=r"m\.rego, line 5: net\.cidr_contains is not avail"):
        evaluate({"m.rego": module}, {"ip": "10.1.2.3"}, registry={})


# One call of each supported built-in, true in OPA 1.22.
PROBES = {
    "abs": "abs(-1) == 1",
    "array.concat": "array.concat([1], [2]) == [1, 2]",
    "concat": 'concat("-", ["a", "b"]) == "a-b"',
    "count": "count([1]) == 1",
    "crypto.sha256": 'startswith(crypto.sha256("a"), "ca978112")',
    "glob.match": 'glob.match("*.example.com", ["."], "a.example.com")',
    "json.patch": 'json.patch({"a": 1}, [{"op": "remove", "path": "/a"}]) == {}',
    "object.get": 'object.get({}, "a", 2) == 2',
    "regex.match": 'regex.match("^a", "ab")',
    "sprintf": 'sprintf("%.2f", [3.14159]) == "3.14"',
    "time.parse_ns": 'time.parse_ns("2006-01-02", "2026-01-01") == 1767225600000000000',
    "to_number": 'to_number("3") == 3',
    "units.parse_bytes": 'units.parse_bytes("1KB") == 1000',
    "yaml.unmarshal": 'yaml.unmarshal("a: 1").a == 1',
}


@pytest.mark.parametrize("name", PROBES)
def test_a_listed_built_in_is_defined_here(name: str) -> None:
    assert name in BUILTINS
    result = evaluate(
        {"m.rego": f'{HEAD}deny contains "fired" if {{ {PROBES[name]} }}'}, {}, registry={}
    )

    assert result.denials == ("fired",)


@pytest.mark.parametrize("name", ["denies", "denied", "Deny", "violation", "warning"])
def test_a_module_whose_rule_nothing_asks_for_is_refused(name: str) -> None:
    module = HEAD + f'{name} contains "x" if input.kind\n'
    (told,) = silent({"own.rego": module, "other.rego": HEAD + 'deny contains "y" if false\n'})
    assert told.startswith(f"own.rego has {name}, which nothing asks for")
    with pytest.raises(DocumentError, match="it would never fire"):
        evaluate({"own.rego": module}, {"kind": "K"}, registry={})


@pytest.mark.parametrize("name", ["deny", "warn"])
def test_a_module_of_helpers_that_another_uses_is_read(name: str) -> None:
    helpers = HEAD + 'sensitive := {"a"}\n'
    module = HEAD + f'{name} contains "x" if input.kind in sensitive\n'
    assert list(silent({"helpers.rego": helpers, "own.rego": module})) == []
    assert list(silent({"helpers.rego": helpers})) != []
