"""Files and answers of others are parsed in one place, within bounds; each exception has a reason.

``mobile_ai.contracts.documents`` bounds size, depth and number of values, and refuses aliases, tags
and repeated keys. Consoles are made in one place too, where texts of others are made printable.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

from mobile_ai.contracts.documents import read_json, read_yaml, read_yaml_documents
from mobile_ai.contracts.errors import DocumentError

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("src", "components", "policy-pack", "model-build")
PARSERS = {
    ("yaml", "safe_load"),
    ("yaml", "safe_load_all"),
    ("yaml", "load"),
    ("yaml", "load_all"),
    ("yaml", "parse"),
    ("json", "load"),
    ("json", "loads"),
    ("orjson", "loads"),
    ("tomllib", "load"),
    ("tomllib", "loads"),
    ("csv", "reader"),
    ("csv", "DictReader"),
}
OWN = "a text that this program wrote a moment ago, or a file of its own installation"
CHECKED = "a text that was read through `documents`, verified or validated before"
CHILD = "the answer of a process that this program started, which runs its code"
CLOUD = "an answer of a cloud's API through its own client, which has parsed the message around it"
ISLAND = "runs where only the standard library is, on messages of AWS"
SANDBOX = "the sandbox imports no other room; the text is its own, its programs' or its user's"
REQUESTS = "requests: `edge.limits` bounds their size, orjson their depth"
# A file, or a folder with its slash: the reason.
EXCEPTIONS = {
    "components/mobile_ai/components/functions/": ISLAND,
    "model-build/mobile_ai/model_build/assemble.py": OWN,
    "model-build/mobile_ai/model_build/convert.py": OWN,
    "model-build/mobile_ai/model_build/datasets.py": "data sets are pinned by digest in the code",
    "model-build/mobile_ai/model_build/inspection/child.py": OWN,
    "model-build/mobile_ai/model_build/inspection/sandbox.py": CHILD,
    "model-build/mobile_ai/model_build/profile_.py": CHILD,
    "model-build/mobile_ai/model_build/verify.py": CHECKED,
    "policy-pack/mobile_ai/contracts/data_types.py": OWN,
    "policy-pack/mobile_ai/contracts/documents.py": "the one place",
    "policy-pack/mobile_ai/contracts/engine_values.py": "values of the engine",
    "policy-pack/mobile_ai/contracts/exported.py": "events of the engine",
    "policy-pack/mobile_ai/contracts/regions.py": OWN,
    "policy-pack/mobile_ai/contracts/resource.py": "values of the engine",
    "policy-pack/mobile_ai/contracts/statements.py": CHECKED,
    "policy-pack/mobile_ai/gobuild/": "answers of the Go tools, and its own record of a build",
    "policy-pack/mobile_ai/governance/opa/process.py": CHILD,
    "policy-pack/mobile_ai/governance/rego.py": OWN,
    "policy-pack/mobile_ai/governance/resource_list.py": "values of the engine",
    "policy-pack/mobile_ai/governance/rules/storage.py": "values of the engine",
    "src/mobile_ai/cli/deploy/audit_live.py": CLOUD,
    "src/mobile_ai/cli/deploy/bootstrap.py": OWN,
    "src/mobile_ai/cli/operations/monitor.py": "a table of its user's costs, row by row",
    "src/mobile_ai/delivery/client/": "bounded by signed metadata, or the device's own state",
    "src/mobile_ai/edge/image.py": OWN,
    "src/mobile_ai/edge/infer_request.py": REQUESTS,
    "src/mobile_ai/edge/rest.py": REQUESTS,
    "src/mobile_ai/gate/deploy/session.py": CHILD,
    "src/mobile_ai/gate/engine/preview.py": CHILD,
    "src/mobile_ai/gate/report/actuals.py": "rows of a bill; their JSON goes through `documents`",
    "src/mobile_ai/gate/policy_tests.py": CHILD,
    "src/mobile_ai/gate/state/": CHILD,
    "src/mobile_ai/operations/audit/live/": CLOUD,
    "src/mobile_ai/operations/bootstrap/": CLOUD,
    "src/mobile_ai/operations/evidence/": OWN,
    "src/mobile_ai/operations/prices/": CLOUD,
    "src/mobile_ai/operations/telemetry/": OWN,
    "src/mobile_ai/sandbox/": SANDBOX,
    "src/mobile_ai/signing/compose.py": "a value that the caller typed",
    "src/mobile_ai/stack/editor.py": CHECKED,
    "src/mobile_ai/stack/load.py": "values of the engine",
    "src/mobile_ai/stack/settings_types.py": OWN,
}
CONSOLES = {
    "src/mobile_ai/cli/console.py": "the one place",
    "src/mobile_ai/gate/engine/progress.py": "our own sentences",
    "src/mobile_ai/gate/render/terminal.py": "plain text, for the command's stream",
    "policy-pack/mobile_ai/gobuild/progress.py": "our own sentences",
}


@cache
def files():
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    return [(path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())) for path in paths]


def parses(tree):
    return any(
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in PARSERS
        for node in ast.walk(tree)
    )


def makes_console(tree):
    return any(
        isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Console"
        for node in ast.walk(tree)
    )


def reason(name):
    return next(
        (
            known
            for known in EXCEPTIONS
            if name == known or name.startswith(f"{known.rstrip('/')}/")
        ),
        None,
    )


def test_everything_is_parsed_in_one_place_or_has_a_reason():
    found = {name for name, tree in files() if parses(tree)}
    assert {name for name in found if reason(name) is None} == set()
    assert set(EXCEPTIONS) - {reason(name) for name in found} == set()  # each is still needed


def test_consoles_are_made_in_one_place():
    assert {name for name, tree in files() if makes_console(tree)} == set(CONSOLES)


@pytest.mark.parametrize(
    ("text", "parses_it"),
    [
        ("import json\njson.loads(a)", True),
        ("import yaml\nb = yaml.safe_load", True),
        ("a.loads(b)", False),
    ],
)
def test_a_parser_is_seen(text, parses_it):
    assert parses(ast.parse(text)) is parses_it


def laughs(levels=9, width=10):
    first = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]"
    more = (
        f"a{level}: &a{level} [{','.join([f'*a{level - 1}'] * width)}]"
        for level in range(1, levels)
    )
    return "\n".join([first, *more])


HEAVY = {
    "aliases": laughs(),
    "list": f"[{'1,' * 490_000}1]",
    "maps": f"[{'{a: 1},' * 120_000}]",
    "many keys": "\n".join(f"k{number}: 1" for number in range(90_000)),
    "depth": "[" * 100_000 + "]" * 100_000,
    "block depth": "\n".join(" " * depth + "a:" for depth in range(1_300)),
    "merge": "a: &a {b: 1}\nc: {<<: *a}",
    "size": "a" * 1_000_001,
}


@pytest.mark.parametrize("what", HEAVY)
def test_heavy_yaml_is_refused_with_its_line(what):
    with pytest.raises(DocumentError) as refused:
        read_yaml(HEAVY[what], name="x.yaml")
    assert refused.value.what.startswith("x.yaml")
    assert what == "size" or refused.value.what.count(":") == 2


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": 1, "a": 2}', "NaN", "1" * 5_000])
def test_odd_json_is_refused(text):
    with pytest.raises(DocumentError):
        read_json(text, name="x.json")


def test_many_small_documents_are_bounded_together():
    with pytest.raises(DocumentError, match="more than 100,000 values"):
        read_yaml_documents("---\na\n" * 150_000, name="x.yaml")
