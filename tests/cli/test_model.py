"""`mobile-ai model`: output and exit codes."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mobile_ai.cli.errors import UserError
from mobile_ai.cli.models.model import app
from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.model_build.approve import QUESTIONS
from mobile_ai.model_build.ceremony import trust_text
from mobile_ai.model_build.signing import fresh_signer
from mobile_ai.stack.git import git
from tests.model_build.test_device_report import signed as device_report
from tests.model_build.versions import LIFETIME, Signed, assessment, signed_version
from tests.stack.sample import stack_text

pytestmark = pytest.mark.build
COMMANDS = (
    *("build", "verify", "compare", "approve", "scope"),
    *("register", "pull", "samples", "card"),
)


@pytest.fixture(scope="module")
def signed(tmp_path_factory) -> Signed:
    return signed_version(tmp_path_factory.mktemp("version"))


@pytest.fixture
def place(signed, tmp_path, monkeypatch) -> Path:
    """A working directory with one signed version and its trust file."""
    shutil.copytree(signed.version.folder.parents[1], tmp_path / "models")
    trust = tmp_path / "policy-pack" / "trust"
    trust.mkdir(parents=True)
    text = trust_text("dev", signed.keys, expires=datetime.now(UTC) + LIFETIME)
    (trust / "dev.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


MANIFEST = "models/digits/1.0.0/manifest.yaml"


def run(*arguments: str, **more):
    return CliRunner().invoke(app, arguments, **more)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command):
    done = run(command, "--help")
    assert done.exit_code == 0
    assert f"mobile-ai model {command}" in " ".join(done.output.split())


def test_the_group_has_help_with_an_example():
    assert "Example: mobile-ai model" in " ".join(run("--help").output.split())


@pytest.mark.usefixtures("place")
def test_a_whole_version_verifies():
    done = run("verify", MANIFEST)
    assert done.exit_code == 0
    assert "verified: models/digits/1.0.0/manifest.yaml" in done.output


def test_a_changed_byte_ends_with_code_1_and_names_the_file(place):
    path = place / "models/digits/1.0.0/artifacts/digits-int8.tflite"
    path.write_bytes(path.read_bytes() + b"!")
    done = run("verify", MANIFEST)
    assert done.exit_code == 1
    assert "artifacts/digits-int8.tflite" in done.output
    assert "NOT VERIFIED" in done.output


@pytest.mark.usefixtures("place")
def test_verify_speaks_json(signed):
    done = run("verify", MANIFEST, "--json", "--sha256", signed.version.sha256)
    assert json.loads(done.output)["ok"] is True
    done = run("verify", MANIFEST, "--json", "--sha256", "0" * 64)
    value = json.loads(done.output)
    assert (done.exit_code, value["ok"], value["findings"][0]["where"]) == (1, False, "pin")


@pytest.mark.parametrize("command", ["verify", "compare"])
@pytest.mark.usefixtures("place")
def test_a_missing_manifest_is_named_as_it_was_given(command):
    done = run(command, "models/nosuch/manifest.yaml")
    assert isinstance(done.exception, UserError)
    assert str(done.exception).startswith("models/nosuch/manifest.yaml: got no such file; ")


@pytest.mark.usefixtures("place")
def test_a_missing_trust_file_is_the_users_to_mend():
    done = run("verify", MANIFEST, "--environment", "prod")
    assert isinstance(done.exception, (UserError, GovernanceError))
    assert "prod.yaml" in str(done.exception)


@pytest.mark.usefixtures("place")
def test_compare_shows_every_variant_and_a_choice_per_device_class():
    done = run("compare", MANIFEST)
    assert done.exit_code == 0
    for word in ("int8", "fp32", "entry:", "mid-range:", "high-end:"):
        assert word in done.output


def test_compare_speaks_json_and_draws(place):
    done = run("compare", MANIFEST, "--json", "--plot", "front.png")
    assert len(json.loads(done.output)["recommendations"]) == 3
    assert (place / "front.png").stat().st_size > 1000


def test_compare_takes_the_figures_of_a_signed_device_report(place, signed):
    digest = signed.version.manifest.artifacts[1].digest if signed.version.manifest else ""
    path = device_report(place, digest, key=signed.keys["evaluator"][0])
    done = run("compare", MANIFEST, "--device-report", str(path), "--json")
    found = {item["name"]: item for item in json.loads(done.output)["candidates"]}
    assert found["digits 1.0.0 int8"]["latencyMs"] == 3.0
    assert found["digits 1.0.0 int8"]["machine"] == "Pixel 8, Android 15; LiteRT 2.3"
    text = path.read_text()
    path.write_text(text.replace("value: 3\n", "value: 1\n"))
    assert path.read_text() != text
    with pytest.raises(GovernanceError):
        run("compare", MANIFEST, "--device-report", str(path), catch_exceptions=False)


def test_a_card_is_written_for_a_version_that_verifies_and_for_no_other(place):
    assert run("card", MANIFEST).output.startswith("# digits 1.0.0")
    assert run("card", MANIFEST, "--html", "--output", "card.html").exit_code == 0
    assert (place / "card.html").read_text().startswith("<!doctype html>")
    (place / "models/digits/1.0.0/artifacts/digits-int8.tflite").write_bytes(b"other")
    refused = run("card", MANIFEST)
    assert refused.exit_code == 1
    assert "NOT VERIFIED" in refused.output


def key_file(place: Path, signer) -> str:
    (place / "key.pem").write_bytes(signer.private_bytes)
    return f"file2:{place}/key.pem"


def test_approving_from_a_file_gives_a_version_that_verifies(place, signed):
    answers = assessment().model_dump(mode="json", by_alias=True)
    (place / "answers.yaml").write_text(dump_yaml(answers))
    key = key_file(place, signed.keys["ethics-reviewer"][0])
    done = run("approve", MANIFEST, "--key", key, "--questionnaire", "answers.yaml", "--json")
    value = json.loads(done.stdout)
    assert value["sha256"] != signed.version.sha256
    assert run("verify", MANIFEST, "--sha256", value["sha256"]).exit_code == 0


def test_approving_by_answering_questions(place, signed):
    answers = [
        *(f"A real answer about {key}." for key in QUESTIONS),
        "field-assistant",
        "camera-image",
        "eu-west-1",
        "GDPR_Personal",
        "oversight@example.com",
        "approved",
    ]
    key = key_file(place, signed.keys["ethics-reviewer"][0])
    done = run("approve", MANIFEST, "--key", key, input="\n".join(answers) + "\n")
    assert done.exit_code == 0, done.exception
    assert run("verify", MANIFEST).exit_code == 0


@pytest.mark.usefixtures("place")
def test_approving_as_another_role_is_refused():
    done = run("approve", MANIFEST, "--key", "file2:none.pem", "--role", "builder")
    assert "no right to sign an assessment" in str(done.exception)


def files_below(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("whose", ["a stranger", "builder", "security", "finops-approver"])
def test_an_approval_by_another_key_leaves_the_valid_one_as_it_is(place, signed, whose):
    answers = assessment().model_dump(mode="json", by_alias=True)
    (place / "answers.yaml").write_text(dump_yaml(answers))
    key = key_file(place, fresh_signer() if whose == "a stranger" else signed.keys[whose][0])
    before = files_below(place / "models")
    done = run("approve", MANIFEST, "--key", key, "--questionnaire", "answers.yaml")
    assert isinstance(done.exception, (UserError, GovernanceError))
    assert "an active key of role ethics-reviewer" in str(done.exception)
    assert files_below(place / "models") == before
    assert run("verify", MANIFEST).exit_code == 0


EVERY_KEY = {
    "build": ("build", "nowhere.yaml", "--key", "{builder}", "--evaluator-key", "{evaluator}"),
    "approve": ("approve", MANIFEST, "--key", "{ethics}", "--questionnaire", "answers.yaml"),
}


def sign_call(place, signed, verb, *, strange=""):
    """A signing verb with the keys of its roles, one of them a stranger's."""
    answers = assessment().model_dump(mode="json", by_alias=True)
    (place / "answers.yaml").write_text(dump_yaml(answers))
    uris = {}
    for name in ("builder", "evaluator", "ethics"):
        role = "ethics-reviewer" if name == "ethics" else name
        signer = fresh_signer() if name == strange else signed.keys[role][0]
        (place / f"{name}.pem").write_bytes(signer.private_bytes)
        uris[name] = f"file2:{place}/{name}.pem"
    return [item.format(**uris) for item in EVERY_KEY[verb]]


@pytest.mark.parametrize(
    ("verb", "strange", "role"),
    [
        ("build", "builder", "builder"),
        ("build", "evaluator", "evaluator"),
        ("approve", "ethics", "ethics-reviewer"),
    ],
)
def test_a_key_that_the_trust_does_not_give_the_role_signs_nothing(
    place, signed, verb, strange, role
):
    call = sign_call(place, signed, verb, strange=strange)
    before = files_below(place)
    assert f"an active key of role {role}" in str(run(*call).exception)
    assert files_below(place) == before


@pytest.mark.parametrize("verb", EVERY_KEY)
def test_nothing_is_signed_under_an_expired_trust(place, signed, verb):
    text = trust_text("dev", signed.keys, expires=datetime.now(UTC))
    (place / "policy-pack/trust/dev.yaml").write_text(text)
    call = sign_call(place, signed, verb)
    before = files_below(place)
    assert "mobile-ai trust renew" in str(run(*call).exception)
    assert files_below(place) == before


@pytest.mark.parametrize("verb", EVERY_KEY)
def test_nothing_is_signed_without_a_trust(place, signed, verb):
    (place / "policy-pack/trust/dev.yaml").unlink()
    call = sign_call(place, signed, verb)
    before = files_below(place)
    assert "mobile-ai trust new" in str(run(*call).exception)
    assert files_below(place) == before


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("fault", [OSError(13, "Permission denied", "models"), KeyboardInterrupt()])
def test_an_approval_that_is_stopped_leaves_the_version_as_it_was(
    place, signed, fault, step, monkeypatch
):
    call = sign_call(place, signed, "approve")
    before = files_below(place)
    rename, seen = Path.rename, []

    def stopped(self, target):
        seen.append(target)
        if len(seen) == step:
            raise fault
        return rename(self, target)

    with monkeypatch.context() as broken:
        broken.setattr(Path, "rename", stopped)
        assert run(*call).exit_code != 0
    assert files_below(place) == before
    assert run(*call).exit_code == 0


def test_a_signer_is_told_which_files_are_not_committed(place, signed):
    call = sign_call(place, signed, "approve")
    assert "in no Git checkout" in run(*call).stderr
    for arguments in (
        ("init", "--quiet"),
        ("add", "--all"),
        ("-c", "user.name=x", "-c", "user.email=x@x.x", "commit", "--quiet", "--message", "x"),
    ):
        git(place, *arguments)
    assert run(*call).stderr == ""
    assert "models/digits/1.0.0/manifest.yaml" in run(*call).stderr


def test_pulling_what_is_no_model_ends_with_code_1(place):
    (place / "model.onnx").write_bytes(b"\x80\x04 pickle, not a model")
    done = run("pull", "model.onnx")
    assert done.exit_code == 1
    assert "pickle" in done.output
    assert not (place / "build").exists()


def test_register_follows_the_stack_files(place, signed):
    def pin(values):
        values["deployments"][0]["sha256"] = signed.version.sha256

    (place / "Pulumi.dev.yaml").write_text(stack_text(pin))
    done = run("register", MANIFEST, "--json")
    value = json.loads(done.stdout)
    assert (value["created"], value["aliases"]) == (True, ["dev"])


def build_with(place: Path, recipe: str, *signers):
    """Build with the two signers, the builder's first."""
    keys = []
    for number, signer in enumerate(signers):
        path = place / f"{number}.pem"
        path.write_bytes(signer.private_bytes)
        keys.append(f"file2:{path}")
    return run("build", recipe, "--key", keys[0], "--evaluator-key", keys[1])


@pytest.mark.parametrize("recipe", ["nowhere.yaml", "models"])
def test_a_recipe_that_cannot_be_read_is_the_users_to_mend(place, signed, recipe):
    done = build_with(place, recipe, signed.keys["builder"][0], signed.keys["evaluator"][0])
    assert isinstance(done.exception, (UserError, GovernanceError))
    assert "face-detector" in str(done.exception)  # the message names recipes that are there


def test_one_key_for_builder_and_evaluator_is_refused_before_anything_is_built(place):
    signer = fresh_signer()
    done = build_with(place, "nowhere.yaml", signer, signer)
    assert "two keys" in str(done.exception)


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("command", ["verify", "compare"])
def test_a_folder_stands_for_its_manifest(command):
    assert run(command, "models/digits/1.0.0").exit_code == 0


@pytest.mark.usefixtures("place")
def test_a_picture_of_unknown_form_is_the_users_to_mend():
    done = run("compare", MANIFEST, "--plot", "front.docx")
    assert isinstance(done.exception, (UserError, GovernanceError))
    assert ".png" in str(done.exception)


@pytest.mark.usefixtures("place")
def test_a_registry_that_cannot_be_is_the_users_to_mend():
    done = run("register", MANIFEST, "--tracking-uri", "gopher://registry")
    assert isinstance(done.exception, (UserError, GovernanceError))
    assert "gopher://registry" in str(done.exception)


def test_a_signature_that_is_no_text_is_found_not_raised(place):
    path = place / "models/digits/1.0.0/evidence/provenance.dsse.json"
    path.write_bytes(b"\xff\xfe{")
    done = run("verify", MANIFEST)
    assert done.exit_code == 1
    assert "provenance.dsse.json" in done.output


def scope_file(place: Path) -> None:
    scope = assessment().scope.model_copy(update={"apps": ("second-app",)})
    value = assessment(scope=scope).model_dump(mode="json", by_alias=True)
    (place / "answers.yaml").write_text(dump_yaml(value))


def add_scope(place: Path, signer, *more: str):
    key = key_file(place, signer)
    answers = ("--questionnaire", "answers.yaml")
    return run("scope", MANIFEST, "--name", "second-app", "--key", key, *answers, *more)


def test_a_second_use_is_signed_beside_the_version_whose_pin_stays(place, signed):
    scope_file(place)
    done = add_scope(place, signed.keys["ethics-reviewer"][0], "--json")
    value = json.loads(done.output)
    assert value["record"] == "models/digits/1.0.0/scope/second-app.yaml"
    assert (value["manifestSha256"], value["changed"]) == (signed.version.sha256, True)
    again = add_scope(place, signed.keys["ethics-reviewer"][0])
    assert again.output == "unchanged models/digits/1.0.0/scope/second-app.yaml\n"
    assert run("verify", MANIFEST, "--sha256", signed.version.sha256).exit_code == 0


def test_a_scope_by_another_role_is_refused_before_anything_is_written(place, signed):
    scope_file(place)
    done = add_scope(place, signed.keys["builder"][0])
    assert isinstance(done.exception, GovernanceError)
    assert not (place / "models/digits/1.0.0/scope").exists()
