"""`mobile-ai cost` and `mobile-ai recommend` on a recorded plan."""

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.cli.main import main
from mobile_ai.cli.money.recommend import apply
from mobile_ai.contracts.resource import Resource
from mobile_ai.pricing.recommend import CostRecommendation
from mobile_ai.pricing.recorded import origin_line
from mobile_ai.pricing.search import Answer, Choice
from mobile_ai.stack.editor import edited
from mobile_ai.stack.reader import StackFile
from tests.pricing.support import (
    PRICES,
    ROOT,
    UNPRICED,
    context,
    deployment,
    model,
    resource,
)


def event(item: Resource) -> str:
    new = {"type": item.type, "urn": item.urn, "parent": item.parent or "", "inputs": item.props}
    return json.dumps(
        {"resourcePreEvent": {"metadata": {"op": "create", "urn": item.urn, "new": new}}}
    )


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    plan = [
        resource("pulumi:providers:aws", {"region": "eu-central-1"}, name="aws"),
        context(),
        model(),
        deployment(),
        resource("aws:ec2/natGateway:NatGateway", {}, name="nat"),
        UNPRICED,
    ]
    (tmp_path / "build" / "gate").mkdir(parents=True)
    recorded = origin_line("Pulumi.dev.yaml", STACK) + "\n".join(map(event, plan))
    (tmp_path / "build" / "gate" / "dev.events.jsonl").write_text(recorded)
    shutil.copytree(PRICES, tmp_path / "policy-pack" / "mobile_ai" / "pricing" / "prices")
    (tmp_path / "Pulumi.dev.yaml").write_text(STACK)
    monkeypatch.chdir(tmp_path)
    return tmp_path


_SAMPLE = (ROOT / "Pulumi.dev.yaml").read_text()
STACK = (
    _SAMPLE[: _SAMPLE.index("  mobile-ai:deployments:")]
    + """\
  mobile-ai:deployments:
    - app: field
      model: digits
      version: 1.0.0
      manifest: models/digits/1.0.0/manifest.yaml
      sha256: "{digest}"
      region: eu-central-1
      dataProcessing: {{privacyTier: Internal, dataTypes: [document-image]}}
      rollout:
        salt: digits
        stage: all
        rings:
          - {{name: all, percent: 100}}
        minAppVersion: 1.0.0
      usage: {{monthlyActiveDevices: 1, updatesPerMonth: 1, requestsPerSecond: 1}}
      humanOversight: person@example.com
      budget: stack
      placement:
        - {{target: on-device, variant: int8, deviceClass: entry}}  # phones
        - target: edge
          variant: onnx
          site: lab
          replicas: {{min: 2, max: 4}}  # two for a reason
        - target: cloud
          variant: onnx
          region: eu-central-1
          reservedConcurrency: 10
          memoryMb: 512
""".format(digest="0" * 64)
)


def edit(text: str, results: Sequence[CostRecommendation]) -> str:
    file = StackFile.parse(text, name="Pulumi.dev.yaml")
    return edited(file, partial(apply, results=results))[0]


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


def test_an_estimate_shows_lines_unknowns_and_budgets(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checkout.is_dir()
    assert run("cost", "estimate", "--stack", "dev") == 0

    text = capsys.readouterr().out
    assert "37.96" in text
    assert "unpriced, excluded from totals: queries athena.scan" in text
    assert "budget field (hard)" in text


def test_a_machine_reads_one_json_value(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checkout.is_dir()
    run("cost", "estimate", "--stack", "dev", "--json")

    found = json.loads(capsys.readouterr().out)
    assert found["total"]["unknown"] == 1
    assert found["budgets"][0]["name"] == "field"


def test_a_what_if_changes_the_estimate_and_no_file(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in checkout.rglob("*") if path.is_file()}

    run("cost", "estimate", "--stack", "dev", "--json", "--what-if", "natGb=1000")

    assert json.loads(capsys.readouterr().out)["total"]["amount"]["typical"] == "89.96"
    assert {path: path.read_bytes() for path in checkout.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--what-if", "natGb"], "KEY=VALUE"),
        (["--what-if", "natGb=-1"], "number from 0"),
        (["--what-if", "europeShare=2"], "a share from 0 to 1"),
        (["--what-if", "speed=1"], "an unknown name"),
        (["--what-if", "nobody.requestsPerSecond=1"], "nobody"),
        (["--plan", "missing.jsonl"], "mobile-ai gate"),
    ],
)
def test_a_mistake_ends_in_one_line(
    checkout: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert checkout.is_dir()
    assert run("cost", "estimate", "--stack", "dev", *arguments) == 2

    assert message in capsys.readouterr().err


def test_a_denied_budget_ends_in_exit_code_1(checkout: Path) -> None:
    path = checkout / "build" / "gate" / "dev.events.jsonl"
    path.write_text(
        path.read_text()
        .replace('"monthlyUsd": 100, "kind": "hard"', '"monthlyUsd": 0, "kind": "soft"')
        .replace('"scope": "app:field"', '"scope": "stack"')
    )

    assert run("cost", "estimate", "--stack", "dev") == 1


def test_focus_rows_are_written_where_asked(checkout: Path) -> None:
    run("cost", "estimate", "--stack", "dev", "--focus", "rows.jsonl")

    rows = [json.loads(line) for line in (checkout / "rows.jsonl").read_text().splitlines()]
    assert {row["x_EstimateBand"] for row in rows} == {"low", "typical", "high"}


def test_prices_are_shown_with_their_source(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checkout.is_dir()
    run("cost", "prices", "show", "kms.key", "--json")

    (row,) = json.loads(capsys.readouterr().out)
    assert (row["tiers"][0]["price"], row["source"]) == (
        "1.00",
        "https://aws.amazon.com/kms/pricing/",
    )


def test_a_recommendation_names_saving_and_choices(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checkout.is_dir()
    assert run("recommend", "--stack", "dev", "--json") == 0

    (found,) = json.loads(capsys.readouterr().out)
    assert found["answers"][0]["choices"][0] == "on-device int8"
    assert float(found["savingUsd"]) > 0


def answer(*placements: Mapping[str, Any]) -> CostRecommendation:
    choices = tuple(Choice(label="x", fixed_usd=Decimal(0), placement=dict(p)) for p in placements)
    return CostRecommendation(
        deployment="field-digits",
        answers=(Answer(usd=Decimal(0), choices=choices),),
        current_usd=None,
    )


def test_an_edit_keeps_comments_and_changes_only_what_was_decided() -> None:
    best = answer(
        {"target": "on-device", "variant": "int4"},
        {"target": "edge", "site": "lab", "variant": "onnx", "replicas": {"min": 3.0, "max": 4.0}},
    )

    text = edit(STACK, [best])

    removed = STACK[STACK.index("        - target: cloud") :]
    expected = (
        STACK.replace(removed, "").replace("int8, d", "int4, d").replace("{min: 2", "{min: 3")
    )
    assert text == expected


def test_an_edit_adds_what_is_new() -> None:
    best = answer(
        {
            "target": "edge",
            "site": "berlin",
            "variant": "onnx",
            "region": "x",
            "replicas": {"min": 1.0, "max": 2.0},
        }
    )

    text = edit(STACK, [best])

    assert "site: berlin" in text
    assert "region: x" not in text
    assert "min: 1" in text


def test_nothing_changes_where_nothing_was_found() -> None:
    nothing = CostRecommendation(deployment="field-digits", answers=(), current_usd=None)

    assert edit(STACK, [nothing]) == STACK


@pytest.mark.parametrize("days", [30, None])
def test_an_edit_sets_or_removes_the_storage_class_and_keeps_comments(days: int | None) -> None:
    choice = Choice(
        label="x",
        fixed_usd=Decimal(0),
        placement=None if days is None else {"infrequentAfterDays": days},
    )
    found = CostRecommendation(
        deployment="telemetry storage",
        answers=(Answer(usd=Decimal(0), choices=(choice,)),),
        current_usd=None,
    )
    last = "    notify: [mobile-ai-dev@example.com]\n  mobile-ai:budgets:"
    telemetry = STACK.replace("retentionDays: 30", "retentionDays: 90 # three months")
    assert telemetry.count(last) == 1

    def with_days(value: int | None) -> str:
        added = "" if value is None else f"    infrequentAfterDays: {value}\n"
        return telemetry.replace("  mobile-ai:budgets:", f"{added}  mobile-ai:budgets:")

    assert edit(with_days(60 if days is None else None), [found]) == with_days(days)


def test_both_stack_files_survive_an_edit_that_changes_nothing() -> None:
    for stack in ("dev", "prod"):
        text = (ROOT / f"Pulumi.{stack}.yaml").read_text()
        assert edit(text, []) == text


def test_the_commands_that_a_missing_price_names_make_it_known(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("cost", "estimate", "--stack", "dev")
    told = capsys.readouterr().out
    fetch, declare = re.findall(r"`mobile-ai (cost prices [^`]+)`", " ".join(told.split()))
    attributes = {"usagetype": "APS9-DataScannedInTB", "regionCode": "ap-southeast-6"}
    row = {"beginRange": "0", "endRange": "Inf", "pricePerUnit": {"USD": "5"}}
    offer = {
        "offerCode": "AmazonAthena",
        "version": "1",
        "publicationDate": "2026-11-20T00:00:00Z",
        "products": {"S": {"sku": "S", "attributes": attributes}},
        "terms": {"OnDemand": {"S": {"t": {"priceDimensions": {"r": row}}}}},
    }
    (checkout / "offer.json").write_text(json.dumps(offer))

    assert run(*fetch.split(), "--offer", "offer.json") == 0
    assert "athena.scan ap-southeast-6: unknown -> 5 USD per TB" in capsys.readouterr().out
    run("cost", "estimate", "--stack", "dev", "--json")
    assert json.loads(capsys.readouterr().out)["total"]["unknown"] == 0

    said = ("--price", "4", "--source", "agreement 17", "--by", "finops")
    assert run(*declare.split(), *said) == 0
    run("cost", "estimate", "--stack", "dev")
    text = capsys.readouterr().out
    assert "declared price: athena.scan in ap-southeast-6, declared by finops" in text


def test_a_declared_price_is_replaced_by_a_later_one_and_kept_if_the_new_one_is_wrong(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ("--region", "eu-central-1", "--source", "agreement", "--by", "finops")
    path = checkout / "policy-pack" / "config" / "prices.json"

    for price in ("0.4", "0.3"):
        assert run("cost", "prices", "declare", "sqs.request", "--price", price, *said) == 0
    kept = path.read_text()
    assert [item["price"] for item in json.loads(kept)["prices"]] == ["0.3"]

    assert run("cost", "prices", "declare", "sqs.request", "--price", "0", *said) == 2
    assert run("cost", "prices", "declare", "no.item", "--price", "1", *said) == 2
    elsewhere = [*said, "--region", "mars-1"]
    assert run("cost", "prices", "declare", "sqs.request", "--price", "1", *elsewhere) == 2
    assert path.read_text() == kept
    assert "Next:" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["cost estimate", "recommend"])
def test_a_plan_of_another_stack_file_is_refused_with_the_next_step(
    checkout: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    (checkout / "Pulumi.dev.yaml").write_text(STACK.replace("max: 4", "max: 5"))

    assert run(*command.split(), "--stack", "dev") == 2
    told = capsys.readouterr().err
    assert "a plan of another Pulumi.dev.yaml" in told
    assert "run `mobile-ai gate --stack dev`" in told


def test_a_plan_without_its_origin_is_refused_and_one_that_is_named_is_warned_of(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = checkout / "build" / "gate" / "dev.events.jsonl"
    plan.write_text("".join(plan.read_text().splitlines(keepends=True)[1:]))

    assert run("cost", "estimate", "--stack", "dev") == 2
    assert "without the digest of its stack file" in capsys.readouterr().err
    assert run("cost", "estimate", "--stack", "dev", "--plan", str(plan)) == 0
    assert "warning: recorded plan" in capsys.readouterr().err


@pytest.mark.usefixtures("checkout")
def test_a_commit_is_compared_with_what_if_applied_to_both(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = [
        resource("pulumi:providers:aws", {"region": "eu-central-1"}, name="aws"),
        context(),
        resource("aws:ec2/natGateway:NatGateway", {}, name="nat"),
        resource("aws:kms/key:Key", {}, name="key"),
    ]
    asked: list[str] = []

    def planned(_: Path, stack: str, reference: str, **__: object) -> list[Resource]:
        asked.extend([stack, reference])
        return before

    monkeypatch.setattr("mobile_ai.cli.money.cost.plan_of_commit", planned)
    options = ("--stack", "dev", "--base", "main", "--what-if", "natGb=0")

    assert run("cost", "estimate", *options, "--json") == 0
    value = json.loads(capsys.readouterr().out)["comparison"]
    moved = {item["name"]: item["delta"] for item in value["resources"]}
    assert asked == ["dev", "main"]
    assert (moved["nat"], moved["key"]) == ("0.00", "-1.06")

    assert run("cost", "estimate", *options) == 0
    assert "against main" in capsys.readouterr().out


def test_a_commit_that_nobody_knows_ends_in_one_line(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "Pulumi.yaml").write_text("name: p\nruntime: python\n")

    assert run("cost", "estimate", "--stack", "dev", "--base", "nowhere") != 0
    told = capsys.readouterr().err
    assert "Next:" in told
    assert "Traceback" not in told
