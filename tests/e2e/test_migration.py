"""A copy of the repository migrates by one command; every verdict stays."""

import json
from typing import Any

import pytest

from tests.e2e.checkout import Checkout, GateRun, copy_of_repository, duplicate


@pytest.fixture
def checkout(tmp_path) -> Checkout:
    return copy_of_repository(tmp_path)


def verdicts(checkout):
    done = checkout.run("check", "--json")
    return done.returncode, done.stdout, done.stderr


def test_the_repository_migrates_by_one_command_and_keeps_its_verdicts(checkout):
    before = verdicts(checkout)
    assert before[0] == 0, before

    done = checkout.run("migrate", "--json")
    assert done.returncode == 0, done.stderr
    kept = {item["path"]: item["outcome"] for item in json.loads(done.stdout)}
    assert kept["models/digits/1.1.0/manifest.yaml"] == "signed"
    assert kept["policy-pack/staged/stacks.yaml"] == "staged"
    assert verdicts(checkout) == before
    assert checkout.status() == "?? policy-pack/staged/\n"

    checkout.commit()
    assert checkout.run("migrate", "--check").returncode == 0
    assert checkout.run("migrate").returncode == 0
    assert checkout.status() == ""


@pytest.mark.engine
@pytest.mark.accept
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_gate_gives_the_verdicts_of_before(
    gated: dict[str, GateRun], migrated: Checkout, stack
):
    before, after = gated[stack], migrated.gate(stack)

    assert (before.code, before.denied_by) == (0, set()), before.err
    assert after.code == before.code, after.err
    assert told(after) == told(before)


@pytest.fixture(scope="module")
def migrated(pristine: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The repository after `mobile-ai migrate`, committed."""
    checkout = duplicate(pristine, tmp_path_factory.mktemp("migrated") / "checkout")
    done = checkout.run("migrate", "--json")
    assert done.returncode == 0, done.stderr
    assert any(item["changed"] for item in json.loads(done.stdout))
    checkout.commit()
    return checkout


def told(run: GateRun) -> dict[str, Any]:
    """Return what a report says of rules and resources, without times and the commit."""
    report = run.report
    rules = {item["id"]: (item["outcomes"], item["level"]) for item in report["rules"]}
    found = [(item["rule"], item["level"], item["message"]) for item in report["violations"]]
    return {"rules": rules, "violations": sorted(found), "cost": report["cost"]}
