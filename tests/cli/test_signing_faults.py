"""Every verb that signs, or writes signed files, put to every fault: refused, nothing written.

A verb has a row for each fault, or a reason why it cannot have one. Folders are locked by their
modes for a process without root's privileges; interrupts are signals to a real process.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
import typer

from mobile_ai.cli.main import application
from mobile_ai.contracts.documents import dump_yaml, read_yaml
from tests.cli.faults_world import Server, World

pytestmark = [
    pytest.mark.build,
    pytest.mark.skipif(sys.platform != "linux", reason="gives up privileges as Linux has them"),
    pytest.mark.xdist_group("signing-faults"),
]

NAME: Final = "field-assistant-digits"
MODEL: Final = "models/digits/1.1.0"
KEY_FAULTS: Final = ("wrong-role", "wrong-key", "expired", "foreign")
NO_SIGNATURE: Final = "signs nothing: what it writes is signed by another verb"
OWN_KEYS: Final = "makes new keys and reads no trust"
SUCCESSOR: Final = "an expired trust may sign its successor and a release root its own (R50)"
RELEASE_TRUST: Final = "reads the release's own roots, not the trust"

Prepare = Callable[[World, Callable[..., None]], None]


def _nothing(*_: object) -> None:
    """Prepare nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """A verb with the command that succeeds, and what differs under a fault.

    Attributes:
        argv: The command; ``key`` is the name of a key in the world.
        right: The key that may sign.
        wrong: A key of another role.
        prepare: Makes what the command needs.
        reasons: Reason by fault that cannot be.
    """

    argv: Callable[[World, str], list[str]]
    right: str = ""
    wrong: str = "operations"
    prepare: Prepare = _nothing
    reasons: Mapping[str, str] = field(default_factory=dict)


def _files_only(reason: str) -> dict[str, str]:
    return dict.fromkeys(KEY_FAULTS, reason)


def _release(verb: str, *more: str) -> Callable[[World, str], list[str]]:
    def argv(world: World, key: str) -> list[str]:
        where = ["release", verb, *more, "--stack", "dev"]
        if verb in {"halt", "lift", "promote", "rollback"}:
            return where
        listing = "release/signers.yaml"
        if key:
            role = {"timestamp": "timestamp", "rotate": "root"}.get(verb, "targets")
            world.signers(**{role: key})
            listing = "release/other.yaml"
        return [*where, "--signers", f"../keys/{listing}"]

    return argv


def _initialized(world: World, does: Callable[..., None]) -> None:
    does(*_release("init")(world, ""))
    world.pin_first_root()


def _released(world: World, does: Callable[..., None]) -> None:
    _initialized(world, does)
    does(*_release("publish")(world, ""))


def _halted(world: World, does: Callable[..., None]) -> None:
    _released(world, does)
    does("release", "halt", NAME, "--stack", "dev")
    does(*_release("publish")(world, ""))


def _in_first_ring(world: World, _: object) -> None:
    path = world.root / "Pulumi.dev.yaml"
    path.write_text(path.read_text().replace("stage: general", "stage: canary"))


def _two_roots(world: World, does: Callable[..., None]) -> None:
    """Let a change wait for a signature."""
    del does
    world.put_trust("two-roots")


def _staged_change(world: World, does: Callable[..., None]) -> None:
    _two_roots(world, does)
    does("trust", "renew", "--environment", "dev", "--days", "30")


def _one_stack(world: World, _: object) -> None:
    path = world.root / "policy-pack/stacks.yaml"
    stacks = read_yaml(path.read_text(), name="stacks")["stacks"]
    path.write_text(dump_yaml({"stacks": {"dev": stacks["dev"]}}))


def _staged_roots(world: World, does: Callable[..., None]) -> None:
    _one_stack(world, does)
    does("migrate")


def _trust(verb: str, *more: str) -> Callable[[World, str], list[str]]:
    def argv(world: World, key: str) -> list[str]:
        words = [item.replace("KEYS", str(world.keys)) for item in more]
        sign = "--key" if verb == "sign" else "--sign-with"
        return ["trust", verb, *words, "--environment", "dev", sign, world.key(key)]

    return argv


def _signs(*words: str, more: tuple[str, ...] = ()) -> Callable[[World, str], list[str]]:
    return lambda world, key: [*words, "--key", world.key(key), *more]


_ANSWERS: Final = ("--questionnaire", "../answers.yaml", "--environment", "dev")
_PERSON: Final = "Cleo Bax <cleo@example.com>"
TABLE: Final[Mapping[str, Verb]] = {
    "key new": Verb(
        argv=lambda world, _: ["key", "new", "dan", "--folder", str(world.keys)],
        reasons=_files_only(OWN_KEYS),
    ),
    "trust new": Verb(
        argv=lambda world, key: [
            *("trust", "new", "--environment", "lab", "--class", "development"),
            *("--person", f"{_PERSON}=root:{world.keys}/ana.pub", "--sign-with", world.key(key)),
        ],
        right="ana",
        reasons={
            "expired": "begins a trust: there is none yet",
            "foreign": "begins a trust: there is none yet",
        },
    ),
    "trust add": Verb(
        argv=_trust("add", _PERSON, "--role", "builder", "--key", "KEYS/ben.pub"), right="root"
    ),
    "trust remove": Verb(
        argv=_trust("remove", "ana@example.com"), right="root", prepare=_two_roots
    ),
    "trust rotate": Verb(
        argv=_trust("rotate", "builder@example.com", "--key", "KEYS/ben.pub"), right="root"
    ),
    "trust renew": Verb(
        argv=_trust("renew", "--days", "90"), right="root", reasons={"expired": SUCCESSOR}
    ),
    "trust sign": Verb(
        argv=_trust("sign", "--yes"),
        right="root",
        prepare=_staged_change,
        reasons={"expired": SUCCESSOR},
    ),
    "migrate": Verb(
        argv=lambda *_: ["migrate"], prepare=_one_stack, reasons=_files_only(NO_SIGNATURE)
    ),
    "roots sign": Verb(argv=_signs("roots", "sign"), right="security", prepare=_staged_roots),
    "record new": Verb(
        argv=lambda *_: [
            *("record", "new", "freeze", "--for", "dev", "--role", "operations"),
            *("--days", "3", "--set", "reason=why"),
        ],
        reasons=_files_only(NO_SIGNATURE),
    ),
    "record sign": Verb(
        argv=_signs("record", "sign", "../drafts/waiver.yaml"),
        right="ethics-reviewer",
    ),
    "model build": Verb(
        argv=lambda world, key: [
            *("model", "build", "recipe.yaml", "--environment", "dev"),
            *("--key", world.key(key), "--evaluator-key", world.key("evaluator")),
        ],
        right="builder",
    ),
    "model approve": Verb(
        argv=_signs("model", "approve", MODEL, more=_ANSWERS), right="ethics-reviewer"
    ),
    "model scope": Verb(
        argv=_signs("model", "scope", MODEL, "--name", "second-app", more=_ANSWERS),
        right="ethics-reviewer",
    ),
    "cost prices declare": Verb(
        argv=lambda *_: [
            *("cost", "prices", "declare", "sns.request", "--region", "eu-north-1"),
            *("--price", "0.0000004", "--source", "agreement", "--by", "finops@example.com"),
        ],
        reasons=_files_only("signs nothing: the pack's owners review the file"),
    ),
    "release init": Verb(argv=_release("init"), reasons=_files_only(OWN_KEYS)),
    "release publish": Verb(argv=_release("publish"), wrong="release/root-1", prepare=_initialized),
    "release sign": Verb(argv=_release("sign"), wrong="release/root-1", prepare=_initialized),
    "release rotate": Verb(
        argv=_release("rotate"),
        wrong="release/halt-1",
        prepare=_initialized,
        reasons={"expired": SUCCESSOR, "foreign": RELEASE_TRUST},
    ),
    "release timestamp": Verb(
        argv=_release("timestamp", "--out", "../out"),
        wrong="release/halt-1",
        prepare=_released,
        reasons={"expired": RELEASE_TRUST, "foreign": RELEASE_TRUST},
    ),
    "release promote": Verb(
        argv=_release("promote", NAME),
        prepare=_in_first_ring,
        reasons=_files_only(NO_SIGNATURE),
    ),
    "release halt": Verb(argv=_release("halt", NAME), reasons=_files_only(NO_SIGNATURE)),
    "release rollback": Verb(argv=_release("rollback", NAME), reasons=_files_only(NO_SIGNATURE)),
    "release lift": Verb(
        argv=_release("lift", NAME), prepare=_halted, reasons=_files_only(NO_SIGNATURE)
    ),
}
LONG: Final = frozenset(
    {"model build"} | {f"release {verb}" for verb in ("init", "publish", "sign", "lift")}
)
"""Verbs that take seconds of CPU under all interrupts."""
ELSEWHERE: Final = {
    "deployed rebuild": "as `deployed write`, from the state alone",
    "deployed write": "commits to a branch of its own: tests/cli/test_deployed.py",
    "evidence": "signs a bundle outside the repository: tests/operations/evidence",
    "gate": "runs the engine: tests/e2e/test_statement.py and tests/gate hold its statement",
    "up": "verifies the statement of `gate`; the engine writes the state",
    "model samples": "signs with keys that it makes and destroys; runs for minutes",
}
"""Verbs with an option for a key that have no row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """Names of the files that a verb writes and removes, and the number of its renames."""

    written: set[str]
    removed: set[str]
    renames: int


class Bench:
    """Prepared worlds by verb, and what a verb does when nothing is wrong; each made once."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.server, self._folder = server, folder
        self._number = 0
        self._origin = World.make(folder / "origin")
        self._prepared: dict[Prepare, World] = {_nothing: self._origin}
        self._good: dict[str, Good] = {}

    def world(self, verb: str) -> World:
        """Return a fresh copy of a verb's world."""
        prepare = TABLE[verb].prepare
        if prepare not in self._prepared:
            made = self._copy(self._origin)
            prepare(made, lambda *argv: self._does(made, argv))
            self._prepared[prepare] = made
        return self._copy(self._prepared[prepare])

    def good(self, verb: str) -> Good:
        """Return what a verb does when nothing is wrong."""
        if verb not in self._good:
            world = self.world(verb)
            argv = TABLE[verb].argv(world, TABLE[verb].right)
            before = world.files()
            done = self.server.run(world, argv)
            assert done.code == 0, done.said
            after = world.files()
            written = {name for name, data in after.items() if before.get(name) != data}
            assert written
            whole = {Path(item).relative_to(world.folder).as_posix() for item in done.renames}
            parts = [name for name in written if not _is_below(name, whole)]
            assert parts == [], "not written under another name first"
            removed = set(before) - set(after)
            self._good[verb] = Good(written=written, removed=removed, renames=len(done.renames))
        return self._good[verb]

    def _does(self, world: World, argv: tuple[str, ...]) -> None:
        done = self.server.run(world, list(argv))
        assert done.code == 0, done.said

    def _copy(self, world: World) -> World:
        self._number += 1
        return world.copy(self._folder / str(self._number))


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    server = Server()
    yield Bench(tmp_path_factory.mktemp("faults"), server)
    server.close()


def _is_below(name: str, places: set[str]) -> bool:
    return name in places or any(str(parent) in places for parent in Path(name).parents)


def _refused(bench: Bench, world: World, argv: list[str]) -> None:
    before = world.files()
    done = bench.server.run(world, argv)
    assert done.code in {1, 2}, done.said
    assert "Next:" in done.said
    assert world.files() == before


@pytest.mark.parametrize(
    ("verb", "fault"),
    [
        (verb, fault)
        for verb, row in TABLE.items()
        for fault in KEY_FAULTS
        if fault not in row.reasons
    ],
)
def test_a_key_or_a_trust_that_may_not_sign_is_refused(bench, verb, fault):
    row, world = TABLE[verb], bench.world(verb)
    key = {"wrong-role": row.wrong, "wrong-key": "stranger"}.get(fault, row.right)
    if fault in {"expired", "foreign"}:
        world.put_trust(fault)
    _refused(bench, world, row.argv(world, key))


@pytest.mark.parametrize("verb", TABLE)
def test_a_folder_that_cannot_be_written_is_refused(bench, verb):
    for name in bench.world(verb).folders_of(bench.good(verb).written):
        world = bench.world(verb)
        argv = TABLE[verb].argv(world, TABLE[verb].right)
        folder = world.folder / name
        folder.chmod(0o555)
        try:
            _refused(bench, world, argv)
        finally:
            folder.chmod(0o755)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=lambda item: item.name)
@pytest.mark.parametrize(
    "verb",
    [pytest.param(verb, marks=[pytest.mark.accept] * (verb in LONG)) for verb in TABLE],
)
def test_an_interrupt_writes_nothing_half_and_the_next_run_completes(bench, verb, how):
    good = bench.good(verb)
    numbers = {good.renames} if how == signal.SIGINT else {1, good.renames}
    for number in sorted(numbers):
        world = bench.world(verb)
        argv = TABLE[verb].argv(world, TABLE[verb].right)
        before = world.files()
        done = bench.server.run(world, argv, stop=[how, number])
        if how == signal.SIGINT:
            assert (done.code, world.drafts()) == (130, []), done.said
        else:
            assert done.code == -signal.SIGKILL
        if number == 1:
            left = {name for name in world.files() if not world.is_left(name)}
            assert left == set(before)
            assert {name: world.files()[name] for name in left} == before
        again = bench.server.run(world, argv)
        assert again.code == 0, again.said
        assert world.drafts() == []
        assert set(world.files()) == (set(before) | good.written) - good.removed


def test_every_verb_that_takes_a_key_has_a_row_or_a_reason():
    verbs = set(_verbs_with_keys())
    assert len(verbs) > 10
    assert verbs - set(TABLE) - set(ELSEWHERE) == set()


def _verbs_with_keys():
    keys = {"--key", "--signers", "--sign-with", "--evaluator-key", "--timestamp-key"}
    for name in typer.main.get_command(application([])).commands:
        command = typer.main.get_command(application([name])).commands[name]
        parts = getattr(command, "commands", {"": command})
        for verb, part in parts.items():
            if keys & {option for item in part.params for option in item.opts}:
                yield f"{name} {verb}".strip()
