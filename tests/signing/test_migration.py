"""A repository's files are brought to the present formats by one command, once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mobile_ai.cli.main import main
from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.contracts.manifest import read_manifest
from mobile_ai.contracts.roots import read_roots
from mobile_ai.contracts.roots_folder import load_roots

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = "models/digits/1.1.0/manifest.yaml"
LIST, STAGED = "policy-pack/stacks.yaml", "policy-pack/staged/stacks.yaml"


@pytest.fixture
def repository(place, monkeypatch):
    """Stacks, samples and usage of this repository, under a trust whose keys are at hand."""
    place.trust(environment="prod", thresholds={"security": 2})
    shutil.copy(ROOT / LIST, place.root / LIST)
    shutil.copytree(ROOT / "models", place.root / "models")
    shutil.copytree(ROOT / "usage", place.root / "usage")
    monkeypatch.chdir(place.root)
    return place


@pytest.fixture
def run(capsys):
    def command(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(item) for item in arguments])
        found = capsys.readouterr()
        return ended.value.code or 0, found.out, found.err

    return command


def unsigned(place, version):
    values = read_yaml((ROOT / SAMPLE).read_text(), name="sample") | {"evidence": []}
    path = place.root / f"models/digits/{version}/manifest.yaml"
    path.parent.mkdir()
    path.write_text(dump_yaml(values))
    return path


def outcomes(run, *more):
    code, out, _ = run("migrate", "--json", *more)
    return code, {item["path"]: item for item in json.loads(out)}


def test_every_file_is_named_with_what_becomes_of_it_and_the_second_run_changes_nothing(
    repository, run
):
    path = unsigned(repository, "1.2.0")
    before, files = read_manifest(path.read_text(), name="draft")[0], repository.files()

    code, planned = outcomes(run, "--check")
    assert (code, repository.files()) == (1, files)

    code, done = outcomes(run)
    assert (code, done) == (0, planned)
    name = path.relative_to(repository.root).as_posix()
    assert {key: item["outcome"] for key, item in done.items() if item["changed"]} == {
        name: "migrated",
        STAGED: "staged",
    }
    assert done[SAMPLE]["outcome"] == "signed"
    assert "stays valid" in done[SAMPLE]["why"]
    assert done["usage/dev/field-assistant.yaml"]["outcome"] == "signed"
    assert "counts until 20" in done["usage/dev/field-assistant.yaml"]["why"]
    after, values = read_manifest(path.read_text(), name="draft")
    assert (after, values["apiVersion"]) == (before, "mobile-ai/v2")
    changed = {key for key, data in repository.files().items() if files.get(key) != data}
    assert changed == {name, STAGED}

    files = repository.files()
    code, again = outcomes(run, "--check")
    assert (code, repository.files()) == (0, files)
    assert not any(item["changed"] for item in again.values())
    assert again[name]["outcome"] == "current"


def test_the_list_is_in_force_once_the_people_it_names_have_signed(repository, run):
    plain = (repository.root / LIST).read_text()
    code, out, _ = run("migrate")
    assert code == 0
    assert "needs 2 by security of prod: security@example.com" in out
    needed = outcomes(run)[1][STAGED]["needs"]
    assert {(item["environment"], item["role"], item["number"]) for item in needed} == {
        ("dev", "finops-approver", 1),
        ("dev", "security", 1),
        ("prod", "finops-approver", 1),
        ("prod", "security", 2),
    }
    keys = [("security", 1), ("finops-approver", 1), ("security", 1), ("security", 2)]
    for role, number in keys:
        assert (repository.root / LIST).read_text() == plain
        assert run("roots", "sign", "--key", repository.key(role, number))[0] == 0

    assert load_roots(repository.root / "policy-pack").stacks == read_roots(plain).stacks
    assert not (repository.root / STAGED).exists()
    files = repository.files()
    assert "unchanged" in run("roots", "sign", "--key", repository.key("security"))[1]
    assert outcomes(run, "--check")[1][LIST]["outcome"] == "current"
    assert repository.files() == files


def test_a_list_changed_after_it_was_staged_is_not_signed_and_is_staged_again(repository, run):
    run("migrate")
    path = repository.root / LIST
    path.write_text(path.read_text().replace("maximumUsd: 5000", "maximumUsd: 6000"))
    files = repository.files()

    code, _, err = run("roots", "sign", "--key", repository.key("security"))
    assert (code, "mobile-ai migrate" in err, repository.files()) == (2, True, files)

    assert outcomes(run)[1][STAGED]["changed"]
    assert run("roots", "sign", "--key", repository.key("security"))[0] == 0


def test_a_list_of_an_earlier_version_gets_its_classes_and_keeps_its_comments(repository, run):
    path = repository.root / LIST
    old = path.read_text().replace("    class: production\n", "")
    path.write_text(old)
    code, _, err = run("migrate")
    assert (code, "`class: development` or `class: production`" in err) == (2, True)
    assert path.read_text() == old

    code, found = outcomes(run, "--class", "prod=production")
    assert (code, found[LIST]["outcome"], found[STAGED]["outcome"]) == (0, "migrated", "staged")
    assert path.read_text().startswith(old[: old.index("stacks:")])
    assert read_roots(path.read_text()) == read_roots((ROOT / LIST).read_text())


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("models/digits/1.2.0/manifest.yaml", "apiVersion: mobile-ai/v9\n", "mobile-ai/v9"),
        ("usage/dev/other.yaml", "a: 1\n", "usage/dev/other.yaml"),
        ("Pulumi.dev.yaml", "config: {}\n", "Pulumi.dev.yaml"),
        ("policy-pack/trust/dev.yaml", "a: 1\n", "trust"),
    ],
)
def test_a_file_that_cannot_be_read_leaves_all_as_they_are(repository, run, name, text, word):
    unsigned(repository, "1.3.0")
    path = repository.root / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    files = repository.files()

    code, _, err = run("migrate")

    assert (code, word in err, "Next:" in err) == (2, True, True), err
    assert repository.files() == files


@pytest.mark.parametrize("option", ["dev", "dev=low", "=development", "none=development"])
def test_a_class_that_cannot_be_is_refused(repository, run, option):
    files = repository.files()
    code, _, err = run("migrate", "--class", option)
    assert (code, "Next:" in err, repository.files()) == (2, True, files)


def test_a_version_that_a_killed_build_left_is_no_version(repository, run):
    left = repository.root / "models/digits/.1.2.0.1-0123456789abcdef.new/manifest.yaml"
    left.parent.mkdir()
    left.write_text("torn")
    assert run("migrate")[0] == 0
