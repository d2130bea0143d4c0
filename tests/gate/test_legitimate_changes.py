"""Changes that users need pass, or are denied with a step that makes them pass."""

import re
import shlex
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mobile_ai.cli.deploy.roots import app
from mobile_ai.contracts.predicates import USAGE, Scope
from mobile_ai.contracts.roots import migrate_roots, read_roots
from mobile_ai.model_build.approve import load_assessment
from mobile_ai.model_build.scope import add_scope
from mobile_ai.operations.images.wanted_records import wanted_records
from mobile_ai.testing import Signers, make_record
from tests.gate.legitimate_changes import AS_THEY_ARE, BY_A_STEP, new_app
from tests.gate.requests import NOW, ROOT, Request
from tests.image_records import image_record

SIGNERS = Signers.shared()
SIGNED = 3  # tests below whose step is a signature
_STEP = re.compile(r"`mobile-ai (roots propose [^`]+)`")


def follow(request: Request, text: str) -> None:
    """Run the commands that a message prints, as they are."""
    for command in dict.fromkeys(_STEP.findall(text)):
        run(request, *shlex.split(command)[1:])


def run(request: Request, *arguments: str) -> str:
    pack = ["--pack", str(request.root / "policy-pack")]
    done = CliRunner().invoke(app, [*arguments, *pack])
    assert done.exit_code == 0, done.exception
    return done.output


def key_of(folder: Path, role: str) -> str:
    path = folder / f"{role}.pem"
    path.write_bytes(SIGNERS.by_role[role].private_bytes)
    return f"file2:{path}"


@pytest.mark.parametrize("name", AS_THEY_ARE)
def test_a_legitimate_change_passes(tmp_path: Path, name: str) -> None:
    stack, edit = AS_THEY_ARE[name]
    request = Request(tmp_path, stack)
    edit(request)

    told = request.judge()
    assert told.passes, told


@pytest.mark.parametrize("name", BY_A_STEP)
def test_a_change_of_a_root_passes_after_the_printed_step(tmp_path: Path, name: str) -> None:
    stack, edit, rule = BY_A_STEP[name]
    request = Request(tmp_path, stack)
    edit(request)
    told = request.judge()
    assert set(told.denied) == {rule}

    follow(request, told.text)

    after = request.judge()
    assert after.passes, after
    assert read_roots((tmp_path / "policy-pack/stacks.yaml").read_text()).version == 0


def test_signed_roots_let_the_change_pass_once_their_owner_has_signed(tmp_path: Path) -> None:
    stack, edit, rule = BY_A_STEP["another issuer"]
    request = Request(tmp_path / "repository", stack)
    request.adopt(SIGNERS, "security", "finops-approver")
    request.document(lambda listed: listed["stacks"].pop("prod"), "policy-pack/stacks.yaml")
    listed = request.root / "policy-pack/stacks.yaml"
    listed.write_text(migrate_roots(listed.read_text()))
    for role in ("security", "finops-approver"):
        run(request, "sign", "--role", role, "--key", key_of(tmp_path, role))
    assert request.judge().passes
    edit(request)
    told = request.judge()
    assert set(told.denied) == {rule}

    follow(request, told.text)
    waiting = request.judge()
    said = run(request, "sign", "--key", key_of(tmp_path, "security"))

    assert "version 2: got too few signatures" in waiting.text
    assert "needs" not in said
    assert request.judge().passes


def test_a_new_image_passes_once_its_builder_has_signed(tmp_path: Path) -> None:
    request = Request(tmp_path)
    request.adopt(SIGNERS, "image-builder")
    repository = request.get("images", "mlflow").partition("@")[0]
    run(request, "propose", "dev", f"bounds.images[{repository}].signer", "image-builder")
    assert request.judge().passes  # images that run stay
    AS_THEY_ARE["newer images"][1](request)
    assert set(request.judge().denied) == {"images-vouched-for"}
    (wanted,) = wanted_records(tmp_path, "dev", now=NOW)
    assert "mobile-ai record new image --for dev" in str(wanted)

    folder = tmp_path / "images/dev"
    folder.mkdir(parents=True)
    (folder / "mlflow.yaml").write_text(image_record(request.get("images", "mlflow"), SIGNERS))

    assert wanted_records(tmp_path, "dev", now=NOW) == []
    assert request.judge().passes


def test_a_new_app_passes_once_its_use_and_its_usage_are_signed(tmp_path: Path) -> None:
    request = Request(tmp_path)
    request.adopt(SIGNERS, "ethics-reviewer", "finops-approver")
    new_app(request)
    told = request.judge()
    assert set(told.denied) == {"ethical-assessment-approved", "usage-plausible"}
    assert "`mobile-ai model scope`" in told.text
    assert "mobile-ai record new usage" in told.text

    answers = load_assessment(ROOT / "model-build/samples/assessments/digits.yaml")
    scope = Scope(
        apps=("shop-scanner",),
        data_types=("document-image",),
        regions=("eu-central-1",),
        privacy_tiers=("Internal",),
    )
    add_scope(
        tmp_path / "models/digits/1.1.0",
        answers.model_copy(update={"scope": scope}),
        name="shop-scanner",
        signer=SIGNERS.by_role["ethics-reviewer"],
        issued=NOW,
        expires=NOW + timedelta(days=365),
    )
    (tmp_path / "usage/dev/shop-scanner.yaml").write_text(assumed_usage("shop-scanner"))

    after = request.judge()
    assert after.passes, after


def assumed_usage(app_name: str) -> str:
    predicate = {
        "app": app_name,
        "stack": "dev",
        "basis": "assumption",
        "reason": "A pilot of one shop.",
        "issued": "2026-11-30T00:00:00Z",
        "expires": "2027-11-30T00:00:00Z",
        "monthlyActiveDevices": 1_000,
        "updatesPerMonth": 1,
        "requestsPerSecond": 0,
    }
    return make_record(USAGE, predicate, signer=SIGNERS.by_role["finops-approver"])


def test_the_counts_are_as_promised(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(
            f"\nlegitimate changes of bounds: {len(AS_THEY_ARE)} pass as they are, "
            f"{len(BY_A_STEP) + SIGNED} after the printed step"
        )
    assert len(AS_THEY_ARE) >= 15
