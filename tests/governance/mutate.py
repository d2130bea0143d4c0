"""Mutation testing of the rules: each change of a rule must change the outcome of a case.

    python -m tests.governance.mutate [family ...]

Prints the score and the surviving mutants. A mutant is killed when a case of one of its family's
rules has an unexpected outcome, or the module fails to load.
"""

import ast
import copy
import importlib
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mobile_ai.governance.rule import Rule
from tests.governance.rules.table import Case
from tests.governance.rules.test_cases import CASES
from tests.governance.rules.test_manifest_v2 import V2_CASES
from tests.governance.rules.test_scope import CASES as SCOPE_CASES

RULES_FOLDER = Path(__file__).parents[2] / "policy-pack" / "mobile_ai" / "governance" / "rules"
_CASES = [*CASES, *V2_CASES, *SCOPE_CASES]
FAMILIES = sorted(path.stem for path in RULES_FOLDER.glob("*.py") if path.stem != "__init__")
# Texts for readers: no verdict depends on them.
_PROSE = frozenset(
    {
        "id",
        "title",
        "group",
        "severity",
        "frameworks",
        "remediation",
        "doc",
        "waivable_by",
        "expected",
        "got",
        "next_step",
        "enforcement",
        "weaker",
        "max_waiver_days",
        "owner",
        "form",
    }
)
_MARKERS = frozenset({"a", "the deployed version (run `mobile-ai gate`)"})
_OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


@dataclass(frozen=True)
class Mutant:
    """One change in one module."""

    family: str
    line: int
    change: str
    tree: ast.Module


def mutants(family: str) -> Iterator[Mutant]:
    """Yield every mutant of a family's module."""
    source = (RULES_FOLDER / f"{family}.py").read_text()
    tree = ast.parse(source)
    spared = _spared(tree)
    places = [node for node in ast.walk(tree) if id(node) not in spared]
    for index, node in enumerate(ast.walk(tree)):
        if node not in places:
            continue
        for change, edit in _edits(node):
            changed = copy.deepcopy(tree)
            twin = list(ast.walk(changed))[index]
            edit(twin)
            yield Mutant(family, getattr(node, "lineno", 0), change, changed)


def _spared(tree: ast.Module) -> set[int]:
    """Return the nodes that are not mutated: texts, types, imports and docstrings."""
    return {id(item) for node in ast.walk(tree) for top in _prose(node) for item in ast.walk(top)}


def _prose(node: ast.AST) -> list[ast.AST]:
    match node:
        case (
            ast.Import()
            | ast.ImportFrom()
            | ast.JoinedStr()
            | ast.arguments()
            | ast.Expr(value=ast.Constant())
            | ast.Assign(targets=[ast.Name(id="__all__")])
        ):
            return [node]
        case ast.keyword(arg=str(name)) if name in _PROSE:
            return [node]
        case ast.Call(func=ast.Attribute(attr="require"), args=arguments):
            return list(arguments[1:])
        case (
            ast.Call(func=ast.Attribute(attr="deny" | "warn"))
            | ast.Call(func=ast.Name(id="_over" | "_either" | "_classes"))
        ):
            return [item for item in node.args if isinstance(item, ast.Constant)]
        case ast.FunctionDef(returns=ast.expr() as typed) | ast.AnnAssign(annotation=typed):
            return [typed]
    return []


def _edits(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _OPPOSITES:
        other = _OPPOSITES[type(node.ops[0])]
        yield f"{ast.unparse(node)} -> {other.__name__}", lambda twin: _set_op(twin, other)
    elif isinstance(node, ast.BoolOp):
        other_op = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield (
            f"{ast.unparse(node):.60} -> {other_op.__name__}",
            lambda twin: setattr(twin, "op", other_op()),
        )
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield f"{ast.unparse(node):.60} -> without not", _drop_not
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield f"drop {ast.unparse(node):.70}", _drop_call
    elif isinstance(node, ast.If):
        yield (
            f"if {ast.unparse(node.test):.60} -> True",
            lambda twin: setattr(twin, "test", ast.Constant(value=True)),
        )
        yield (
            f"if {ast.unparse(node.test):.60} -> False",
            lambda twin: setattr(twin, "test", ast.Constant(value=False)),
        )


def _constants(node: ast.Constant) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    value = node.value
    if isinstance(value, str) and value in _MARKERS:
        return
    if isinstance(value, bool):
        yield f"{value} -> {not value}", lambda twin: setattr(twin, "value", not value)
    elif isinstance(value, int | float):
        yield f"{value} -> {value + 1}", lambda twin: setattr(twin, "value", value + 1)
    elif isinstance(value, str) and value:
        yield f"{value!r} -> changed", lambda twin: setattr(twin, "value", f"{value}~")


def _set_op(twin: ast.AST, other: type[ast.cmpop]) -> None:
    assert isinstance(twin, ast.Compare)
    twin.ops[0] = other()


def _drop_not(twin: ast.AST) -> None:
    assert isinstance(twin, ast.UnaryOp)
    # `not x` becomes `not not x`.
    twin.operand = ast.UnaryOp(op=ast.Not(), operand=twin.operand)


def _drop_call(twin: ast.AST) -> None:
    assert isinstance(twin, ast.Expr)
    twin.value = ast.Constant(value=None)


def rules_of(mutant: Mutant) -> dict[str, Rule] | None:
    """Return the mutant's rules, or ``None`` if it fails to load."""
    module = types.ModuleType(f"mobile_ai.governance.rules.{mutant.family}_mutant")
    try:
        code = compile(ast.fix_missing_locations(mutant.tree), mutant.family, "exec")
        exec(code, vars(module))  # noqa: S102  # code of this repository
    except Exception:  # noqa: BLE001
        return None
    return {rule.id: rule for rule in module.RULES}


def survives(mutant: Mutant, cases: list[Case]) -> bool:
    """Return whether no case kills a mutant."""
    rules = rules_of(mutant)
    if rules is None:
        return False
    for case in cases:
        try:
            if case.rule not in rules or case.apply(rules[case.rule]) != case.outcome:
                return False
        except Exception:  # noqa: BLE001
            return False
    return True


def main(families: list[str]) -> int:
    """Print survivors and the score; return 1 below 90 percent."""
    total = killed = 0
    for family in families or FAMILIES:
        own = {
            rule.id
            for rule in importlib.import_module(f"mobile_ai.governance.rules.{family}").RULES
        }
        cases = [case for case in _CASES if case.rule in own]
        count = lived = 0
        for mutant in mutants(family):
            count += 1
            if survives(mutant, cases):
                lived += 1
                print(f"  survived: {family}.py:{mutant.line}: {mutant.change}")
        total, killed = total + count, killed + count - lived
        print(f"{family}: {count - lived} of {count} noticed ({len(cases)} cases)")
    print(f"mutation score {killed / total:.1%} ({killed} of {total})")
    return 0 if killed >= 0.9 * total else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
