"""Refuses Rego modules that the evaluator would silently leave undefined.

The evaluator (regopy) evaluates a call of an unknown function and an unbound variable to
"undefined", where OPA refuses the module at compile time. A deny rule with such an expression never
fires. This check runs when a module is loaded and is stricter than OPA's: every call must be of a
listed built-in or of a function of the module, and every variable must be introduced explicitly
(https://www.openpolicyagent.org/docs/policy-language#variable-keyword-some).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

# Built-ins that gave equal results in the evaluator and in OPA 1.22 on test calls of each. Those
# that the evaluator leaves undefined (net.cidr_contains, time.format, urlquery.encode, http.send,
# ...) are not listed.
_ANSWERED_ALIKE: Final = """
    abs array.concat array.reverse array.slice base64.decode base64.encode bits.and ceil
    concat contains count crypto.sha256 endswith floor glob.match graph.reachable hex.encode
    indexof intersection is_array is_boolean is_null is_number is_object is_set is_string
    json.filter json.is_valid json.marshal json.patch json.remove json.unmarshal lower max
    min numbers.range object.filter object.get object.keys object.remove object.subset
    object.union object.union_n product regex.find_n regex.is_valid regex.match
    regex.replace regex.split replace round sort split sprintf startswith
    strings.any_prefix_match strings.count strings.replace_n strings.reverse substring sum
    time.add_date time.clock time.date time.now_ns time.parse_duration_ns time.parse_ns
    time.weekday to_number trim trim_left trim_prefix trim_right trim_space trim_suffix
    type_name union units.parse units.parse_bytes upper walk yaml.unmarshal
"""
BUILTINS: Final = frozenset(_ANSWERED_ALIKE.split())
"""Built-in functions that a module may call."""
_WORDS: Final = """
    as contains default else every false if import in input data not null package some true
    with _
"""
_KEYWORDS: Final = frozenset(_WORDS.split())
_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\r]+|\#[^\n]*) | (?P<line>\n)
    | (?P<text>"(?:[^"\\\n]|\\.)*" | `[^`]*`) | (?P<number>\d[\w.]*)
    | (?P<name>[A-Za-z_]\w*) | (?P<sign>:=|==|!=|<=|>=|[-+*/%&|<>=.,:;(){}\[\]])""",
    re.VERBOSE,
)
_STATEMENTS: Final = frozenset({"package", "import", "default"})
_OPENING: Final = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int


def problems(module: str) -> Iterator[str]:
    """Yield the problems of a module, each with its line and a correction."""
    tokens = list(_tokens(module))
    unread = next((token for token in tokens if token.kind == "unread"), None)
    if unread:
        yield f"line {unread.line}: {unread.text!r} is not read; expected Rego v1"
        return
    rules = list(_rules(tokens))
    ours = {rule[0].text for rule in rules} | set(_imported(rules))
    ours |= {rule[1].text for rule in rules if rule[0].text == "default" and len(rule) > 1}
    for rule in rules:
        if rule[0].text not in {"package", "import"}:
            yield from _of_rule(rule, ours)


def silent(modules: Mapping[str, str]) -> Iterator[str]:
    """Yield the modules that can never fire: no `deny` or `warn`, and no name that others use."""
    rules = {name: list(_rules(list(_tokens(text)))) for name, text in modules.items()}
    for name, own in rules.items():
        heads = {rule[0].text for rule in own} - _STATEMENTS
        others = (rule for other, theirs in rules.items() if other != name for rule in theirs)
        used = {token.text for rule in others for token in rule if token.kind == "name"}
        if not heads & {"deny", "warn"} and not heads & used:
            yield (
                f"{name} has {', '.join(sorted(heads)) or 'nothing'}, which nothing asks for: it "
                "would never fire; expected a set `deny` or `warn`"
            )


def _tokens(module: str) -> Iterator[_Token]:
    line, at = 1, 0
    while at < len(module):
        match = _TOKEN.match(module, at)
        if match is None:
            yield _Token("unread", module[at], line)
            return
        if match.lastgroup != "space":
            yield _Token(str(match.lastgroup), match[0], line)
        line += match[0].count("\n")
        at = match.end()


def _rules(tokens: Sequence[_Token]) -> Iterator[list[_Token]]:
    """Yield the tokens of each statement: a new one begins on a new line outside of brackets."""
    current: list[_Token] = []
    depth, fresh = 0, True
    for token in tokens:
        if token.kind == "line":
            fresh = fresh or depth == 0
            continue
        begins = fresh and depth == 0 and token.kind == "name" and token.text != "else"
        if begins and current and current[-1].text not in {"=", ":=", "if", "contains", ","}:
            yield current
            current = []
        fresh = False
        depth += (token.text in _OPENING) - (token.text in _OPENING.values())
        current.append(token)
    if current:
        yield current


def _imported(rules: Sequence[Sequence[_Token]]) -> Iterator[str]:
    for rule in rules:
        if rule[0].text == "import":
            yield rule[-1].text


def _of_rule(rule: Sequence[_Token], ours: set[str]) -> Iterator[str]:
    known = ours | set(_introduced(rule))
    for at, token in enumerate(rule):
        if token.kind != "name" or (at and rule[at - 1].text == "."):
            if token.text == "not" and rule[at + 1].text in {"{", "["}:
                yield _always_defined(token)
            continue
        if token.text == "not" and _is_constant(rule[at + 1 :]):
            yield _always_defined(token)
        called = _called(rule, at)
        if called and called not in BUILTINS and called.partition(".")[0] not in {*known, "data"}:
            yield (
                f"line {token.line}: {called} is not available here: it would be undefined, and "
                f"the rule silent. Available are: {', '.join(sorted(BUILTINS))}"
            )
        elif not called and token.text not in known | _KEYWORDS:
            yield (
                f"line {token.line}: {token.text} is introduced nowhere: write "
                f"`some {token.text} in ...` or `{token.text} := ...` before it"
            )


def _always_defined(token: _Token) -> str:
    return (
        f"line {token.line}: `not` before a set, a list or a constant is never true: write the "
        "expression itself negated, such as `not region in allowed` or `region != allowed`"
    )


def _is_constant(after: Sequence[_Token]) -> bool:
    if not after or after[0].text not in {"{", "["}:
        return bool(after) and after[0].kind in {"text", "number"} and not _compares(after[1:])
    end = _closing(after, 0)
    return not _compares(after[end + 1 :])


def _compares(after: Sequence[_Token]) -> bool:
    return bool(after) and after[0].text in {"==", "!=", "<", ">", "<=", ">=", "in", "[", "&", "|"}


def _called(rule: Sequence[_Token], at: int) -> str:
    """Return the dotted name of the function called at a token; empty if it is no call."""
    name, end = rule[at].text, at + 1
    while end + 1 < len(rule) and rule[end].text == "." and rule[end + 1].kind == "name":
        name += f".{rule[end + 1].text}"
        end += 2
    # A parenthesis after a keyword, such as `in (`, groups an expression.
    is_call = end < len(rule) and rule[end].text == "(" and rule[at].text not in _KEYWORDS
    return name if is_call and rule[end].line == rule[end - 1].line else ""


def _introduced(rule: Sequence[_Token]) -> Iterator[str]:
    """Yield the names that a rule introduces: parameters, `:=`, `some`, `every`."""
    if len(rule) > 1 and rule[1].text == "(":
        yield from _names(rule[2 : _closing(rule, 1)])
    for at, token in enumerate(rule):
        if token.text == ":=":
            yield from _names(_before(rule, at))
        elif token.text in {"some", "every"}:
            yield from _names(_until_in(rule, at + 1))


def _before(rule: Sequence[_Token], at: int) -> Sequence[_Token]:
    """Return the tokens of the pattern before a `:=`: one name, or a bracket with names."""
    start, depth = at - 1, 0
    while start > 0:
        depth += (rule[start].text in _OPENING.values()) - (rule[start].text in _OPENING)
        if depth == 0:
            break
        start -= 1
    return rule[start:at]


def _until_in(rule: Sequence[_Token], start: int) -> Sequence[_Token]:
    """Return the tokens after `some` up to `in`, or up to the end of its line or statement."""
    end = start
    while end < len(rule) and rule[end].text not in {"in", ";", "}"}:
        if end > start and rule[end].line > rule[end - 1].line:
            break
        end += 1
    return rule[start:end]


def _closing(rule: Sequence[_Token], at: int) -> int:
    depth = 0
    for end in range(at, len(rule)):
        depth += (rule[end].text in _OPENING) - (rule[end].text in _OPENING.values())
        if depth == 0:
            return end
    return len(rule) - 1


def _names(tokens: Sequence[_Token]) -> Iterator[str]:
    return (token.text for token in tokens if token.kind == "name" and token.text not in _KEYWORDS)
