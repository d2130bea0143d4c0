"""`mobile-ai record` and `mobile-ai key`: from a person's key to a record that counts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import typer

from mobile_ai.cli.errors import UserError
from mobile_ai.cli.main import main
from mobile_ai.cli.questions import ask
from mobile_ai.delivery.repository.folder import read_releases
from tests.delivery.world import World, deployment, weights
from tests.signing.conftest import Place
from tests.signing.examples import signer

ROOT = Path(__file__).parents[2]


@pytest.fixture
def place(tmp_path, monkeypatch):
    made = Place(tmp_path)
    shutil.copy(ROOT / "policy-pack/stacks.yaml", made.root / "policy-pack/stacks.yaml")
    monkeypatch.chdir(made.root)
    return made


def run(capsys, *arguments):
    code = 0
    try:
        main(list(arguments))
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 0
    found = capsys.readouterr()
    return code, found.out, found.err


def new(capsys, kind, *more, **values):
    sets = [item for key, value in values.items() for item in ("--set", f"{key}={value}")]
    return run(capsys, "record", "new", kind, *more, *sets)


def test_a_record_is_drafted_signed_verified_and_listed(place, capsys):
    code, out, _ = new(
        capsys, "freeze", "--for", "dev", "--role", "operations", "--days", "3", reason="why"
    )
    assert (code, "build/records/freeze.yaml" in out) == (0, True)
    before = place.files()
    key = place.key("security")
    code, _, err = run(capsys, "record", "sign", "build/records/freeze.yaml", "--key", key)
    assert (code, "an active key of role operations" in err) == (2, True)
    assert place.files() == before
    key = place.key("operations")
    code, out, _ = run(capsys, "record", "sign", "build/records/freeze.yaml", "--key", key)
    assert (code, "it counts as operations" in out) == (0, True)
    code, out, _ = run(capsys, "record", "list", "--json")
    [item] = json.loads(out)
    assert (item["type"], item["owners"], item["counts"]) == (
        "freeze",
        ["operations@example.com"],
        True,
    )
    assert item["state"] == "expires in 3 days"
    code, out, _ = run(capsys, "record", "verify", item["path"])
    assert (code, "expires in 3 days" in out) == (0, True)
    code, out, _ = run(capsys, "record", "verify", item["path"], "--environment", "prod")
    assert code == 0
    assert item["path"] in run(capsys, "record", "list")[1]


def test_a_record_that_does_not_count_exits_with_1_and_says_why(place, capsys):
    path = place.root / "x.yaml"
    path.write_text("a: 1\n")
    code, out, _ = run(capsys, "record", "verify", "x.yaml")
    assert (code, "refused" in out, "Next:" in out) == (1, True, True)


def test_without_values_a_draft_explains_its_fields_and_is_not_written_over(place, capsys):
    code, _, _ = run(capsys, "record", "new", "waiver")
    path = place.root / "build/records/waiver.yaml"
    text = path.read_text()
    assert code == 0
    assert "#   rule: Id of the waived rule." in text
    path.write_text("mine\n")
    code, _, err = run(capsys, "record", "new", "waiver")
    assert (code, "another file" in err, path.read_text()) == (2, True, "mine\n")
    path.write_text(text)
    key = place.key("security")
    code, _, err = run(capsys, "record", "sign", str(path), "--key", key)
    assert (code, "nothing was written" in err) == (2, True)


@pytest.mark.usefixtures("place")
def test_answers_on_a_terminal_make_a_draft(capsys, monkeypatch):
    asked = []
    answers = {"reason": "why", "deployment": ""}
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)

    def prompt(question):
        asked.append(question)
        return answers[question.partition(":")[0]]

    monkeypatch.setattr("typer.prompt", prompt)
    code, _, err = run(capsys, "record", "new", "freeze", "--role", "security")
    assert (code, err) == (0, "")
    assert [item.partition(":")[0] for item in asked] == ["reason"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["new", "trust"], "no type that is drafted"),
        (["new", "sandwich"], "no type that is drafted"),
        (["new", "freeze", "--set", "reason"], "no '='"),
        (["new", "freeze", "--set", "reason=x"], "--role, one of"),
        (["new", "freeze", "--role", "operations", "--set", "why=x"], "no field"),
        (
            ["new", "freeze", "--for", "no", "--role", "operations", "--set", "reason=x"],
            "stack 'no'",
        ),
        (["sign", "none.yaml", "--key", "file2:x"], "none.yaml"),
        (["verify", "none.yaml"], "none.yaml"),
        (["verify", "none.yaml", "--environment", "no"], "no.yaml"),
        (["new", "lift", "--for", "dev", "--set", f"lifted={'a' * 64}"], "got no releases"),
        (["new", "lift", "--set", "lifted=x"], "lift: lifted"),
    ],
)
def test_a_mistake_exits_with_2_and_writes_nothing(place, capsys, arguments, word):
    before = place.files()
    code, _, err = run(capsys, "record", *arguments)
    assert (code, word in err, "Next:" in err) == (2, True, True), err
    assert place.files() == before


def test_a_record_of_another_environment_is_not_signed(place, capsys):
    path = place.draft("freeze")
    key = place.key("operations")
    before = place.files()
    code, _, err = run(capsys, "record", "sign", str(path), "--key", key, "--environment", "prod")
    assert (code, "expected one of prod" in err) == (2, True)
    assert place.files() == before


def test_a_lift_is_requested_where_releases_keep_it(place, capsys):
    world = World(place.root / "world")
    world.publish(deployment(world.make("1.0.0", weights(1)), halted=True))
    folder = place.root / "releases" / "dev"
    shutil.copytree(world.releases, folder)
    [halt] = read_releases(folder).halts
    before = place.files()

    code, _, err = new(capsys, "lift", "--for", "dev", lifted="a" * 64)
    assert (code, f"expected one of ['{halt.id}']" in err, "Next:" in err) == (2, True, True)
    assert place.files() == before

    code, out, _ = new(capsys, "lift", "--for", "dev", lifted=halt.id)
    assert (code, "mobile-ai release sign" in out) == (0, True)
    assert json.loads((folder / "lifts.json").read_text())["lifted"] == [halt.id]
    assert new(capsys, "lift", "--for", "dev", lifted=halt.id)[0] == 0


def test_a_waiver_that_no_judge_takes_is_not_drafted(place, capsys):
    before = place.files()
    sets = {"rule": "no-such-rule", "urn": "urn:x", "ticket": "OPS-1", "reason": "why"}
    code, _, err = new(capsys, "waiver", "--for", "dev", "--role", "security", **sets)
    assert (code, "no rule 'no-such-rule'" in err, "Next:" in err) == (2, True, True)
    assert place.files() == before


def test_a_staged_record_says_that_it_does_not_count(place, capsys):
    place.trust(thresholds={"security": 2})
    path, key = place.draft("revocation"), place.key("security")
    code, out, _ = run(capsys, "record", "sign", str(path), "--key", key)
    assert (code, "1 of 2 signatures, so it does not count yet" in out) == (0, True)
    staged = "policy-pack/waivers/dev/staged/x.yaml"
    second = place.key("security", 2)
    code, out, _ = run(capsys, "record", "sign", staged, "--key", second, "--json")
    assert (code, json.loads(out)["complete"]) == (0, True)


@pytest.mark.usefixtures("place")
def test_a_schema_of_every_type_is_printed(capsys):
    code, out, _ = run(capsys, "schema", "record", "waiver")
    assert (code, json.loads(out)["title"]) == (0, "waiver")
    code, _, err = run(capsys, "schema", "record", "roots")
    assert (code, "no type with a schema" in err) == (2, True)


@pytest.mark.usefixtures("place")
def test_a_person_makes_a_key_that_nothing_writes_over(capsys, tmp_path):
    folder = tmp_path / "own"
    code, out, _ = run(capsys, "key", "new", "ada", "--folder", str(folder), "--json")
    made = json.loads(out)
    assert (code, made["key"]) == (0, f"file2:{folder}/ada.pem")
    assert made["public"].startswith("-----BEGIN PUBLIC KEY-----")
    before = (folder / "ada.pem").read_bytes()
    code, _, err = run(capsys, "key", "new", "ada", "--folder", str(folder))
    assert (code, "never written over" in err) == (2, True)
    assert (folder / "ada.pem").read_bytes() == before
    for name in ("../eve", "a/b", "", "."):
        assert run(capsys, "key", "new", name, "--folder", str(folder))[0] == 2
    assert sorted(path.name for path in folder.iterdir()) == ["ada.pem", "ada.pub"]
    assert signer("security").public_key.keyid != made["keyid"]


def test_a_question_without_an_answer_says_how_to_pass_it(monkeypatch):
    def prompt(_):
        raise typer.Abort from None

    monkeypatch.setattr("typer.prompt", prompt)
    with pytest.raises(UserError, match=r"got the end of the input.*pass it with --set"):
        ask("reason", instead="pass it with --set")


def test_an_interrupt_at_a_question_is_an_interrupt(monkeypatch):
    class Interrupted:
        def readline(self, *_):
            raise KeyboardInterrupt

    # Below the prompt, which makes an error of its own of an interrupt.
    monkeypatch.setattr("sys.stdin", Interrupted())
    with pytest.raises(KeyboardInterrupt):
        ask("reason", instead="pass it with --set")
