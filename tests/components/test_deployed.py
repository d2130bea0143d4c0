"""The baseline of the next run: read from the stack's own outputs, exported when all succeeded."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from mobile_ai.components.plan.deployed import (
    DeployedBaseline,
    continued_stack,
    last_deployed,
    without_output,
)
from mobile_ai.components.plan.deployed_output import all_succeeded, deployed_baseline
from mobile_ai.contracts.deployed import (
    FIRST,
    NO_BASELINE,
    STATE,
    Baseline,
    read_deployed,
    write_deployed,
)
from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.stack.load import load_stack
from mobile_ai.testing.plan import BOUNDS
from tests.components import support
from tests.components.support import Engine, declare, stack_values

DEPLOYMENT = {"type": "mobileai:index:MobileAIDeployment", "outputs": {}}


def said(found: str) -> dict[str, Any]:
    return {"type": "mobileai:index:Deployed", "outputs": {"found": found}}


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([], FIRST),
        ([{"type": "pulumi:pulumi:Stack", "outputs": {}}], FIRST),
        ([said(FIRST), DEPLOYMENT], FIRST),
        ([DEPLOYMENT], NO_BASELINE),
        ([said(STATE), DEPLOYMENT], NO_BASELINE),
        ([said(NO_BASELINE), DEPLOYMENT], NO_BASELINE),
        ([said(FIRST), said(FIRST), DEPLOYMENT], NO_BASELINE),
    ],
)
def test_state_without_the_output_is_the_first_only_if_nothing_was_deployed(
    rows: list[dict[str, Any]], found: str
) -> None:
    assert without_output({str(at): row for at, row in enumerate(rows)}) == found


def took_over(stack: str) -> dict[str, Any]:
    row = said(STATE)
    return {**row, "outputs": {**row["outputs"], "text": write_deployed(Baseline(), stack=stack)}}


@pytest.mark.parametrize(
    ("rows", "continues", "found"),
    [
        ([took_over("old"), DEPLOYMENT], "old", FIRST),
        ([took_over("old"), DEPLOYMENT], None, NO_BASELINE),
        ([took_over("old"), DEPLOYMENT], "other", NO_BASELINE),
        ([took_over("dev"), DEPLOYMENT], "old", NO_BASELINE),  # its own, which was lost
        ([took_over("old"), took_over("old"), DEPLOYMENT], "old", NO_BASELINE),
        ([said(STATE), DEPLOYMENT], "old", NO_BASELINE),
        ([DEPLOYMENT], "old", NO_BASELINE),
    ],
)
def test_a_first_up_that_failed_after_a_takeover_is_the_first_again(
    rows: list[dict[str, Any]], continues: str | None, found: str
) -> None:
    named = {str(at): row for at, row in enumerate(rows)}
    assert without_output(named, continues=continues) == found


def test_the_program_hands_over_what_its_stack_had_and_will_have_after_the_context(
    dev: Engine, shared_repository: Path
) -> None:
    told, values = dev.one(":Deployed"), stack_values(shared_repository)

    proposed = read_deployed(told.inputs.pop("proposed"), stack="dev")
    assert told.inputs == {"found": FIRST, "text": ""}
    assert proposed == deployed_baseline(load_stack(values, root=shared_repository, stack="dev"))
    assert [item.name for item in dev.registered[:2]] == ["governance", "deployed"]


def test_what_is_exported_is_what_the_plan_deploys(dev: Engine, shared_repository: Path) -> None:
    values = stack_values(shared_repository)
    baseline = deployed_baseline(load_stack(values, root=shared_repository, stack="dev"))

    (entry,) = values["deployments"]
    document = dev.one(":MobileAIDeployment")
    assert baseline.deployments == {document.name: document.inputs["spec"]}
    assert baseline.released == {entry["sha256"], entry["previous"]["sha256"]}


def output(*, known: bool) -> pulumi.Output[str]:
    async def now(value: Any) -> Any:
        return value

    return pulumi.Output(set(), now("x"), now(known))


@pytest.mark.parametrize(("failed", "done"), [([], True), (["arn"], False)])
def test_resource_that_failed_keeps_the_output_of_before(failed: list[str], done: object) -> None:
    """With `--continue-on-error`, the engine leaves outputs of a failed resource unknown."""

    async def ask() -> bool:
        made = {name: output(known=name not in failed) for name in ("urn", "arn")}
        resource: Any = SimpleNamespace(name="text", **made)
        return await all_succeeded([resource])

    assert asyncio.run(ask()) is done


@pytest.mark.parametrize(
    ("continues", "told"),
    [
        ("old", {"found": STATE, "text": "what old had"}),
        ("empty", {"found": FIRST, "text": ""}),
        (None, {"found": FIRST, "text": ""}),
    ],
)
def test_a_stack_that_takes_over_begins_with_what_the_other_had(
    monkeypatch: pytest.MonkeyPatch, continues: str | None, told: dict[str, str]
) -> None:
    def call(_: Any, args: Any) -> dict[str, Any]:
        name = args.args.get("name", args.args.get("stackName", ""))
        return {"outputs": {"deployed": "what old had"} if name.endswith("/old") else {}}

    def program() -> None:
        context = pulumi.ComponentResource("mobileai:index:GovernanceContext", "governance")
        DeployedBaseline("deployed", last_deployed(context, continues=continues))

    monkeypatch.setattr(support._Cloud, "call", call)

    assert declare(program).one(":Deployed").inputs == told


def test_the_stack_that_is_taken_over_from_is_that_of_the_roots(tmp_path: Path) -> None:
    entry = {
        "environment": "dev",
        "class": "development",
        "trust": "trust/dev.yaml",
        "config": "config/dev.json",
        "bounds": BOUNDS.model_dump(by_alias=True, exclude_defaults=True),
    }
    stacks = {"dev": {**entry, "continues": "old"}, "lab": entry}
    assert continued_stack(tmp_path, "dev") is None
    (tmp_path / "policy-pack").mkdir()
    (tmp_path / "policy-pack/stacks.yaml").write_text(dump_yaml({"stacks": stacks}))

    found = {stack: continued_stack(tmp_path, stack) for stack in ("dev", "lab", "other")}

    assert found == {"dev": "old", "lab": None, "other": None}
