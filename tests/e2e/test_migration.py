"""A copy of the repository migrates by one command; every verdict stays."""

import json

import pytest

from tests.e2e.checkout import Checkout, copy_of_repository


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
