"""`mobile-ai roots`: version 1 of the list, which its roles sign."""

import json

import pytest
from typer.testing import CliRunner

from mobile_ai.cli.deploy.roots import app
from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.roots import migrate_roots
from mobile_ai.testing.plan import BOUNDS
from mobile_ai.testing.signing import Signers, make_trust_text

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


@pytest.mark.parametrize("command", ["show", "sign"])
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
    assert "Next: run in the repository's folder" in str(done.exception)
