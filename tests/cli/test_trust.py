"""The life of a trust by commands alone: people join, leave and lose keys; it expires."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mobile_ai.cli.models import trust as command
from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.trust import load_trust, read_chain
from tests.cli.trust_world import TrustWorld, files_below

ROOT = Path(__file__).resolve().parents[2]
VERBS = ("new", "add", "remove", "rotate", "renew", "sign", "show")


@pytest.fixture
def world(tmp_path, monkeypatch) -> TrustWorld:
    (tmp_path / "checkout").mkdir()
    made = TrustWorld(root=tmp_path / "checkout")
    monkeypatch.setattr(command, "_now", lambda: made.now)
    return made


@pytest.fixture
def three(world) -> TrustWorld:
    """A development team of three: each is root, one signature is enough."""
    world.new(
        {
            "ana": "root:ana builder:ana-b",
            "ben": "root:ben evaluator:ben-e",
            "cleo": "root:cleo ethics-reviewer:cleo-r",
        },
        "--class",
        "development",
        "--sign-with",
        world.private("ana"),
    )
    return world


@pytest.fixture
def ten(world) -> TrustWorld:
    """A production team of ten: three are root, three security, and each role has its owner."""
    world.environment = "prod"
    roles = {
        "ana": "root", "ben": "root", "cleo": "root", "dan": "security", "eva": "security",
        "fay": "security", "gus": "builder", "hal": "evaluator", "ivy": "ethics-reviewer",
        "jon": "finops-approver",
    }  # fmt: skip
    people = [
        {"person": world.person(name), "keys": {role: world.public(name)}}
        for name, role in roles.items()
    ]
    file = world.root.parent / "people.yaml"
    file.write_text(dump_yaml({"people": people}))
    said = world.does("new", "--environment", "prod", "--people", str(file))
    assert "role root needs 2 of 3 keys" in said
    assert "role security needs 2 of 3 keys" in said
    assert not world.path.exists()
    assert "wrote" in world.signs("ana", "ben")
    return world


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb):
    done = CliRunner().invoke(command.app, [verb, "--help"])
    assert done.exit_code == 0
    assert f"mobile-ai trust {verb}" in " ".join(done.output.split())


def test_the_life_of_three_people(three):
    sign = ("--sign-with", three.private("ben"))
    assert three.accepts("ana-b")
    three.does("add", three.person("dan"), "--role", "builder", "--key", three.public("dan"), *sign)
    assert three.accepts("dan")

    three.does("remove", "ana@example.com", *sign)
    assert not three.accepts("ana-b")
    assert three.accepts("ana-b", released=True)

    assert "role evaluator" in three.refuses("remove", "ben@example.com")
    three.does("add", three.person("eva"), "--role", "evaluator", "--key", three.public("eva"))
    three.does("remove", "ben@example.com")
    assert three.staged == ["dev.4.yaml"]
    three.signs("cleo")
    assert three.staged == []
    assert [item.version for item in read_chain(three.path.read_text(), environment="dev")] == [
        1, 2, 3, 4,
    ]  # fmt: skip

    cleo = ("--sign-with", three.private("cleo"))
    three.does("rotate", "dan@example.com", "--key", three.public("dan-2"), *cleo)  # lost
    assert (three.accepts("dan"), three.accepts("dan", released=True)) == (False, True)
    three.does("rotate", "dan@example.com", "--key", three.public("dan-3"), "--compromised", *cleo)
    assert not three.accepts("dan-2", released=True)
    assert not three.accepts("dan", released=True)
    assert three.accepts("dan-3")

    three.later(400)
    assert (three.accepts("dan-3"), three.accepts("dan-3", released=True)) == (False, True)
    assert "trust renew" in three.refuses(
        "add", three.person("fay"), "--role", "operations", "--key", three.public("fay")
    )
    three.does("renew", *cleo)
    assert three.accepts("dan-3")
    assert "ana@example.com" in three.does("show", "--history")


def test_the_life_of_ten_people(ten):
    first = ten.path.read_bytes()
    ten.does("add", ten.person("kim"), "--role", "root", "--key", ten.public("kim"))
    assert "role builder" in ten.refuses("remove", "ben@example.com", "gus@example.com")
    ten.does("add", ten.person("lea"), "--role", "builder", "--key", ten.public("lea"))
    said = ten.does("remove", "ben@example.com", "gus@example.com")
    assert "2 more of Ana Test <ana@example.com>, Ben Test <ben@example.com>, Cleo" in said
    assert ten.path.read_bytes() == first

    said = ten.signs("ana")
    assert "root of version 1: 1 more" in said
    report = json.loads(ten.does("show", "--json"))[0]
    assert [item["lacking"] for item in report["staged"]["signatures"]] == [1, 1]
    # The one who leaves may still sign for the version before, and does not count for the next.
    assert "root of version 2: 1 more" in ten.signs("ben")
    assert not ten.accepts("lea")
    ten.signs("kim")
    assert ten.staged == []
    assert (ten.accepts("lea"), ten.accepts("gus"), ten.accepts("gus", released=True)) == (
        True, False, True,
    )  # fmt: skip
    assert ten.path.read_bytes().startswith(first)

    ten.does("rotate", "lea@example.com", "--key", ten.public("lea-2"))  # lost
    ten.signs("cleo", "kim")
    ten.does("rotate", "kim@example.com", "--key", ten.public("kim-2"), "--compromised")
    assert "no active root key" in ten.refuses("sign", "--key", ten.private("ben"), "--yes")
    ten.signs("ana", "cleo")
    ten.later(400)
    ten.does("renew", "--days", "30")
    ten.signs("kim-2", "ana")
    assert (ten.trust.version, ten.trust.expired, ten.accepts("lea-2")) == (5, False, True)


def test_a_second_run_says_that_it_is_so(three):
    add = ("add", three.person("dan"), "--role", "builder", "--key", three.public("dan"))
    three.does(*add)
    staged = files_below(three.root)
    assert "already so" in three.does(*add)
    assert files_below(three.root) == staged
    three.signs("ana")
    done = files_below(three.root)
    assert "already so" in three.does(*add)
    assert "already so" in three.does("renew")
    assert files_below(three.root) == done


def test_a_signature_given_twice_counts_once(ten):
    ten.does("renew", "--days", "10")
    ten.signs("ana")
    before = files_below(ten.root)
    assert "already so" in ten.signs("ana")
    assert files_below(ten.root) == before


def test_a_person_is_asked_before_a_signature_and_may_say_no(ten):
    ten.does("renew", "--days", "10")
    before = files_below(ten.root)
    done = ten.run("sign", "--key", ten.private("ana"))  # no answer
    assert done.exit_code == 1
    assert "valid until" in done.output
    assert files_below(ten.root) == before


def test_a_changed_content_drops_the_signatures_of_the_one_before(ten):
    ten.does("renew", "--days", "10")
    ten.signs("ana")
    ten.does("renew", "--days", "20")
    report = json.loads(ten.does("show", "--json"))[0]
    assert [item["have"] for item in report["staged"]["signatures"]] == [[], []]


def test_nobody_signs_unseen_what_others_staged(ten):
    ten.does("add", ten.person("mal"), "--role", "root", "--key", ten.public("mal"))
    said = ten.refuses("renew", "--sign-with", ten.private("ana"))
    assert "trust sign" in said


def test_a_staged_version_edited_by_hand_loses_its_signatures(ten):
    ten.does("renew", "--days", "10")
    ten.signs("ana")
    path = ten.path.parent / "staged" / ten.staged[0]
    path.write_text(path.read_text().replace("threshold: 2", "threshold: 1", 1))
    ten.signs("ben")
    report = json.loads(ten.does("show", "--json"))[0]
    assert report["staged"]["signatures"][0]["have"] == ["Ben Test <ben@example.com>"]


def test_a_staged_version_is_no_trust(ten):
    ten.does("add", ten.person("kim"), "--role", "builder", "--key", ten.public("kim"))
    ten.signs("ana")
    text = (ten.path.parent / "staged" / ten.staged[0]).read_text()
    for whole in (text, f"{ten.path.read_text()}---\n{text}"):
        with pytest.raises(Exception, match=r"trust/prod\.yaml"):
            load_trust(whole, environment="prod", now=ten.now)
    assert not ten.accepts("kim")


def test_a_stale_staged_version_is_refused(three):
    three.does("add", three.person("dan"), "--role", "builder", "--key", three.public("dan"))
    stale = (three.path.parent / "staged/dev.2.yaml").read_bytes()
    (three.path.parent / "staged/dev.2.yaml").unlink()
    three.does("renew", "--days", "20", "--sign-with", three.private("ana"))
    (three.path.parent / "staged").mkdir(exist_ok=True)
    (three.path.parent / "staged/dev.2.yaml").write_bytes(stale)
    said = three.refuses("sign", "--key", three.private("ben"), "--yes")
    assert "the chain has 2" in said
    assert "make the change again" in said


def test_what_an_interrupt_left_staged_is_cleared(three):
    three.does("add", three.person("dan"), "--role", "builder", "--key", three.public("dan"))
    left = (three.path.parent / "staged/dev.2.yaml").read_bytes()
    three.signs("ana")
    (three.path.parent / "staged").mkdir(exist_ok=True)
    (three.path.parent / "staged/dev.2.yaml").write_bytes(left)
    assert "already so" in three.signs("ana")
    assert three.staged == []


CHANGES = {
    "add": lambda w: (w.person("zoe"), "--role", "builder", "--key", w.public("zoe")),
    "remove": lambda _: ("fay@example.com",),
    "rotate": lambda w: ("gus@example.com", "--key", w.public("gus-2")),
    "renew": lambda _: ("--days", "10"),
}


def _signing(world: TrustWorld, verb: str, key: str) -> tuple[str, ...]:
    """A verb that signs with a key."""
    if verb == "sign":
        world.does("renew", "--days", "10")
        return ("sign", "--key", key, "--yes")
    if verb == "new":
        world.environment = "staging"
        person = f"{world.person('ana')}=root:{world.public('ana')}"
        begin = ("--environment", "staging", "--class", "development", "--person", person)
        return ("new", *begin, "--sign-with", key)
    return (verb, *CHANGES[verb](world), "--sign-with", key)


@pytest.mark.parametrize("whose", ["a stranger", "another role"])
@pytest.mark.parametrize("verb", ["new", "sign", *CHANGES])
def test_a_key_that_is_no_root_key_signs_nothing(ten, verb, whose):
    call = _signing(ten, verb, ten.private("zed" if whose == "a stranger" else "dan"))
    assert "no active root key" in ten.refuses(*call)


@pytest.mark.parametrize("key", ["file2:nowhere.pem", "paper:key", "file2:{public}"])
@pytest.mark.parametrize("verb", ["new", "sign", *CHANGES])
def test_a_key_that_cannot_sign_is_refused(ten, verb, key):
    assert "Next:" in ten.refuses(*_signing(ten, verb, key.format(public=ten.public("ana"))))


@pytest.mark.parametrize("verb", ["add", "remove", "rotate"])
def test_an_expired_trust_is_renewed_first(ten, verb):
    ten.later(400)
    assert "trust renew" in ten.refuses(verb, *CHANGES[verb](ten))


def _no_permission(*_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied", "trust")


def _interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("where", ["os.fsync", "pathlib.Path.replace"])
@pytest.mark.parametrize("fault", [_no_permission, _interrupt])
@pytest.mark.parametrize("verb", ["new", "sign", *CHANGES])
def test_a_folder_that_cannot_be_written_or_an_interrupt_leaves_everything(
    ten, verb, fault, where, monkeypatch
):
    call = _signing(ten, verb, ten.private("ana"))
    with monkeypatch.context() as broken:
        broken.setattr(where, fault)
        ten.refuses(*call)
    ten.does(*call)  # nothing that was left is in the way


def test_a_staged_file_that_cannot_be_removed_is_told_with_what_was_written(three, monkeypatch):
    three.does("renew", "--days", "10")
    version = three.trust.version
    with monkeypatch.context() as broken:
        broken.setattr("pathlib.Path.unlink", _immutable)
        done = three.run("sign", "--key", three.private("ana"), "--yes")

    said = str(done.exception)
    assert three.trust.version == version + 1
    assert f"{three.path} has been written, and is complete" in said
    assert "unchanged" not in said
    assert "already so" in three.does("sign", "--key", three.private("ana"), "--yes")
    assert three.staged == []


def _immutable(path: Path, **_: object) -> None:
    if path.parent.name == "staged" and path.exists():
        raise PermissionError(1, "Operation not permitted", str(path))


@pytest.mark.parametrize("verb", ["sign", *CHANGES])
def test_a_trust_of_another_environment_is_refused(ten, verb):
    call = _signing(ten, verb, ten.private("ana"))
    (ten.path.parent / "staging.yaml").write_bytes(ten.path.read_bytes())
    for staged in ten.staged:
        path = ten.path.parent / "staged" / staged
        path.rename(path.with_name(staged.replace("prod", "staging")))
    ten.environment = "staging"
    assert "environment 'prod'" in ten.refuses(*call)


def test_a_staged_version_of_another_environment_is_refused(ten):
    ten.does("renew", "--days", "10")
    text = (ten.path.parent / "staged/prod.2.yaml").read_text()
    path = ten.path.parent / "staged/prod.2.yaml"
    path.write_text(text.replace("environment: prod", "environment: dev"))
    assert "dev@2" in ten.refuses("sign", "--key", ten.private("ana"), "--yes")


def test_a_trust_is_never_begun_over_a_file(three):
    person = f"{three.person('mal')}=root:{three.public('mal')}"
    said = three.refuses(
        "new", "--environment", "dev", "--class", "development", "--person", person
    )
    assert "a trust that was begun" in said


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_sample_s_trust_is_not_begun_over_either(world, environment):
    shutil.copytree(ROOT / "policy-pack/trust", world.root / "policy-pack/trust")
    person = f"{world.person('mal')}=root:{world.public('mal')}"
    options = ("--class", "development", "--person", person)
    assert "begun" in world.refuses("new", "--environment", environment, *options)
    # Its owners are plain mail addresses, and a next version can be staged for its root keys.
    world.environment = environment
    assert "builder@example.com" in world.does("show", "--history")
    world.does("add", world.person("ana"), "--role", "builder", "--key", world.public("ana"))
    assert world.staged == [f"{environment}.2.yaml"]


def test_the_keys_of_an_earlier_trust_can_be_kept(world):
    old = world.root / "old.yaml"
    shutil.copy(ROOT / "policy-pack/trust/dev.yaml", old)
    more = ("--class", "development", "--keep", str(old), "--sign-with", world.private("ana"))
    world.new({"ana": "root:ana builder:ana-b"}, *more)
    before = load_trust(old.read_text(), environment="dev", now=world.now)
    assert before.roles["builder"].keyids < world.trust.roles["builder"].keyids
    assert not before.roles["root"].keyids & world.trust.keys.keys()


@pytest.mark.parametrize(
    ("person", "word"),
    [
        ("Ana Lima", "another form"),
        ("Ana Lima <ana@example.com>", "another form"),
        ("Ana Lima <ana>=root:{key}", "a name and a mail"),
        ("Ana\x1b[2J <ana@example.com>=root:{key}", "a name and a mail"),
        ("Ana Lima <ana@example.com>=king:{key}", "no role of a trust"),
        ("Ana Lima <ana@example.com>=root:nowhere.pub", "nowhere.pub"),
        ("Ana Lima <ana@example.com>=root:{private}", "a private key"),
        ("Ana Lima <ana@example.com>=builder:{key}", "nobody with role root"),
        ("Ana Lima <ana@example.com>=root:{key},builder:{key}", "a key that"),
    ],
)
def test_a_person_who_cannot_be_taken_in_is_refused(world, person, word):
    private = world.private("ana").removeprefix("file2:")
    text = person.format(key=world.public("ana"), private=private)
    begin = ("new", "--environment", "dev", "--class", "development", "--person", text)
    assert word in world.refuses(*begin)


@pytest.mark.parametrize(
    "options",
    [("--threshold", "builder=0"), ("--threshold", "builder"), ("--threshold", "operations=1")],
)
def test_a_threshold_that_cannot_be_is_refused(three, options):
    assert "Next:" in three.refuses("renew", "--days", "10", *options)


def test_production_wants_two_of_root_and_says_how_else(world):
    person = f"{world.person('ana')}=root:{world.public('ana')}"
    said = world.refuses("new", "--environment", "prod", "--person", person)
    assert "--threshold root=1" in said


@pytest.mark.parametrize(
    ("verb", "arguments", "word"),
    [
        ("remove", ("nobody@example.com",), "0 people"),
        ("rotate", ("ana@example.com", "--key", "{ben}"), "a key that Ben"),
        ("rotate", ("ana@example.com", "--key", "{new}"), "--role"),
        ("add", ("Dan <dan@example.com>", "--role", "builder", "--key", "{ben}"), "a key that Ben"),
    ],
)
def test_a_change_that_cannot_be_made_is_refused(three, verb, arguments, word):
    known = {"ben": three.public("ben"), "new": three.public("new")}
    words = [item.format(**known) for item in arguments]
    more = ("--role", "root") if "{ben}" in arguments and verb == "rotate" else ()
    assert word in three.refuses(verb, *words, *more)


def test_a_key_that_was_taken_away_does_not_come_back(three):
    sign = ("--sign-with", three.private("ben"))
    three.does("add", three.person("dan"), "--role", "builder", "--key", three.public("dan"), *sign)
    three.does("remove", "dan@example.com", "--compromised", *sign)
    said = three.refuses(
        "add", three.person("dan"), "--role", "builder", "--key", three.public("dan"), *sign
    )
    assert "compromised" in said


def test_an_environment_has_a_plain_name_and_must_be_named_among_several(three):
    three.environment = "../dev"
    assert "plain" in three.refuses("show") or "another form" in three.refuses("show")
    three.environment = "staging"
    assert "mobile-ai trust new" in three.refuses("show")
    shutil.copy(ROOT / "policy-pack/trust/prod.yaml", three.path.with_name("prod.yaml"))
    done = CliRunner().invoke(command.app, ["renew", "--root-dir", str(three.root)])
    assert "one of dev, prod" in str(done.exception)
