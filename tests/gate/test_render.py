"""Each form of a report shows the verdict and everything that speaks against it."""

import json
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from mobile_ai.gate.render import FORMS, SUFFIXES, render, render_timing
from mobile_ai.gate.render.blocks import PASSED
from mobile_ai.gate.render.summary_text import headline
from mobile_ai.gate.render.terminal import print_report
from mobile_ai.gate.report.actuals import Billed
from mobile_ai.gate.report.assemble import assemble_report
from mobile_ai.gate.report.cost import Terms, cost_report
from mobile_ai.gate.report.models import model_changes
from mobile_ai.gate.report.report import Author, Timing
from mobile_ai.gate.report.sections import Figure
from tests.gate.support import TIMING, expected, run_of
from tests.gate.test_models import NEW, PREVIOUS, pinned, version
from tests.pricing.support import UNPRICED, context, resource

HERE = Path(__file__).parent
SARIF_SCHEMA = HERE / "sarif-2.1.0.schema.json"
CASES = {"passed": 0, "denied": 1, "program_failed": 1}


def report(name, **changes):
    return assemble_report(run_of(name, exit_code=CASES.get(name, 1), **changes), TIMING)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CASES)
def test_form_of_a_recorded_run_is_kept(name, form, golden):
    golden(HERE / "goldens" / f"{name}{SUFFIXES[form]}", render(report(name), form))


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_form_of_cost_and_models_is_kept(form, golden):
    golden(HERE / "goldens" / f"valued{SUFFIXES[form]}", render(valued_report(), form))


@pytest.mark.parametrize("form", ["table", "markdown", "json"])
def test_latency_within_the_noise_of_a_build_machine_says_so(form):
    found = valued_report()
    change = found.models[0]
    figure = Figure(name="latency p95", unit="ms", prior=2, proposed=3, better="lower")
    noisy = figure.model_copy(update={"note": "within noise"})
    variant = change.variants[0].model_copy(update={"figures": (noisy,)})
    change = change.model_copy(update={"variants": (variant,)})
    text = render(found.model_copy(update={"models": (change,)}), form)
    assert "within noise" in text
    assert "worse" not in text


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_a_difference_that_is_not_significant_has_a_reason(form):
    found = valued_report()
    figures = tuple(
        Figure(name=note, unit="ms", prior=2, proposed=3, better="lower", note=note)
        for note in ("within noise", "other machine")
    )
    variant = found.models[0].variants[0].model_copy(update={"figures": figures})
    change = found.models[0].model_copy(update={"variants": (variant,)})
    text = render(found.model_copy(update={"models": (change,)}), form)
    assert "within noise: the median moved by no more than" in text
    assert "other machine: the two versions were measured on different machines" in text


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_figures_of_a_budget_are_explained_where_they_stand(form):
    text = render(valued_report(), form)
    assert "typical: expected usage; high: the most assumed" in text
    assert text.index("48.36") < text.index("high: the most assumed")


@pytest.mark.parametrize("name", ["denied", "passed"])
def test_the_terminal_shows_the_verdict_first_and_last_and_counts_what_passed(name, capsys):
    found = report(name)
    print_report(found, Console())
    short = capsys.readouterr().out
    lines = short.splitlines()
    assert lines[0] == lines[-1] == headline(found)
    assert "passed on everything they judged (--verbose lists them)" in short
    assert PASSED not in short
    for rule in found.rules:
        assert rule.outcomes.clean or rule.id in short
    print_report(found, Console(), verbose=True)
    assert capsys.readouterr().out == render(found, "table")
    assert PASSED in render(found, "table")


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_blocks_stand_in_the_order_of_a_reader_in_a_hurry(form):
    text = render(report("denied"), form)
    order = ["DENIED", "Denied", "Changes", "Cost", "Advice", "Warnings", "Rules"]
    places = [text.index(title) for title in order]
    assert places == sorted(places)


@pytest.mark.parametrize("form", FORMS)
def test_a_plan_that_could_not_be_judged_has_no_cost(form):
    found = valued_report()
    cost = report("passed", cost=found.cost, doubts=("the pack changed",)).cost
    assert (cost.proposed, cost.delta, cost.budgets) == (None, None, ())
    text = render(report("program_failed", cost=found.cost, models=found.models), form)
    assert "39.00" not in text
    if form in {"table", "markdown"}:
        assert "no estimate: unknown, as the plan could not be judged" in text


def valued_report(**terms):
    before = {**PREVIOUS, "sha256": "1" * 64}
    nat = resource("aws:ec2/natGateway:NatGateway", {}, name="nat")
    budgets = [{"name": "all", "scope": "stack", "monthlyUsd": 45, "kind": "soft"}]
    state = [context(budgets=budgets), version("1" * 64), pinned("1" * 64, "1.1.0")]
    plan = [
        context(budgets=budgets),
        version(NEW, quality=0.96, gap=0.02, profile={"latencyP95Ms": 3}),
        version("1" * 64),
        pinned(NEW, "1.2.0", previous=before),
        UNPRICED,
        nat,
    ]
    cost = cost_report(plan, state, against="deployed state", terms=Terms(**terms))
    prices = {"prices": "2026-11-23", "prices_sha256": "ab" * 32}
    cost = cost.model_copy(update=prices)
    return report("passed", cost=cost, models=model_changes(plan, state))


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_month_that_will_end_above_its_limit_says_so(form):
    billed = Billed(month="2026-11", day=29, days=30, charges=(({}, Decimal(99)),))
    text = " ".join(render(valued_report(billed=billed), form).replace("\\", "").split())
    assert "2026-11, day 29 of 30: all 99.00 billed, 100.30 at its end - above its limit" in text


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_charges_without_the_tags_of_the_stack_are_said_beside_its_forecast(form):
    charges = (({}, Decimal(99)), ({"environment": "other"}, Decimal(7)))
    terms = {"identity": {"environment": "dev", "project": "p"}}
    billed = Billed(month="2026-11", day=29, days=30, charges=charges)
    text = " ".join(render(valued_report(billed=billed, **terms), form).replace("\\", "").split())
    assert "106.00 without this stack's tags are in none" in text


@pytest.mark.parametrize("name", CASES)
def test_sarif_follows_the_oasis_schema(name):
    schema = json.loads(SARIF_SCHEMA.read_text())
    jsonschema.Draft4Validator(schema).validate(json.loads(render(report(name), "sarif")))


def sarif_results(name):
    (run,) = json.loads(render(report(name), "sarif"))["runs"]
    return run["results"]


def test_sarif_points_at_the_line_of_the_stack_file():
    place = sarif_results("denied")[0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "Pulumi.dev.yaml"
    assert place["region"]["startLine"] == 9


def test_sarif_shows_a_wrong_stack_file_at_its_line():
    lines = [
        item["locations"][0]["physicalLocation"]["region"]["startLine"]
        for item in sarif_results("program_failed")
    ]
    assert lines == [9, 3]


def test_sarif_marks_what_is_waived_as_suppressed():
    suppressed = {item["ruleId"] for item in sarif_results("denied") if "suppressions" in item}
    assert suppressed == {"excused"}


def test_sarif_shows_what_is_deferred_as_a_note():
    levels = {item["ruleId"]: item["level"] for item in sarif_results("denied")}
    assert (levels["later"], levels["no-bad"]) == ("note", "error")


def test_sarif_finding_stays_the_same_when_its_message_changes():
    first, second = (
        assemble_report(run_of("denied", exit_code=1, stack=stack), TIMING)
        for stack in ("dev", "dev")
    )
    changed = second.violations[0].model_copy(update={"message": "another figure"})
    second = second.model_copy(update={"violations": (changed, *second.violations[1:])})

    def fingerprints(value):
        (run,) = json.loads(render(value, "sarif"))["runs"]
        return [item["partialFingerprints"] for item in run["results"]]

    assert fingerprints(first) == fingerprints(second)


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_reasons_not_to_trust_a_run_are_shown(form):
    text = render(report("passed", doubts=("the pack changed while it ran",)), form)
    assert "COULD NOT JUDGE" in text
    assert "the pack changed while it ran" in text


def test_markdown_shows_messages_as_text():
    hostile = (
        report("denied")
        .violations[0]
        .model_copy(update={"message": "</details><img src=x> [a](b) @team `code` | cell"})
    )
    text = render(report("denied").model_copy(update={"violations": (hostile,)}), "markdown")
    assert "<img" not in text
    assert "[a](b)" not in text
    assert "@team" not in text


def test_table_has_no_line_over_a_hundred_columns():
    for name in CASES:
        assert max(map(len, render(report(name), "table").splitlines())) <= 100


def test_times_are_shown_with_their_share():
    text = render_timing(
        Timing(total_seconds=4.0, phases={"engine": 3.0, "gate": 1.0}, resources_per_second=0)
    )
    assert "engine" in text
    assert "75%" in text


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_same_finding_on_several_resources_is_shown_once(form):
    found = report("denied")
    first = found.violations[0]
    many = tuple(first.model_copy(update={"name": f"bucket-{n}", "urn": f"u{n}"}) for n in range(7))
    text = " ".join(render(found.model_copy(update={"violations": many}), form).split())
    assert text.count("got 'us-east-1'") == 1
    assert "bucket-0, bucket-1, bucket-2, bucket-3 and 3 more" in text
    assert "7 mandatory violations" in text


AUTHORS = {
    "last changed by kubectl-edit, 2026-11-24T01:00:00Z (managedFields, Update)": Author(
        who="kubectl-edit", when="2026-11-24T01:00:00Z", source="managedFields, Update"
    ),
    "last changed by not known; no record": Author(note="no record"),
}


def changed_by_two():
    """A report with one finding on two resources, changed by two."""
    found = report("denied")
    first = found.violations[0]
    many = tuple(
        first.model_copy(update={"name": f"n{place}", "urn": f"u{place}", "changed_by": author})
        for place, author in enumerate(AUTHORS.values())
    )
    return found.model_copy(update={"violations": many})


@pytest.mark.parametrize("form", ["table", "markdown", "sarif"])
def test_who_changed_it_is_told_with_each_finding(form):
    text = " ".join(render(changed_by_two(), form).replace("\\", "").split())
    assert text.count("got 'us-east-1'") == 2
    for sentence in AUTHORS:
        assert sentence in text


def test_sarif_and_json_have_the_author_by_its_parts():
    wanted = [author.model_dump() for author in AUTHORS.values()]
    log = json.loads(render(changed_by_two(), "sarif"))
    jsonschema.validate(log, json.loads(SARIF_SCHEMA.read_text()))
    assert [item["properties"]["changedBy"] for item in log["runs"][0]["results"]] == wanted
    value = json.loads(render(changed_by_two(), "json"))
    assert [item["changedBy"] for item in value["violations"]] == wanted


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_rules_that_had_nothing_to_judge_are_named(form):
    text = " ".join(
        render(
            report(
                "program_failed",
            ),
            form,
        )
        .replace("\\", "")
        .split()
    )
    for rule in ("no-bad", "later", "excused", "whole"):
        assert rule in text
    assert "did not run or had nothing to judge" in text


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_weakened_rule_is_listed_once_by_the_gate_itself(form):
    weakening = "no-bad is advisory (default mandatory)"
    found = report("passed", expected=expected(weakenings=(weakening,)))
    told = (
        report("denied")
        .violations[-1]
        .model_copy(
            update={
                "message": f"pack config: got {weakening}; expected the default. Next: renew it"
            }
        )
    )
    text = render(found.model_copy(update={"violations": (told,)}), form).replace("\\", "")
    assert text.count(weakening) == 1


def valued_with(**changes):
    """The valued report with another cost section."""
    found = valued_report()
    return found.model_copy(update={"cost": found.cost.model_copy(update=changes)})


def test_change_column_is_left_out_without_a_cost_to_compare_with():
    priors = {"prior": None, "delta": None}
    cost = valued_report().cost
    parts = {
        name: tuple(item.model_copy(update=priors) for item in getattr(cost, name))
        for name in ("budgets", "deployments", "resources")
    }
    text = render(valued_with(**priors, **parts, tags={}), "table")
    assert "change" not in text
    assert "highest cost" in text


def test_names_from_a_stack_file_are_no_markup_of_the_terminal():
    (budget,) = valued_report().cost.budgets
    named = budget.model_copy(update={"name": "[red]all[/red]"})
    assert "[red]all[/red]" in render(valued_with(budgets=(named,)), "table")


def test_variant_names_are_escaped_in_the_head_of_a_markdown_table():
    found = valued_report()
    (change,) = found.models
    variant = change.variants[0].model_copy(update={"variant": "<img>|int8"})
    change = change.model_copy(update={"variants": (variant,)})
    text = render(found.model_copy(update={"models": (change,)}), "markdown")
    assert "<img>" not in text
    assert r"&lt;img>\|int8" in text


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_advice_that_another_block_lists_leaves_no_heading(form):
    weakening = "no-bad is advisory (default mandatory)"
    found = report("passed", expected=expected(weakenings=(weakening,)))
    told = (
        report("denied")
        .violations[-1]
        .model_copy(
            update={"level": "advisory", "message": f"pack config: got {weakening}; expected"}
        )
    )
    assert "Advice" not in render(found.model_copy(update={"violations": (told,)}), form)
