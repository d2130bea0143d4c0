"""The engine-free check: what it denies, what it leaves to the gate, which stacks it looks at."""

import datetime as dt
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner

from mobile_ai.cli import main as cli
from mobile_ai.contracts.canonical import sha256_text
from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.contracts.predicates import TRUST, Scope
from mobile_ai.contracts.roots import migrate_roots
from mobile_ai.contracts.statements import dump_record, sign_statement, statement_of
from mobile_ai.contracts.trust import Role, Trust, TrustedKey, load_trust, trust_predicate
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project
from mobile_ai.gate.verdict.offline_check import check_stack, stacks_of
from mobile_ai.model_build.approve import load_assessment
from mobile_ai.model_build.scope import add_scope
from mobile_ai.stack.git import git

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


ENVIRONMENT = "mobile-ai:environment"
LIST = "policy-pack/stacks.yaml"


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


def with_keys(trust: Trust, *, reviewer: CryptoSigner, root: CryptoSigner) -> str:
    """Return a first version of a trust with another root and one ethics reviewer more."""
    keys = {
        signer.public_key.keyid: TrustedKey(key=signer.public_key, owner="a", state="active")
        for signer in (reviewer, root)
    }
    reviewers = trust.roles["ethics-reviewer"].keyids | {reviewer.public_key.keyid}
    own = {
        "root": Role(keyids=frozenset({root.public_key.keyid}), threshold=1),
        "ethics-reviewer": Role(keyids=reviewers, threshold=1),
    }
    changed = replace(trust, version=1, keys={**trust.keys, **keys}, roles={**trust.roles, **own})
    statement = statement_of(TRUST, trust_predicate(changed))
    return dump_record(sign_statement(statement, [root]))


def test_a_second_app_on_a_signed_model_needs_a_scope_record_and_keeps_its_digest(checkout):
    path = checkout / "policy-pack/trust/dev.yaml"
    trust = load_trust(path.read_text(), environment="dev", now=NOW)
    reviewer, root = (CryptoSigner.generate_ecdsa() for _ in range(2))
    path.write_text(with_keys(trust, reviewer=reviewer, root=root))
    edit(checkout / "Pulumi.dev.yaml", second_app)
    before = (checkout / MANIFEST).read_bytes()
    assert "ethical-assessment-approved" in {item.rule for item in check(checkout).denied}

    document = read_yaml((checkout / "Pulumi.dev.yaml").read_text(), name="dev")
    answers = load_assessment(ROOT / "model-build/samples/assessments/digits.yaml")
    add_scope(
        (checkout / MANIFEST).parent,
        answers.model_copy(update={"scope": scope_of(deployment(document))}),
        name="second-app",
        signer=reviewer,
        issued=NOW,
        expires=NOW + dt.timedelta(days=365),
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
        (["policy-pack"], ["dev", "prod"]),
        (["."], ["dev", "prod"]),
        (["Pulumi.prod.yaml", "README.md"], ["prod"]),
    ],
)
def test_changed_files_choose_the_stacks(checkout, files, stacks):
    for name in files:
        path = checkout / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch()
    assert stacks_of(checkout, [checkout / name for name in files]) == stacks


def test_a_folder_without_a_stack_is_an_error(tmp_path):
    with pytest.raises(GateError, match=r"got no stack file; expected at least one Pulumi"):
        stacks_of(tmp_path, [])


@pytest.mark.parametrize("name", ["w.yml", "w.YAML"])
def test_a_record_whose_suffix_is_nearly_ours_is_refused(checkout, name):
    folder = checkout / "policy-pack/waivers/dev"
    folder.mkdir(parents=True)
    (folder / name).write_text("x: 1\n")
    (problem,) = check(checkout).problems
    assert f"policy-pack/waivers/dev/{name}: got a file that is not read" in problem


@pytest.mark.parametrize("name", ["team/own.rego", "own.REGO"])
def test_a_rego_module_that_would_not_be_read_is_refused(checkout, name):
    path = checkout / "policy-pack/rego" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("package mobile.ai.governance\n")
    told = {str(item) for verdict in check(checkout).denied for item in verdict.findings}
    assert any(f"rego/{name}: got a module that is not read" in item for item in told)


def test_a_file_from_elsewhere_is_an_error(checkout):
    with pytest.raises(GateError, match="outside of"):
        stacks_of(checkout, [Path("/etc/hosts")])


@pytest.mark.parametrize("name", ["Pulumi.prdo.yaml", "models/none.yaml", "README"])
@pytest.mark.parametrize("committed", [True, False])
def test_a_file_that_never_was_there_is_an_error(checkout, name, committed):
    if committed:
        commit(checkout)
    with pytest.raises(GateError, match=rf"{name}: got no such file, here or in an earlier commit"):
        stacks_of(checkout, [checkout / name])


@pytest.mark.parametrize("committed", [True, False])
def test_a_deleted_stack_file_is_said(checkout, committed, capsys, monkeypatch):
    commit(checkout)
    (checkout / "Pulumi.dev.yaml").unlink()
    if committed:
        commit(checkout)
    monkeypatch.chdir(checkout)

    with pytest.raises(SystemExit) as ended:
        cli.main(["check", "Pulumi.dev.yaml", "Pulumi.prod.yaml"])

    shown = capsys.readouterr()
    assert ended.value.code == 0
    assert "dev: Pulumi.dev.yaml is deleted, and nothing was judged. Next: " in shown.err
    assert shown.out.startswith("prod: ")


def commit(checkout):
    git(checkout, "init", "--quiet")
    git(checkout, "add", "--all")
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    git(checkout, *who, "commit", "--quiet", "--message", "state")


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
            re.escape(r" mobile-ai:x\n\u003a:add-mask::PASS: got a key"),
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


def test_another_environment_than_the_entry_is_denied(checkout):
    edit(checkout / "Pulumi.dev.yaml", lambda it: values(it).update({ENVIRONMENT: "staging"}))

    (denied,) = check(checkout).denied

    assert denied.rule == "stack-configured"
    assert "'dev', as stacks.yaml says" in str(denied.messages)


def test_a_production_stack_needs_a_domain(checkout):
    edit(checkout / LIST, lambda it: it["stacks"]["dev"].update({"class": "production"}))

    (problem,) = check(checkout).problems

    assert "mobile-ai:delivery.domain: got nothing; expected a host name in production" in problem


def test_roots_that_are_to_be_signed_let_nothing_pass_until_they_are(checkout):
    text = (checkout / LIST).read_text()
    (checkout / LIST).write_text(migrate_roots(text))

    for stack in ("dev", "prod"):
        denied = check(checkout, stack).denied
        assert {item.rule for item in denied} == {"stack-configured"}
        assert "too few signatures by its keys" in denied[0].messages[0]
        assert "`mobile-ai roots sign`" in denied[0].messages[0]


@pytest.mark.parametrize(
    ("field", "value", "rule", "key"),
    [
        ("dataTypes", ["leaf-image"], "data-types-cover-inputs", "vocabulary"),
        ("region", "eu-centrl-1", "data-residency", "regions"),
    ],
)
def test_a_name_that_the_pack_does_not_know_is_denied_with_the_file_to_extend(
    checkout, field, value, rule, key
):
    def name(document):
        target = deployment(document)
        (target["dataProcessing"] if field == "dataTypes" else target)[field] = value

    edit(checkout / "Pulumi.dev.yaml", name)

    said = [item for item in check(checkout).denied if item.rule == rule]

    assert f"have `{key}` of policy-pack/config/dev.json extended" in str(said[0].messages)
