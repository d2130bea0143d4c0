"""The engine-free check: what it denies, what it leaves to the gate, which stacks it looks at."""

import datetime as dt
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mobile_ai.cli import main as cli
from mobile_ai.contracts.assessment_scope import Scope
from mobile_ai.contracts.canonical import sha256_text
from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.contracts.trust import load_trust
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project
from mobile_ai.gate.verdict.offline_check import check_stack, stacks_of
from mobile_ai.model_build.approve import load_assessment
from mobile_ai.model_build.scope import add_scope
from mobile_ai.model_build.trust_file import begin_trust, create_role_keys

ROOT = Path(__file__).parents[2]
NOW = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
MANIFEST = "models/digits/1.1.0/manifest.yaml"
DATA = ("models", "usage", "releases", "policy-pack")


@pytest.fixture
def checkout(tmp_path):
    for name in DATA:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name)
    for path in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(path, tmp_path)
    return tmp_path


def edit(path, change):
    value = read_yaml(path.read_text(), name=path.name)
    change(value)
    path.write_text(dump_yaml(value))


def values(document):
    return document["config"]


def deployment(document):
    return values(document)["mobile-ai:deployments"][0]


def check(checkout, stack="dev"):
    return check_stack(Project(root=checkout, stack=stack), now=NOW)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_shipped_stacks_pass(checkout, stack):
    found = check(checkout, stack)

    assert (found.problems, found.denied) == ((), ())
    assert len({item.rule for item in found.verdicts}) > 20


def test_a_manifest_edited_by_hand_with_its_pin_renewed_is_denied(checkout):
    edit(checkout / MANIFEST, lambda it: it["artifacts"][0]["quality"].update(value=0.999))
    pin = sha256_text((checkout / MANIFEST).read_text())
    edit(checkout / "Pulumi.dev.yaml", lambda it: deployment(it).update(sha256=pin))

    assert "model-evidence-verified" in {item.rule for item in check(checkout).denied}


def second_app(document):
    """Deploy the approved model for an application that its assessment does not name."""
    deployments = values(document)["mobile-ai:deployments"]
    deployments.append({**deployments[0], "app": "second-app"})


def scope_of(deployment):
    data = deployment["dataProcessing"]
    return Scope(
        apps=("second-app",),
        data_types=tuple(data["dataTypes"]),
        regions=("eu-central-1", "eu-west-1"),
        privacy_tiers=(data["privacyTier"],),
    )


def test_a_second_app_on_a_signed_model_needs_a_scope_record_and_keeps_its_digest(checkout):
    path = checkout / "policy-pack/trust/dev.yaml"
    trust = load_trust(path.read_text(), environment="dev", now=NOW)
    signers = create_role_keys(checkout / "keys")
    expires = NOW + dt.timedelta(days=365)
    path.write_text(begin_trust("dev", signers, expires=expires, kept=trust))
    edit(checkout / "Pulumi.dev.yaml", second_app)
    before = (checkout / MANIFEST).read_bytes()
    assert "ethical-assessment-approved" in {item.rule for item in check(checkout).denied}

    document = read_yaml((checkout / "Pulumi.dev.yaml").read_text(), name="dev")
    answers = load_assessment(ROOT / "model-build/samples/assessments/digits.yaml")
    add_scope(
        (checkout / MANIFEST).parent,
        answers.model_copy(update={"scope": scope_of(deployment(document))}),
        name="second-app",
        signer=signers["ethics-reviewer"],
        issued=NOW,
        expires=expires,
    )

    found = check(checkout)
    assert found.problems == ()
    rules = {item.rule for item in found.denied}
    assert not {"ethical-assessment-approved", "records-verified"} & rules
    assert (checkout / MANIFEST).read_bytes() == before


def test_data_outside_of_its_region_is_denied(checkout):
    def move(document):
        values(document)["mobile-ai:aws"]["allowedRegions"] = ["eu-central-1", "us-east-1"]
        deployment(document)["dataProcessing"]["privacyTier"] = "GDPR_Sensitive"
        deployment(document)["region"] = "us-east-1"

    edit(checkout / "Pulumi.dev.yaml", move)

    assert "data-residency" in {item.rule for item in check(checkout).denied}


def test_a_stack_file_that_cannot_be_used_is_told_like_the_program_tells_it(checkout):
    edit(checkout / "Pulumi.dev.yaml", lambda it: deployment(it).update(colour="red"))

    found = check(checkout)

    assert "colour" in found.problems[0]
    assert found.verdicts == ()


@pytest.mark.parametrize("text", ["config: [1]", "x: 1", "a: [", "config:\n  1: 2"])
def test_a_file_that_is_no_stack_file_cannot_be_used(checkout, text):
    (checkout / "Pulumi.dev.yaml").write_text(text)

    found = check(checkout)

    assert re.search(r"expected .* Next: ", found.problems[0])
    assert found.verdicts == ()


@pytest.mark.parametrize(
    ("files", "stacks"),
    [
        ([], ["dev", "prod"]),
        (["Pulumi.prod.yaml"], ["prod"]),
        (["README.md"], []),
        ([MANIFEST, "README.md"], ["dev", "prod"]),
        (["policy-pack/waivers/dev/w.yaml"], ["dev", "prod"]),
    ],
)
def test_changed_files_choose_the_stacks(checkout, files, stacks):
    assert stacks_of(checkout, [checkout / name for name in files]) == stacks


def test_a_file_from_elsewhere_is_an_error(checkout):
    with pytest.raises(GateError, match="outside of"):
        stacks_of(checkout, [Path("/etc/hosts")])


def test_the_command_exits_with_its_verdict(checkout, capsys, monkeypatch):
    monkeypatch.chdir(checkout)
    edit(checkout / "Pulumi.dev.yaml", lambda it: deployment(it).update(sha256="0" * 64))

    with pytest.raises(SystemExit) as ended:
        cli.main(["check", "--json"])

    found = json.loads(capsys.readouterr().out)
    assert ended.value.code == 2
    assert [bool(item["problems"]) for item in found] == [True, False]


def test_it_loads_no_engine_and_no_provider():
    """Slow imports must not come back: SDKs of providers and of training."""
    code = "import sys, mobile_ai.gate.verdict.offline_check; print('\\n'.join(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()

    assert not {"pulumi_aws", "pulumi_kubernetes", "tensorflow", "mlflow"} & set(loaded)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda file: values(file).update({"aws:endpoints": []}),
            " aws:endpoints: got a key of the configuration",
        ),
        (lambda file: file.update({"environment": ["shared"]}), " environment: got an unknown key"),
        (
            lambda file: file.update({"secretsprovider": "awskms://alias/x"}),
            " secretsprovider: got 'awskms",
        ),
        (lambda file: file.update({"encryptedkey": "AAAA"}), " encryptedkey: got 'AAAA'"),
        (
            lambda file: values(file).update({"mobile-ai:x\n::add-mask::PASS": 1}),
            re.escape(r" mobile-ai:x\n\x3a:add-mask::PASS: got a key"),
        ),
    ],
    ids=["namespace", "environment", "secretsprovider", "encryptedkey", "control-characters"],
)
def test_a_stack_file_has_no_keys_but_our_own(checkout, change, told):
    edit(checkout / "Pulumi.dev.yaml", change)

    (problem,) = check(checkout).problems

    assert re.search(told, problem)
    assert "\n" not in problem


def test_the_bounds_allow_one_value_of_a_secrets_provider(checkout):
    edit(checkout / "Pulumi.dev.yaml", lambda file: file.update({"secretsprovider": "awskms://k"}))
    edit(
        checkout / "policy-pack/stacks.yaml",
        lambda file: file["stacks"]["dev"]["bounds"].update(
            {"secrets": {"secretsprovider": "awskms://k"}}
        ),
    )

    assert check(checkout).problems == ()


@pytest.mark.parametrize(
    "line", ["  mobile-ai:a: &a [x]\n  mobile-ai:b: [*a, *a]\n", "  mobile-ai:a: 190:20:30\n"]
)
def test_yaml_that_another_reader_reads_otherwise_is_refused(checkout, line):
    with (checkout / "Pulumi.dev.yaml").open("a") as file:
        file.write(line)

    assert "plain YAML without aliases" in check(checkout).problems[0]
