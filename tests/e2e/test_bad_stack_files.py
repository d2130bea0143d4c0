"""A stack file that cannot be used: its own clear error for each mistake, never a traceback.

The mistakes are put to the loader itself, which is all that the program does with them; two go
the whole way through the engine to show that what the loader says is what a person sees.
"""

import json
import re

import pytest

from mobile_ai.stack.errors import SettingsError
from mobile_ai.stack.load import load_stack
from tests.components.support import stack_values, write_repository
from tests.e2e.checkout import Checkout


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    return write_repository(tmp_path_factory.mktemp("repository"))


def first(values):
    return values["deployments"][0]


def wrong_type(values):
    first(values)["usage"]["monthlyActiveDevices"] = "many"


def unknown_key(values):
    first(values)["colour"] = "blue"


def missing_file(values):
    first(values)["manifest"] = "models/digits/9.9.9/manifest.yaml"


def wrong_digest(values):
    first(values)["sha256"] = "f" * 64


def unknown_region(values):
    first(values)["region"] = "mars-1"


def unknown_budget(values):
    first(values)["budget"] = "nobody"


def duplicate_deployment(values):
    values["deployments"].append(first(values))


def percent_over_100(values):
    first(values)["rollout"]["rings"][-1]["percent"] = 150


def path_outside_models(values):
    first(values)["manifest"] = "models/../policy-pack/stacks.yaml"


def unknown_variant(values):
    first(values)["placement"][0]["variant"] = "int3"


def unknown_site(values):
    for place in first(values)["placement"]:
        if place["target"] == "edge":
            place["site"] = "atlantis"


def missing_owner(values):
    del values["owner"]


def no_deployments(values):
    values["deployments"] = []


CASES = {
    wrong_type: r"deployments\[0\]\.usage\.monthlyActiveDevices: got 'many'",
    unknown_key: r"deployments\[0\]\.colour: got an unknown key",
    missing_file: r"models/digits/9\.9\.9/manifest\.yaml",
    wrong_digest: r"deployments\[0\]\.sha256: got f{64}; expected [0-9a-f]{64}",
    unknown_region: r"mars-1",
    unknown_budget: r"nobody",
    duplicate_deployment: r"deployments: got 2 entries named",
    percent_over_100: r"150",
    path_outside_models: r"models/\.\./policy-pack/stacks\.yaml",
    unknown_variant: r"int3",
    unknown_site: r"atlantis",
    missing_owner: r"owner: got nothing",
    no_deployments: r"deployments",
}


@pytest.mark.parametrize("mistake", CASES, ids=lambda item: item.__name__)
def test_mistake_is_refused_by_key_with_a_next_step(repository, mistake):
    values = stack_values(repository)
    mistake(values)
    with pytest.raises(SettingsError) as refused:
        load_stack(values, root=repository, stack="dev")
    text = str(refused.value)
    assert re.search(CASES[mistake], text), text
    assert re.search(r"mobile-ai:\S+: got .*; expected .*\. Next: ", text), text


def test_every_mistake_has_an_error_of_its_own(repository):
    said = set()
    for mistake in CASES:
        values = stack_values(repository)
        mistake(values)
        with pytest.raises(SettingsError) as refused:
            load_stack(values, root=repository, stack="dev")
        said.add(str(refused.value))
    assert len(said) == len(CASES) >= 12


@pytest.mark.engine
@pytest.mark.xdist_group("e2e")
def test_mistakes_are_shown_once_each_at_their_line(checkout: Checkout, tmp_path):
    def break_two(values):
        unknown_key(values)
        wrong_type(values)

    checkout.edit_stack(break_two)
    formats = ("--format", "table,json", "--out", str(tmp_path / "out"))
    run = checkout.run("gate", "--stack", "dev", *formats)
    assert run.returncode == 2, run.stdout + run.stderr
    assert run.stdout.count("colour: got") == 1
    assert "Traceback" not in run.stdout + run.stderr
    errors = json.loads((tmp_path / "out" / "gate-dev.json").read_text())["errors"]
    assert {item["file"] for item in errors} == {"Pulumi.dev.yaml"}
    lines = (checkout.root / "Pulumi.dev.yaml").read_text().splitlines()
    named = [lines[item["line"] - 1].strip() for item in errors]
    assert sorted(named) == ["colour: blue", "monthlyActiveDevices: many"]


@pytest.mark.engine
@pytest.mark.xdist_group("e2e")
def test_file_that_is_no_yaml_is_a_clear_error(checkout: Checkout):
    (checkout.root / "Pulumi.dev.yaml").write_text("config:\n  mobile-ai:owner: [\n")
    run = checkout.run("gate", "--stack", "dev")
    assert run.returncode == 2
    assert "Pulumi.dev.yaml" in run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr
