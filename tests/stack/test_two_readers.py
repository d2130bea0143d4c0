"""The engine reads every stack file that we read to the same values; the others we refuse.

The engine parses YAML with a Go library and hands values on; rules and checks see ours. Scalars of
a broad grammar and documents of odd form are put to both, all in a few runs of the engine.
"""

import json
import os
import random
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.contracts.documents import read_yaml
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.sandbox.engine import environment, locate_engine
from mobile_ai.stack.errors import StackFileError
from mobile_ai.stack.reader import StackFile

ROOT = Path(__file__).parents[2]
KEY = "mobile-ai:x"
_HEAD = f"config:\n  {KEY}"
_ALPHABET = "0123456789abcdefxXoOnNyYsStTrRuUlLiI_-+.:~ <=!*%@,'\"#?|>{}[]\\\t"
_KNOWN = """
    yes no on off y n Y N Yes ON true True TRUE false False ~ null Null NULL nul
    0 00 010 0o10 0O10 0b11 0x1f 0X1F 0x 1_000 _1 1_ +1 -1 +0 -0 0.0 -0.0 .5 5. +.5 1e3 1E3 1.5e3
    1.5e+3 1e-3 .inf .Inf -.INF +.inf .nan .NaN inf nan Infinity 190:20:30 1:30 0:0 60:60 12:30:45.5
    2026-11-23 2026-1-2 2026-11-23T22:38:21Z 22:38 9007199254740993 18446744073709551616
    123456789012345678901234567890 0.1 1.0 1.10 100000000000000000000.0 1e400 -1e400 1e16 12e03
    = << <<: !!binary !!str !x & * & a: b #x - ? : , [ ] { } | > % @ ` ' "
    'x' "x" '' "" "\\x41" "\\u0041" "\\0" "\\e" "\\N" "\\_" "\\L" '\\n' 'a''b'
    a#b a:b a,b "a: b" é ü 日本 \u00a0 \u2028 \x85 \x7f \ufeff
"""
# Whole files whose form, and not a scalar, is odd.
FILES = {
    "byte order mark": f"\ufeffconfig:\n  {KEY}: a\n",
    "carriage returns": f"config:\r\n  {KEY}: a\r\n",
    "old carriage returns": f"config:\r  {KEY}: a\r",
    "next line character": f"config:\x85  {KEY}: a\x85",
    "line separator": f"config:\n  {KEY}: 'a\u2028b'\n",
    "tabs before a value": f"config:\n  {KEY}:\ta\n",
    "tabs for indentation": f"config:\n\t{KEY}: a\n",
    "NUL": f"config:\n  {KEY}: a\x00b\n",
    "escape": f"config:\n  {KEY}: a\x1bb\n",
    "document end": f"config:\n  {KEY}: a\n...\n",
    "document start": f"---\nconfig:\n  {KEY}: a\n",
    "two documents": f"config:\n  {KEY}: a\n---\nconfig:\n  {KEY}: b\n",
    "directive": f"%YAML 1.1\n---\nconfig:\n  {KEY}: yes\n",
    "tag directive": f"%TAG ! tag:evil,2026:\n---\nconfig:\n  {KEY}: !x a\n",
    "merge key": f"config:\n  <<: {{{KEY}: a}}\n",
    "anchor alone": f"config:\n  {KEY}: &a a\n",
    "key twice": f"config:\n  {KEY}: a\n  {KEY}: b\n",
    "key twice, once in quotes": f'config:\n  {KEY}: a\n  "{KEY}": b\n',
    "key with ?": f"config:\n  ? {KEY}\n  : a\n",
    "key of a list": f"config:\n  {KEY}: {{[a]: b}}\n",
    "key of a number": f"config:\n  {KEY}: {{1: b}}\n",
    "key of a truth value": f"config:\n  {KEY}: {{yes: b}}\n",
    "key of nothing": f"config:\n  {KEY}: {{~: b}}\n",
    "key without a value": f"config:\n  {KEY}:\n",
    "flow over lines": f"config:\n  {KEY}: [a,\n    b]\n",
    "flow with a comma at the end": f"config:\n  {KEY}: [a, b, ]\n",
    "flow pairs": f"config:\n  {KEY}: [a: b]\n",
    "flow without spaces": f'config:\n  {KEY}: {{"a":1,b: 2}}\n',
    "folded": f"config:\n  {KEY}: >\n    a\n    b\n\n    c\n",
    "folded, kept": f"config:\n  {KEY}: >+\n    a\n\n",
    "literal": f"config:\n  {KEY}: |\n    a\n     b\n",
    "literal, stripped": f"config:\n  {KEY}: |-\n    a\n    b\n",
    "literal with an indent": f"config:\n  {KEY}: |2\n      a\n",
    "plain over lines": f"config:\n  {KEY}: a\n    b\n",
    "double quotes over lines": f'config:\n  {KEY}: "a\n    b\\\n    c"\n',
    "single quotes over lines": f"config:\n  {KEY}: 'a\n\n    b'\n",
    "comment in a value": f"config:\n  {KEY}: a # b\n",
    "no comment": f"config:\n  {KEY}: a#b\n",
    "list at the key's indent": f"config:\n  {KEY}:\n  - a\n  - b\n",
    "surrogates": f'config:\n  {KEY}: "\\ud83d\\ude00"\n',
    "a key of both names": f"config:\n  {KEY}: {{a: 1, A: 2}}\n",
}


def scalars() -> list[str]:
    """Return known pitfalls and generated plain scalars that we read as a list's only item."""
    made = random.Random(0)  # noqa: S311
    generated = ["".join(made.choices(_ALPHABET, k=made.randint(1, 7))) for _ in range(4_000)]
    numbers = [
        "".join(made.choices("0123456789_-+.:eExob", k=made.randint(1, 9))) for _ in range(2_000)
    ]
    return [item for item in dict.fromkeys([*_KNOWN.split(), *generated, *numbers]) if _ours(item)]


def _ours(scalar: str) -> bool:
    try:
        found = read_yaml(f"- {scalar}\n- end\n", name="x")
    except DocumentError:
        return False
    return isinstance(found, list) and found[1:] == ["end"]


class EngineReader:
    """The engine's reading of a stack file's configuration."""

    def __init__(self, root: Path) -> None:
        engine = locate_engine()
        self.root, self.pulumi = root, str(engine.pulumi)
        (root / "state").mkdir()
        (root / "Pulumi.yaml").write_text("name: mobile-ai\nruntime: python\n")
        self.env = environment(
            engine,
            home=root / "home",
            backend_url=f"file://{root / 'state'}",
            passphrase="test",
            ambient=os.environ,
            sandbox=True,
        )
        assert self.run("stack", "init", "dev").returncode == 0

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self.pulumi, *arguments, "--non-interactive"],
            cwd=self.root,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def read(self, text: str) -> dict[str, Any]:
        """Return the values by key; none if the file is refused."""
        path = self.root / "Pulumi.dev.yaml"
        path.write_bytes(text.encode())
        done = self.run("config", "--json", "--stack", "dev", "--config-file", str(path))
        values = json.loads(done.stdout) if done.returncode == 0 else {}
        return {key: item.get("objectValue", item.get("value")) for key, item in values.items()}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> EngineReader:
    return EngineReader(tmp_path_factory.mktemp("readers"))


def _as_engine(value: Any) -> Any:
    """Return a value as the engine keeps one that stands at a key itself: as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return json.dumps(value)
    return value if isinstance(value, str | list | dict) else str(value)


@pytest.mark.engine
@pytest.mark.xdist_group("policy-engine")
def test_every_scalar_that_we_read_is_the_same_to_the_engine(engine: EngineReader) -> None:
    found = scalars()
    assert len(found) > 1_000
    text = f"config:\n  {KEY}:\n" + "".join(f"    - {item}\n" for item in found)
    ours = StackFile.parse(text, name="Pulumi.dev.yaml").config[KEY]

    theirs = engine.read(text)[KEY]

    differ = [
        (scalar, mine, other)
        for scalar, mine, other in zip(found, ours, theirs, strict=True)
        if mine != other or isinstance(mine, str | bool) != isinstance(other, str | bool)
    ]
    assert differ == []


@pytest.mark.engine
@pytest.mark.xdist_group("policy-engine")
def test_an_escape_that_the_engine_does_not_know_stops_the_engine(engine: EngineReader) -> None:
    # go-yaml lacks the escape of JSON's solidus; nothing is deployed from a file that stops it.
    text = f'config:\n  {KEY}: "a\\/b"\n'

    assert StackFile.parse(text, name="Pulumi.dev.yaml").config[KEY] == "a/b"
    assert engine.read(text) == {}


@pytest.mark.engine
@pytest.mark.xdist_group("policy-engine")
def test_every_file_that_we_read_is_the_same_to_the_engine(engine: EngineReader) -> None:
    ours: dict[str, Any] = {}
    for name, text in FILES.items():
        with suppress(StackFileError):
            ours[name] = _as_engine(StackFile.parse(text, name="Pulumi.dev.yaml").config[KEY])
    apart = [name for name in ours if not FILES[name].startswith(_HEAD) or "\n.." in FILES[name]]
    together = [name for name in ours if name not in apart]
    bodies = [
        f"  {KEY}{number}{FILES[name].removeprefix(_HEAD)}" for number, name in enumerate(together)
    ]

    found = engine.read("config:\n" + "".join(bodies))
    theirs = {name: found.get(f"{KEY}{number}") for number, name in enumerate(together)}
    theirs |= {name: engine.read(FILES[name]).get(KEY) for name in apart}

    assert {name: (ours[name], theirs[name]) for name in ours if ours[name] != theirs[name]} == {}
    assert len(ours) > len(FILES) / 2


_BOMB = f"  {KEY}0: &a0 [{','.join('x' * 10)}]\n" + "".join(
    f"  {KEY}{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


EXPENSIVE = {
    "bomb": f"config:\n{_BOMB}",
    "lists": f"config:\n  {KEY}: {'[' * 100_000}\n",
    "mappings": f"config:\n  {KEY}: {'{a: ' * 100_000}\n",
    "dashes": f"config:\n  {KEY}: {'- ' * 100_000}a\n",
    "size": f"config:\n  {KEY}: {'x' * 5_000_000}\n",
    "digits": f"config:\n  {KEY}: {'9' * 900_000}\n",
    "lines": f"config:\n  {KEY}: 'a" + "\n" * 900_000 + "'\n",
    "keys": "config:\n" + "".join(f"  {KEY}{n}: 1\n" for n in range(1_000)) + f"  {KEY}7: 1\n",
    "questions": "? " * 100_000,
}
"""Files that would cost a reader much."""
_LIMITS = """
import resource

resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from mobile_ai.stack.errors import StackFileError
from mobile_ai.stack.reader import StackFile
from tests.stack.test_two_readers import EXPENSIVE

for name, text in EXPENSIVE.items():
    try:
        StackFile.parse(text, name=name).settings
    except StackFileError:
        print(name)
"""


def test_files_that_cost_much_are_refused_within_limits_of_time_and_memory() -> None:
    command = [sys.executable, "-c", _LIMITS]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == list(EXPENSIVE)
