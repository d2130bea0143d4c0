"""Pull requests that the gate must deny, each by a rule that reports why."""

import re

import pytest

from mobile_ai.contracts.documents import dump_yaml, read_yaml
from tests.e2e.checkout import Checkout
from tests.e2e.world import expire, sign_world

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("e2e")]
MANIFEST = "models/digits/1.1.0/manifest.yaml"


def first(values):
    return values["deployments"][0]


def denied(checkout: Checkout, rule: str, message: str) -> None:
    """Check that a rule denies dev with such a message, in the form that all have."""
    run = checkout.gate()
    assert run.code == 1, run.out + run.err
    assert rule in run.denied_by
    assert re.search(message, run.messages(rule)), run.messages(rule)
    assert re.search(r"got .*; expected .*\. Next: ", run.messages(rule), re.DOTALL)
    assert "Traceback" not in run.out + run.err


def test_model_without_an_approved_assessment_is_denied(checkout):
    def drop(manifest):
        manifest["evidence"] = [i for i in manifest["evidence"] if i["kind"] != "assessment"]

    checkout.edit(MANIFEST, drop)
    checkout.renew_pins()
    denied(checkout, "model-evidence-verified", "assessment")


def test_value_that_aws_refuses_fails_with_the_setting_that_it_comes_from(checkout):
    def enlarge(values):
        values["registry"]["instanceClass"] = "db.t4g.enormous"

    checkout.edit_stack(enlarge, stack="prod")
    run = checkout.gate("prod")
    said = run.out + run.err
    assert run.code == 1, said
    assert run.denied_by == {"sizes-allowed"}, "a refused resource is judged by what it was given"
    assert "`instanceClass` is not what AWS accepts: got 'db.t4g.enormous'; " in said
    assert "has this value at `mobile-ai:registry.instanceClass`" in said
    assert "aws:rds/instance:Instance" in said


@pytest.mark.accept
def test_region_outside_the_union_is_denied_for_sensitive_data(checkout):
    def move(values):
        values["aws"]["allowedRegions"] = ["eu-central-1", "us-east-1"]
        first(values)["dataProcessing"]["privacyTier"] = "GDPR_Sensitive"
        first(values)["region"] = "us-east-1"

    checkout.edit_stack(move)
    denied(checkout, "data-residency", "us-east-1")


def test_manifest_edited_by_hand_with_its_pin_renewed_is_denied(checkout):
    path = checkout.root / MANIFEST
    manifest = read_yaml(path.read_text(), name="manifest")
    manifest["artifacts"][0]["quality"]["value"] = 0.999
    path.write_text(dump_yaml(manifest))
    checkout.renew_pins()
    denied(checkout, "model-evidence-verified", "changed after signing")


def test_missing_cost_tag_is_denied(checkout):
    path = checkout.root / "components" / "mobile_ai" / "components" / "aws" / "tags.py"
    text = path.read_text()
    assert '"cost-center"' in text
    path.write_text(text.replace('"cost-center"', '"cost-centre"'))
    denied(checkout, "cost-tags-required", "cost-center")


@pytest.mark.accept
def test_signer_whose_key_was_compromised_is_denied(checkout):
    sign_world(checkout, states={"ethics-reviewer": "compromised"})
    denied(checkout, "model-evidence-verified", "assessment: got 0 valid signatures.*compromised")


@pytest.mark.accept
def test_assessment_that_has_run_out_is_denied(checkout):
    sign_world(checkout, assessment=expire)
    denied(checkout, "ethical-assessment-approved", "2026-02-01")


@pytest.mark.accept
def test_key_in_two_roles_makes_the_trust_invalid(checkout):
    def share(record):
        roles = record["predicate"]["roles"]
        roles["evaluator"]["keyids"] = roles["builder"]["keyids"]

    checkout.edit("policy-pack/trust/dev.yaml", share)
    denied(checkout, "stack-configured", "each key in one role")


def test_stack_that_the_pack_does_not_list_is_denied(checkout):
    text = (checkout.root / "Pulumi.dev.yaml").read_text()
    (checkout.root / "Pulumi.staging.yaml").write_text(text)
    run = checkout.gate("staging")
    assert run.code == 1, run.out + run.err
    assert "stack-configured" in run.denied_by
    assert "staging" in run.messages("stack-configured")
