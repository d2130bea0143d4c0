"""`mobile-ai roots`: version 1 of the list, which its roles sign."""

import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mobile_ai.cli.deploy.roots import app
from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.roots import migrate_roots, read_roots
from mobile_ai.testing.plan import BOUNDS
from mobile_ai.testing.signing import Signers, make_trust_text
from tests.governance.alone import STEPS

PACK = Path(__file__).parents[2] / "policy-pack"
SIGNERS = Signers.shared()


def run(pack, *arguments):
    command, *rest = arguments
    return CliRunner().invoke(app, [command, "--pack", str(pack), *rest])


@pytest.fixture
def pack(tmp_path):
    """The pack of a stack `staging`, whose keys are at hand."""
    folder = tmp_path / "pack"
    (folder / "trust").mkdir(parents=True)
    (folder / "trust/staging.yaml").write_text(make_trust_text(SIGNERS, environment="staging"))
    entry = {
        "environment": "staging",
        "class": "development",
        "trust": "trust/staging.yaml",
        "config": "config/staging.json",
        "bounds": BOUNDS.model_dump(by_alias=True, exclude_defaults=True),
    }
    (folder / "stacks.yaml").write_text(dump_yaml({"stacks": {"staging": entry}}))
    return folder


def key(tmp_path, role):
    path = tmp_path / f"{role}.pem"
    path.write_bytes(SIGNERS.by_role[role].private_bytes)
    return f"file2:{path}"


def migrate(pack):
    """Leave version 1 in place without signatures, as earlier versions of the command did."""
    path = pack / "stacks.yaml"
    path.write_text(migrate_roots(path.read_text()))


@pytest.fixture
def signed(pack, tmp_path):
    """The same pack with signed roots."""
    migrate(pack)
    for role in ("security", "finops-approver"):
        run(pack, "sign", "--key", key(tmp_path, role), "--role", role)
    return pack


@pytest.mark.parametrize("command", ["show", "propose", "sign"])
def test_every_command_has_help_with_an_example(command):
    done = CliRunner().invoke(app, [command, "--help"])
    assert done.exit_code == 0
    assert f"Example: mobile-ai roots {command}" in " ".join(done.output.split())


def test_roots_are_signed_by_their_roles(pack, tmp_path):
    migrate(pack)
    for role, left in (("security", 1), ("finops-approver", 0), ("security", 0)):
        done = run(pack, "sign", "--key", key(tmp_path, role), "--role", role, "--json")
        assert done.exit_code == 0, done.exception
        assert len(json.loads(done.output)["missing"]) == left
    shown = run(pack, "show").output
    assert "version 1" in shown
    assert "needs" not in shown


@pytest.mark.parametrize("role", ["builder", "operations"])
def test_a_key_of_another_role_writes_nothing(pack, tmp_path, role):
    migrate(pack)
    before = (pack / "stacks.yaml").read_text()

    done = run(pack, "sign", "--key", key(tmp_path, role))

    assert isinstance(done.exception, GovernanceError)
    assert "one of ['finops-approver of staging', 'security of staging']" in str(done.exception)
    assert (pack / "stacks.yaml").read_text() == before
    assert [item.name for item in sorted(pack.iterdir())] == ["stacks.yaml", "trust"]


def test_a_second_signature_by_the_same_key_changes_nothing(pack, tmp_path):
    migrate(pack)
    sign = ("sign", "--key", key(tmp_path, "security"), "--json")
    assert json.loads(run(pack, *sign).output)["written"]
    before = (pack / "stacks.yaml").read_text()
    assert not json.loads(run(pack, *sign).output)["written"]
    assert (pack / "stacks.yaml").read_text() == before


def test_the_plain_form_is_migrated_before_it_is_signed(pack, tmp_path):
    done = run(pack, "sign", "--key", key(tmp_path, "security"))
    assert "mobile-ai migrate" in str(done.exception)


def test_a_folder_without_a_pack_is_named(tmp_path):
    done = run(tmp_path, "show")

    assert isinstance(done.exception, GovernanceError)
    assert "or run in the repository's folder" in str(done.exception)


def proposed(pack, path, value, *more):
    return run(pack, "propose", "staging", path, value, *more)


@pytest.mark.parametrize(
    "change",
    [
        ("bounds.domains[+]", "example.org", "security"),
        ("bounds.notify[+]", "oncall@example.org", "security"),
        ("bounds.issuers[https://login.example.org/][+]", "devices", "security"),
        ("bounds.images[registry.example.org/edge]", "{}", "security"),
        ("bounds.images[registry.example.com/edge].signer", "image-builder", "security"),
        ("bounds.contexts[+]", "lab-2", "security"),
        ("bounds.buckets[+]", "models-of-2019", "security"),
        ("bounds.rollout", json.dumps(STEPS), "security"),
        ("bounds.account", "'222233334444'", "security"),
        ("class", "production", "security"),
        ("bounds.budgets[*].maximumUsd", "20000", "finops-approver"),
        ("bounds.nodePriceUsdPerHour", "0.02", "finops-approver"),
        ("bounds.nodeCpu", "96", "finops-approver"),
    ],
)
@pytest.mark.parametrize("form", ["plain", "signed"])
def test_a_change_is_written_and_says_who_answers(request, pack, form, change):
    path, value, owner = change
    if form == "signed":
        request.getfixturevalue("signed")
    before = read_roots((pack / "stacks.yaml").read_text())

    done = proposed(pack, path, value)
    text = (pack / "stacks.yaml").read_text()
    again = proposed(pack, path, value)

    assert (done.exit_code, again.exit_code) == (0, 0), (done.exception, again.exception)
    assert f"{path} of staging: {owner} answers for it" in done.output
    assert "unchanged" in again.output
    assert (pack / "stacks.yaml").read_text() == text
    after = read_roots(text)
    assert after.stacks != before.stacks
    assert after.version == (2 if form == "signed" else 0)
    if form == "signed":
        count = 2 if path == "class" else 1
        assert [line for line in done.output.splitlines() if line.startswith("needs")] == [
            f"needs {count} by {owner} of staging"
        ]
    else:
        assert "review by the owners of" in done.output


def test_a_version_that_waits_is_replaced_by_the_next_proposal(pack):
    migrate(pack)
    proposed(pack, "bounds.domains[+]", "example.org")
    proposed(pack, "bounds.domains[+]", "example.net")

    roots = read_roots((pack / "stacks.yaml").read_text())

    assert roots.version == 1
    assert roots.stack("staging").bounds.domains == ["example.com", "example.org", "example.net"]


@pytest.mark.parametrize("form", ["plain", "draft", "signed"])
def test_a_placeholder_writes_nothing(request, pack, form):
    if form == "signed":
        request.getfixturevalue("signed")
    if form == "draft":
        migrate(pack)
    before = (pack / "stacks.yaml").read_text()

    done = proposed(pack, "bounds.issuers[ISSUER][+]", "devices")

    assert isinstance(done.exception, GovernanceError), done.output
    assert (pack / "stacks.yaml").read_text() == before


def test_a_malformed_value_that_is_there_hinders_no_other_change(pack, tmp_path):
    path = pack / "stacks.yaml"
    path.write_text(re.sub(r"(domains:\s+- )\S+", r"\1DOMAIN", path.read_text()))

    done = proposed(pack, "bounds.nodeCpu", "96")
    assert done.exit_code == 0, done.exception

    migrate(pack)
    refused = run(pack, "sign", "--key", key(tmp_path, "security"))
    assert "staging.bounds.domains: got 'DOMAIN'" in str(refused.exception)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("bounds.surprise", "1", "surprise"),
        ("bounds.domains", "example.org", "domains"),
        ("bounds.nodeCpu", "[1", "value of bounds.nodeCpu"),
        ("bounds.nodeCpu.more", "1", "a key of a single value"),
        ("bounds.issuers[+]", "x", "name the key of a mapping"),
        ("bounds.[", "1", "no path of keys"),
        ("", "1", "no path of keys"),
        ("bounds.account", "222233334444", "account"),
    ],
)
@pytest.mark.parametrize("form", ["plain", "draft"])
def test_a_change_that_does_not_fit_writes_nothing(pack, form, path, value, told):
    if form == "draft":
        migrate(pack)
    before = (pack / "stacks.yaml").read_text()

    done = proposed(pack, path, value)

    assert isinstance(done.exception, GovernanceError), done.output
    assert told in str(done.exception)
    assert (pack / "stacks.yaml").read_text() == before


def test_the_comments_of_the_plain_form_stay(tmp_path):
    shutil.copytree(PACK / "trust", tmp_path / "trust")
    shutil.copy(PACK / "stacks.yaml", tmp_path)
    before = (tmp_path / "stacks.yaml").read_text()

    done = run(tmp_path, "propose", "dev", "bounds.domains[+]", "example.org")

    assert done.exit_code == 0, done.exception
    after = (tmp_path / "stacks.yaml").read_text()
    old, new = "domains: [example.com]", "domains: [example.com, example.org]"
    assert after == before.replace(old, new, 1)
