"""A plan is judged a second time by the roots that a request proposes; nothing binds by it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from mobile_ai.cli.deploy.roots import app
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.roots import migrate_roots
from mobile_ai.gate.project import Project
from mobile_ai.gate.verdict.proposed_roots import told_of_proposed
from mobile_ai.testing import Signers, make_trust_text
from tests.gate.requests import NOW, Request
from tests.gate.whole_plan import plan_of

ISSUER = "https://id.example.org/"
LISTED = "policy-pack/stacks.yaml"
SIGNERS = Signers.shared()


@pytest.fixture(scope="module")
def request_of(tmp_path_factory: pytest.TempPathFactory) -> Request:
    made = Request(tmp_path_factory.mktemp("request"))
    made.set("identity", "issuer", to=ISSUER)
    return made


@pytest.fixture(scope="module")
def plan(request_of: Request) -> list[Resource]:
    return plan_of(request_of.root, "dev")


@pytest.fixture
def proposed(request_of: Request, tmp_path: Path) -> Path:
    """A pack's folder with the roots in force, to change."""
    (tmp_path / "trust").mkdir()
    for name in ("dev", "prod"):
        text = make_trust_text(SIGNERS, environment=name)
        (tmp_path / f"trust/{name}.yaml").write_text(text)
    (tmp_path / "stacks.yaml").write_bytes((request_of.root / LISTED).read_bytes())
    return tmp_path


def told(request_of: Request, plan: list[Resource], proposed: Path) -> tuple[str, ...]:
    project = Project(root=request_of.root, stack="dev")
    return told_of_proposed(proposed / "stacks.yaml", project, plan, now=NOW)


def change(folder: Path, path: str, value: str) -> None:
    done = CliRunner().invoke(app, ["propose", "dev", path, value, "--pack", str(folder)])
    assert done.exit_code == 0, done.exception


def test_the_same_roots_have_nothing_to_tell(
    request_of: Request, plan: list[Resource], proposed: Path
) -> None:
    assert told(request_of, plan, proposed) == ()


def test_what_would_pass_is_told_with_who_must_agree(
    request_of: Request, plan: list[Resource], proposed: Path
) -> None:
    change(proposed, f"bounds.issuers[{ISSUER}][+]", "mobile-ai-devices")

    assert told(request_of, plan, proposed) == (
        "the plan would pass",
        "no longer denied by identity-bounded",
        "they are not signed; the owners of policy-pack/stacks.yaml review them",
    )


def test_what_would_be_denied_is_told(
    request_of: Request, plan: list[Resource], proposed: Path
) -> None:
    change(proposed, "bounds.nodePriceUsdPerHour", "1")

    first, *_ = told(request_of, plan, proposed)

    assert first == "the plan would be denied by identity-bounded, node-prices-bounded"


def test_signatures_that_are_missing_are_told(
    request_of: Request, plan: list[Resource], proposed: Path
) -> None:
    listed = proposed / "stacks.yaml"
    listed.write_text(migrate_roots(listed.read_text()))

    *_, last = told(request_of, plan, proposed)

    assert "version 1: got too few signatures by its keys" in last


def test_roots_that_cannot_be_read_are_told(
    request_of: Request, plan: list[Resource], proposed: Path
) -> None:
    (proposed / "stacks.yaml").write_text("stacks: {dev: {}}\n")

    (only,) = told(request_of, plan, proposed)

    assert only.startswith("they cannot be used: stacks.yaml.stacks.dev")


def test_a_plan_that_was_not_made_is_told(request_of: Request, proposed: Path) -> None:
    change(proposed, "bounds.domains[+]", "example.org")

    assert "nothing was planned" in told(request_of, [], proposed)[0]
