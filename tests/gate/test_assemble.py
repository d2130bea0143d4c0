"""The report says what was seen, with places in the stack file."""

import json
from pathlib import Path

import jsonschema
import pytest

from mobile_ai.gate.report.assemble import assemble_report
from mobile_ai.gate.report.report import report_schema
from mobile_ai.gate.state.baseline import DeployedModels, DeployedPin
from tests.gate.support import FIELD_URN, TIMING, run_of

GOLDENS = Path(__file__).parent / "goldens"


def report(source, **changes):
    return assemble_report(run_of(source, **changes), TIMING)


def rule(found, name):
    return next(item for item in found.rules if item.id == name)


@pytest.mark.parametrize(
    ("name", "verdict", "code"),
    [("passed", "pass", 0), ("denied", "denied", 1), ("program_failed", "undecided", 2)],
)
def test_exit_code_follows_the_verdict(name, verdict, code):
    found = report(name, exit_code=min(code, 1))
    assert (found.verdict, found.exit_code) == (verdict, code)


def test_each_outcome_of_a_rule_is_counted_per_resource():
    found = report("denied", exit_code=1)
    counts = {item.id: item.outcomes.model_dump(exclude_defaults=True) for item in found.rules}
    assert counts == {
        "no-bad": {"passed": 1, "fail": 1, "not_applicable": 1},
        "later": {"passed": 1, "deferred": 1, "not_applicable": 1},
        "excused": {"passed": 1, "waived": 1, "not_applicable": 1},
        "whole": {"passed": 1},
    }


def test_violation_points_at_the_key_that_its_message_names():
    first = report("denied", exit_code=1).violations[0]
    assert (first.rule, first.urn, first.file, first.line) == (
        "no-bad",
        FIELD_URN,
        "Pulumi.dev.yaml",
        9,
    )
    assert "outcome:" not in first.message


def test_violation_without_a_key_points_at_its_deployment():
    lines = {item.rule: item.line for item in report("denied", exit_code=1).violations}
    assert lines["later"] == 6


def test_all_resources_are_counted_and_none_is_called_free():
    found = report("passed")
    assert (found.resources.total, found.resources.judged) == (3, 3)
    assert not found.cost.estimated
    assert found.cost.unpriced == 3


def test_secret_outputs_are_not_shown():
    outputs = report("passed").outputs
    assert outputs["s"] == "[secret]"
    assert "hush" not in json.dumps(outputs)


def test_program_error_becomes_one_error_per_problem_with_its_line():
    found = report("program_failed", exit_code=1)
    assert [(item.line, item.message.partition(":")[0]) for item in found.errors] == [
        (9, "mobile-ai"),
        (3, "mobile-ai"),
    ]
    assert "Traceback" not in found.model_dump_json()


def test_pack_that_fails_to_start_tells_why_without_a_traceback():
    stderr = "error: the policy pack in /project/policy-pack exited with code 1\n"
    found = report("pack_failed", exit_code=1, stderr=stderr)
    assert found.verdict == "undecided"
    text = "\n".join(item.message for item in found.errors)
    assert "RuntimeError: pack is broken" in text
    assert "exited with code 1" in text
    assert "Traceback" not in text


def test_changes_are_counted_against_the_baseline():
    pins = {
        "field-digits": DeployedPin(model="digits", version="1.0.0", sha256="e" * 64),
        "gone-digits": DeployedPin(model="digits", version="1.0.0", sha256="e" * 64),
    }
    found = report(
        "passed", baseline=DeployedModels(source="deployed state", pins=pins, resources=9)
    )
    assert [(item.deployment, item.prior[:12], item.proposed[:12]) for item in found.changes] == [
        ("field-digits", "digits 1.0.0", "digits 1.1.0"),
        ("gone-digits", "digits 1.0.0", ""),
        ("other-digits", "", "digits 1.0.0"),
    ]


def test_failed_program_changes_nothing():
    pins = {"field-digits": DeployedPin(model="digits", version="1.0.0", sha256="e" * 64)}
    found = report(
        "program_failed", exit_code=1, baseline=DeployedModels(source="state", pins=pins)
    )
    assert found.changes == ()


def test_reasons_of_the_caller_not_to_trust_the_run_count():
    found = report("passed", doubts=("the pack changed",))
    assert (found.verdict, found.exit_code) == ("undecided", 2)


@pytest.mark.parametrize("name", ["passed", "denied", "program_failed", "pack_failed"])
def test_json_form_follows_its_schema(name):
    value = report(name, exit_code=1).to_dict()
    jsonschema.validate(value, report_schema())


def test_schema_of_the_report_is_kept(golden):
    golden(GOLDENS / "report.schema.json", json.dumps(report_schema(), indent=2) + "\n")
