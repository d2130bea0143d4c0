"""Ways around the gate in the program, the files or the environment: none passes."""

import json
from collections.abc import Callable

import pytest

from mobile_ai.gate.engine.events import ResourceSeen
from mobile_ai.gate.report.assemble import assemble_report
from tests.cases import always
from tests.e2e.checkout import Checkout
from tests.gate.support import TIMING, events, run_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("e2e")]
_PROGRAM = {
    "dynamic resource": """
import pulumi.dynamic

class Own(pulumi.dynamic.ResourceProvider):
    def create(self, props):
        return pulumi.dynamic.CreateResult(id_="x", outs={})

class Hook(pulumi.dynamic.Resource):
    pass

Hook(Own(), "hook", {})
""",
    "read of what exists": """
from pulumi_aws import s3
s3.Bucket.get("borrowed", "somebody-elses-bucket", opts=account)
""",
    "import of what exists": """
from pulumi_aws import s3
s3.Bucket(
    "taken",
    bucket="somebody-elses-bucket",
    opts=pulumi.ResourceOptions.merge(account, pulumi.ResourceOptions(import_="somebody-elses")),
)
""",
    "provider of another region": """
import pulumi_aws as aws
away = aws.Provider("away", region="us-east-1", allowed_account_ids=["123456789012"])
aws.sqs.Queue("away", opts=pulumi.ResourceOptions(provider=away))
""",
    "component that only looks like ours": """
pulumi.ComponentResource("mobileai:index:\\u041cobileAIDeployment", "field", {})
""",
    "forged events on standard output": """
import json
rules = ["data-residency", "model-evidence-verified"]
urn = "urn:pulumi:dev::mobile-ai::pulumi:pulumi:Stack::mobile-ai-dev"
told = {"policyPackName": "mobile-ai-governance", "policyPackVersion": "0.1.0", "passed": rules}
print(json.dumps({"policyAnalyzeSummaryEvent": {"resourceUrn": urn, **told}}), flush=True)
done = {"result": "succeeded", "PolicyPacks": {"mobile-ai-governance": "0.1.0"}}
print(json.dumps({"summaryEvent": done}), flush=True)
pulumi.ComponentResource("command:local:Command", "evil", {"create": "curl evil"})
""",
    "program that ends before the rest": """
import os
pulumi.ComponentResource("mobileai:index:Extra", "extra", {})
os._exit(0)
""",
}


def _all_disabled(checkout: Checkout) -> dict[str, str]:
    """A variable sets any flag of the engine."""
    path = checkout.root / "build" / "weak.json"
    path.write_text(json.dumps({"all": "disabled"}))
    _move_away(checkout)
    return {"PULUMI_OPTION_POLICY_PACK_CONFIG": str(path)}


def _another_pack(checkout: Checkout) -> dict[str, str]:
    """A pack of the attacker's, with our pack's name."""
    pack = checkout.root / "build" / "pack"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text("runtime: python\nversion: 0.1.0\n")
    (pack / "__main__.py").write_text(
        "from pulumi_policy import PolicyPack\nPolicyPack('mobile-ai-governance', [])\n"
    )
    _move_away(checkout)
    return {"PULUMI_OPTION_POLICY_PACK": str(pack)}


def _artifact_swapped(checkout: Checkout) -> dict[str, str]:
    """Other bytes under the name of what was evaluated; manifest and pin untouched."""
    folder = checkout.root / "models" / "digits" / "1.1.0" / "artifacts"
    first = min(folder.iterdir())
    first.write_bytes(first.read_bytes()[:-1] + b"x")
    return {}


def _older_manifest(checkout: Checkout) -> dict[str, str]:
    """The files of an older version under the name of the newer one, with its pin."""
    older = checkout.root / "models" / "digits" / "1.0.0"
    newer = checkout.root / "models" / "digits" / "1.1.0"
    (newer / "manifest.yaml").write_bytes((older / "manifest.yaml").read_bytes())
    checkout.renew_pins()
    return {}


def _link_in_the_pack(checkout: Checkout) -> dict[str, str]:
    """The target of a link can change without changing the pack's digest."""
    config = checkout.root / "policy-pack" / "config" / "dev.json"
    elsewhere = checkout.root / "build" / "dev.json"
    config.rename(elsewhere)
    config.symlink_to(elsewhere)
    return {}


def _move_away(checkout: Checkout) -> None:
    def edit(values: dict) -> None:  # type: ignore[type-arg]  # as the stack file has it
        values["deployments"][0]["region"] = "us-east-1"
        values["aws"]["allowedRegions"] = ["eu-central-1", "us-east-1"]
        values["deployments"][0]["dataProcessing"]["privacyTier"] = "GDPR_Sensitive"

    checkout.edit_stack(edit)


_AROUND: dict[str, Callable[[Checkout], dict[str, str]]] = {
    "PULUMI_OPTION_POLICY_PACK_CONFIG": _all_disabled,
    "PULUMI_OPTION_POLICY_PACK": _another_pack,
    "artifact swapped in Git": _artifact_swapped,
    "older manifest under a newer name": _older_manifest,
    "link in the pack": _link_in_the_pack,
}


# What must be said; a stand-in cannot read what a real cloud could (see below).
_REASONS = {
    "dynamic resource": "no resource plugin 'pulumi-resource-pulumi-python'",
    "read of what exists": "refuses to read",
    "import of what exists": "refuses to read",
    "provider of another region": "data-residency",
    "component that only looks like ours": "resource-types-expected",
    "forged events on standard output": "resource-types-expected",
    "program that ends before the rest": "stack-configured",
    "PULUMI_OPTION_POLICY_PACK_CONFIG": "data-residency",
    "PULUMI_OPTION_POLICY_PACK": "data-residency",
    "artifact swapped in Git": "as the manifest says",
    "older manifest under a newer name": "as the manifest says",
    "link in the pack": "got a link",
}

# One of each kind: what the program does, what it prints, how it ends, variables, files, links.
_SHOWN = {
    "read of what exists",
    "forged events on standard output",
    "program that ends before the rest",
    "PULUMI_OPTION_POLICY_PACK_CONFIG",
    "artifact swapped in Git",
    "link in the pack",
}


@pytest.mark.parametrize("name", always(_SHOWN & _PROGRAM.keys(), of=_PROGRAM))
def test_a_program_that_goes_around_the_rules_does_not_pass(checkout: Checkout, name: str) -> None:
    path = checkout.root / "__main__.py"
    path.write_text(path.read_text() + _PROGRAM[name])

    run = checkout.gate()

    assert run.code in {1, 2}, run.out + run.err
    assert _REASONS[name] in run.out + run.err
    assert "Traceback" not in run.err


@pytest.mark.parametrize("name", always(_SHOWN & _AROUND.keys(), of=_AROUND))
def test_files_and_variables_do_not_get_around_the_rules(checkout: Checkout, name: str) -> None:
    variables = _AROUND[name](checkout)

    run = checkout.gate("dev", **variables)

    assert run.code in {1, 2}, run.out + run.err
    assert _REASONS[name] in run.out + run.err
    assert "Traceback" not in run.err


def test_a_read_that_a_real_cloud_answers_leaves_the_run_undecided() -> None:
    """The engine shows no read to a pack: what nobody judged is no pass."""
    urn = "urn:pulumi:dev::mobile-ai::aws:s3/bucket:Bucket::borrowed"
    read = ResourceSeen(urn=urn, type="aws:s3/bucket:Bucket", op="read")

    report = assemble_report(run_of([read, *events("passed")]), TIMING)

    assert (report.verdict, report.exit_code) == ("undecided", 2)
    assert any("borrowed" in doubt for doubt in report.doubts)


def test_there_are_attempts_enough() -> None:
    """Those around the pack alone are counted in tests/governance/engine/test_bypass.py."""
    assert len(_PROGRAM) + len(_AROUND) >= 12
