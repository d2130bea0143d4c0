"""`mobile-ai release` and `mobile-ai device`, end to end on the sample stack over loopback."""

import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mobile_ai.cli import main as cli
from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.contracts.released import proven_manifests
from mobile_ai.delivery.repository import stack as delivery_stack
from mobile_ai.delivery.repository.folder import read_releases
from mobile_ai.delivery.repository.stack import read_deployments
from mobile_ai.governance import stack_policy
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.stack_policy import load_setting
from mobile_ai.stack.releases import load_release
from tests.delivery.world import Cdn

ROOT = Path(__file__).parents[2]
NAME = "field-assistant-digits"


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """Release the dev stack's sample models in a copy of the repository."""
    root = tmp_path_factory.mktemp("repository")
    for name in ("models", "policy-pack"):
        shutil.copytree(
            ROOT / name, root / name, ignore=shutil.ignore_patterns("mobile_ai", ".venv")
        )
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        shutil.copy(ROOT / name, root)
    shutil.copytree(ROOT / "usage", root / "usage")
    keys = root / "keys/signers.yaml"
    where = ("-s", "dev", "--root-dir", root, "--signers", keys)
    assert _run("release", "init", *where) == 0
    _trust_root(root)
    assert _run("release", "publish", *where) == 0
    _refresh(root)
    return root


def _trust_root(root):
    """Configure the pack with the first root of these releases, as its owner does."""
    first = sha256_bytes((root / "releases/dev/metadata/1.root.json").read_bytes())
    path = root / "policy-pack/stacks.yaml"
    path.write_text(re.sub("releaseRoot: [0-9a-f]{64}", f"releaseRoot: {first}", path.read_text()))


@pytest.fixture
def stack(released, tmp_path):
    """Return a copy that a test may change, and its CDN."""
    root = tmp_path / "repository"
    shutil.copytree(released, root)
    cdn = Cdn(root / "cdn")
    yield root, cdn
    cdn.close()


def _run(*arguments):
    with pytest.raises(SystemExit) as ended:
        cli.main([str(item) for item in arguments])
    return ended.value.code or 0


def _refresh(root):
    keys = root / "keys/signers.yaml"
    where = ("-s", "dev", "--root-dir", root, "--signers", keys)
    assert _run("release", "timestamp", *where, "--out", root / "cdn") == 0


def test_signatures_that_end_soon_end_the_command_with_one(released, capsys):
    where = ("release", "status", "-s", "dev", "--root-dir", released)
    assert _run(*where, "--ends-within", 30) == 0
    assert "Ending" not in capsys.readouterr().out

    assert _run(*where, "--ends-within", 91) == 1
    assert "Ending: snapshot. Next: mobile-ai release publish" in capsys.readouterr().out

    assert _run(*where, "--ends-within", 400, "--json") == 1
    ending = json.loads(capsys.readouterr().out)["ending"]
    assert {"root", "targets", "models", "snapshot"} <= set(ending)


def _device(root, cdn, *more):
    return _run(
        "device", "update", "--url", cdn.url, "--app", "field-assistant", "--model", "digits",
        "--root", root / "releases/dev/metadata/1.root.json", "--dir", root / "device",
        "--app-version", "4.2.0", "--json", *more,
    )  # fmt: skip


def test_a_release_reaches_a_device_and_is_rolled_back_by_a_patch(stack, capsys):
    root, cdn = stack
    capsys.readouterr()
    assert _device(root, cdn) == 0
    first = json.loads(capsys.readouterr().out)
    assert (first["word"], first["version"]) == ("installed", "1.1.0")
    where = ("-s", "dev", "--root-dir", root)
    assert _run("release", "rollback", NAME, *where) == 0
    assert _run("release", "publish", *where, "--signers", root / "keys/signers.yaml") == 0
    _refresh(root)
    capsys.readouterr()
    assert _device(root, cdn) == 0
    second = json.loads(capsys.readouterr().out)
    assert (second["word"], second["version"]) == ("installed", "1.0.0")
    assert second["downloaded"] < 0.2 * 119_592


def test_a_halt_switches_to_the_embedded_model(stack, capsys):
    root, cdn = stack
    _device(root, cdn)
    where = ("-s", "dev", "--root-dir", root)
    assert _run("release", "halt", NAME, *where) == 0
    assert _run("release", "publish", *where, "--signers", root / "keys/signers.yaml") == 0
    _refresh(root)
    capsys.readouterr()
    assert _device(root, cdn) == 0
    assert json.loads(capsys.readouterr().out)["word"] == "halted"
    _run("device", "why", "--app", "field-assistant", "--model", "digits", "--dir", root / "device")
    assert "halted" in capsys.readouterr().out


def _halts(root):
    return read_releases(root / "releases/dev").halts


def test_a_halt_is_kept_by_rollback_and_lifted_by_an_act_of_its_own(stack, capsys):
    root, _ = stack
    where = ("-s", "dev", "--root-dir", root)
    sign = ("release", "publish", *where, "--signers", root / "keys/signers.yaml")
    assert _run("release", "halt", NAME, *where) == 0
    assert _run("release", "rollback", NAME, *where) == 2
    assert "mobile-ai release publish first" in capsys.readouterr().err
    assert _run(*sign) == 0
    assert _run("release", "rollback", NAME, *where) == 0
    assert _run(*sign) == 0
    assert [item.version for item in _halts(root)] == ["1.1.0"]
    assert _run("release", "lift", NAME, *where) == 2
    assert "no halt of it" in capsys.readouterr().err

    assert _run("release", "lift", NAME, "--version", "1.1.0", *where) == 0
    assert "lifts.json" in capsys.readouterr().out
    assert [item.version for item in _halts(root)] == ["1.1.0"]
    assert _run(*sign) == 0
    said = capsys.readouterr().out
    assert "signed models" in said
    assert "signed halt" in said
    assert _halts(root) == ()


def _wide_ring(root):
    path = root / "Pulumi.dev.yaml"
    text = path.read_text()
    assert "percent: 10," in text
    path.write_text(text.replace("percent: 10,", "percent: 60,"))


@pytest.mark.parametrize("command", ["publish", "sign"])
def test_what_check_denies_is_not_signed(stack, capsys, command):
    root, _ = stack
    _wide_ring(root)
    before = {path: path.read_bytes() for path in (root / "releases").rglob("*") if path.is_file()}
    where = ("-s", "dev", "--root-dir", root, "--signers", root / "keys/signers.yaml")
    assert _run("release", command, *where) == 1
    said = capsys.readouterr().err
    assert "first-ring-small" in said
    assert "Nothing was signed" in said
    assert before == {p: p.read_bytes() for p in (root / "releases").rglob("*") if p.is_file()}


def test_a_halt_is_signed_whatever_else_is_denied(stack, capsys):
    root, _ = stack
    where = ("-s", "dev", "--root-dir", root)
    sign = ("release", "publish", *where, "--signers", root / "keys/signers.yaml")
    _run("release", "halt", NAME, *where)
    _wide_ring(root)
    assert _run(*sign) == 1
    assert "--only-halts" in capsys.readouterr().err
    assert _run(*sign, "--only-halts") == 0
    assert capsys.readouterr().out.startswith("signed halt 2\nsigned snapshot 2\n")
    assert [item.version for item in _halts(root)] == ["1.1.0"]


def test_a_halt_that_was_never_signed_is_taken_back_in_the_stack_file(stack, capsys):
    root, _ = stack
    where = ("-s", "dev", "--root-dir", root)
    _run("release", "halt", NAME, *where)
    assert _run("release", "lift", NAME, *where) == 0
    assert "it was never signed" in capsys.readouterr().out
    assert "halted: true" not in (root / "Pulumi.dev.yaml").read_text()
    assert not (root / "releases/dev/lifts.json").exists()


def test_what_stays_halted_is_said_when_a_stack_file_says_otherwise(stack, capsys):
    root, _ = stack
    where = ("-s", "dev", "--root-dir", root)
    sign = ("release", "publish", *where, "--signers", root / "keys/signers.yaml")
    _run("release", "halt", NAME, *where)
    _run(*sign)
    path = root / "Pulumi.dev.yaml"
    path.write_text(path.read_text().replace("halted: true", "halted: false"))
    capsys.readouterr()
    for command in (sign, ("release", "plan", *where)):
        assert _run(*command) == 0
        said = capsys.readouterr().err
        assert f"{NAME} stays halted" in said
        assert f"mobile-ai release lift {NAME}" in said


@pytest.mark.parametrize(
    "changes", [("--app", "../x"), ("--model", "x/y"), ("--ring", "../general")]
)
def test_a_device_with_names_that_are_paths_is_refused(stack, capsys, changes):
    root, cdn = stack
    assert _device(root, cdn, *changes) == 2
    assert "lower-case letters" in capsys.readouterr().err
    assert not (root / "device").exists()


def test_a_plan_of_what_is_released_is_empty(stack, capsys):
    root, _ = stack
    capsys.readouterr()
    assert _run("release", "plan", "-s", "dev", "--root-dir", root, "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_manifest_edited_by_hand_is_not_released(stack, capsys):
    root, _ = stack
    path = root / "models/digits/1.1.0/manifest.yaml"
    path.write_text(path.read_text().replace("minRamMb: 64", "minRamMb: 32"))
    assert _run("release", "plan", "-s", "dev", "--root-dir", root) == 2
    assert "sha256" in capsys.readouterr().err


def test_status_tells_who_signed_and_how_far_it_is(stack, capsys):
    root, _ = stack
    capsys.readouterr()
    assert _run("release", "status", "-s", "dev", "--root-dir", root, "--json") == 0
    value = json.loads(capsys.readouterr().out)
    assert {item["role"] for item in value["roles"]} >= {"root", "models", "halt", "snapshot"}
    assert value["deployments"][0]["name"] == NAME


def test_keys_are_readable_by_their_owner_only(released):
    for path in (released / "keys").glob("*.pem"):
        assert path.stat().st_mode & 0o077 == 0


def test_a_timestamp_with_another_key_puts_nothing_where_it_is_served(stack, capsys):
    root, _ = stack
    other = root / "keys/other.yaml"
    other.write_text("signers: {timestamp: ['file2:snapshot-1.pem']}\n")
    where = ("-s", "dev", "--root-dir", root, "--signers", other, "--out", root / "site")
    assert _run("release", "timestamp", *where) == 2
    assert "role timestamp" in capsys.readouterr().err
    assert not (root / "site").exists()


def test_a_second_beginning_makes_no_keys(stack, capsys):
    root, _ = stack
    keys = root / "others/signers.yaml"
    assert _run("release", "init", "-s", "dev", "--root-dir", root, "--signers", keys) == 2
    assert "mobile-ai release rotate" in capsys.readouterr().err
    assert not keys.parent.exists()


def test_a_second_first_root_is_refused(stack, capsys):
    root, _ = stack
    keys = root / "keys/signers.yaml"
    assert _run("release", "init", "-s", "dev", "--root-dir", root, "--signers", keys) == 2
    assert "rotate" in capsys.readouterr().err


def test_a_copy_of_the_stack_file_is_released_without_questions(released, tmp_path, capsys):
    copy = tmp_path / "stacks/Pulumi.dev.yaml"
    copy.parent.mkdir()
    copy.write_text((released / "Pulumi.dev.yaml").read_text().replace("4.2.0", "4.3.0"))
    where = ("-s", "dev", "--root-dir", released)
    capsys.readouterr()
    assert _run("release", "plan", *where, "--config-file", copy, "--json") == 0
    changed = {item["role"] for item in json.loads(capsys.readouterr().out)}
    assert changed == {"ring-canary", "ring-general"}


def test_two_people_sign_on_two_machines(stack, capsys):
    root, _ = stack
    where = ("-s", "dev", "--root-dir", root)
    assert _run("release", "rollback", NAME, *where) == 0
    mine = root / "keys/mine.yaml"
    text = (root / "keys/signers.yaml").read_text()
    mine.write_text(text.replace("file2:models-2.pem", "public:models-2.pub"))
    assert _run("release", "publish", *where, "--signers", mine) == 2
    assert "mobile-ai release sign" in capsys.readouterr().err
    assert _run("release", "sign", *where, "--signers", mine) == 0
    assert "models 2: 1 of 2 signatures" in capsys.readouterr().out
    assert _run("release", "publish", *where, "--signers", root / "keys/signers.yaml") == 0


def test_a_stack_that_never_released_says_how_to_begin(stack, capsys):
    root, _ = stack
    shutil.rmtree(root / "releases")
    assert _run("release", "plan", "-s", "dev", "--root-dir", root) == 2
    assert "mobile-ai release init --stack dev" in capsys.readouterr().err


def test_a_sealed_device_runs_the_self_test_of_what_it_got(stack, tmp_path, capsys):
    root, cdn = stack
    (tmp_path / "key").write_bytes(bytes(range(32)))
    capsys.readouterr()
    assert _device(root, cdn, "--key-file", tmp_path / "key") == 0
    assert json.loads(capsys.readouterr().out)["word"] == "installed"
    (tmp_path / "short").write_bytes(b"x")
    assert _device(root, cdn, "--key-file", tmp_path / "short") == 2
    assert "32 random bytes" in capsys.readouterr().err


def test_a_package_is_checked_before_its_release(released, capsys):
    model = released / "models/digits/1.0.0/artifacts/digits-int8.tflite"
    options = [
        "-s", "dev", "--root-dir", released, "--app", "field-assistant", "--model", "digits",
        "--root", released / "releases/dev/metadata/1.root.json", "--embedded", model,
    ]  # fmt: skip
    capsys.readouterr()
    assert _run("device", "verify-bundle", *options, "--app-version", "4.2.0") == 0
    assert "evidence verified" in capsys.readouterr().out
    assert _run("device", "verify-bundle", *options, "--app-version", "4.1.0", "--json") == 1
    bad = [item["check"] for item in json.loads(capsys.readouterr().out) if not item["good"]]
    assert bad == ["app version"]


def test_the_sample_release_is_what_its_stack_file_asks_for(capsys):
    assert _run("release", "plan", "-s", "dev", "--root-dir", ROOT, "--json") == 0
    assert json.loads(capsys.readouterr().out) == []
    (item,) = read_deployments(ROOT / "Pulumi.dev.yaml")
    root = load_setting(
        ROOT / "policy-pack", "dev", rules=catalogue(), now=datetime.now(UTC)
    ).release_root
    proven = proven_manifests(load_release(ROOT, "dev").metadata, root=root)
    assert proven == {item.pin.sha256, item.previous.sha256}
    assert not [path for path in (ROOT / "releases").rglob("*") if path.suffix == ".pem"]


@pytest.fixture
def expired(monkeypatch):
    """Let the trust of the pack be an expired one."""
    for module in (delivery_stack, stack_policy):
        load = module.load_trust
        monkeypatch.setattr(
            module, "load_trust", lambda *a, load=load, **k: replace(load(*a, **k), expired=True)
        )


def _signed(root):
    folder = root / "releases/dev/metadata"
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.usefixtures("expired")
def test_under_an_expired_trust_a_halt_is_signed_and_nothing_else(stack, capsys):
    root, _ = stack
    where = ("-s", "dev", "--root-dir", root)
    sign = ("--signers", root / "keys/signers.yaml")
    before = _signed(root)
    assert _run("release", "rollback", NAME, *where) == 0
    for verb in ("publish", "sign"):
        assert _run("release", verb, *where, *sign) == 1
        assert "mobile-ai trust renew" in capsys.readouterr().err
    assert _signed(root) == before
    assert _run("release", "halt", NAME, *where) == 0
    assert _run("release", "publish", *where, *sign, "--only-halts") == 0
    assert set(_signed(root)) - set(before) == {"2.halt.json", "2.snapshot.json"}
