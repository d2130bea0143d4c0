"""A stack of any name, in any region, with data types of its own: nothing counts as weakened."""

import json
import shutil

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.world import sign_world

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("e2e")]

STACK = "staging"
_PLACES = ["on-device", "edge", "cloud"]
OWN = {"leaf-image": {"modalities": ["vision"], "minimumTier": "Internal", "places": _PLACES}}


def move(checkout: Checkout, region: str, jurisdiction: str) -> None:
    """Let there be a stack `staging` at home in a region, as prod is in Frankfurt."""
    root = checkout.root
    text = (root / "Pulumi.prod.yaml").read_text()
    for old in ("eu-central-1", "eu-west-1"):
        text = text.replace(old, region)
    (root / f"Pulumi.{STACK}.yaml").write_text(text)
    shutil.copytree(root / "usage/prod", root / f"usage/{STACK}")

    def stay(values):
        values["environment"] = STACK
        values["registry"] = {"kind": "external", "trackingUri": "https://mlflow.example.com"}
        values["sites"] = values["sites"][:1]
        del values["deployments"][0]["placement"][2]
        values["aws"]["allowedRegions"] = [region]
        values["deployments"][0]["dataProcessing"]["dataTypes"] = ["leaf-image"]

    def listed(document):
        entry = document["stacks"]["prod"]
        document["stacks"] = {
            STACK: {
                **json.loads(json.dumps(entry).replace("eu-central-1", region)),
                "environment": STACK,
                "class": "development",
                "trust": f"trust/{STACK}.yaml",
                "config": f"config/{STACK}.json",
            }
        }

    checkout.edit_stack(stay, stack=STACK)
    checkout.edit("policy-pack/stacks.yaml", listed)
    config = json.loads((root / "policy-pack/config/prod.json").read_text())
    config |= {"jurisdictions": [jurisdiction], "vocabulary": OWN}
    (root / f"policy-pack/config/{STACK}.json").write_text(json.dumps(config))

    def assessed(predicate):
        scope = {**predicate["scope"], "dataTypes": ["leaf-image"], "regions": [region]}
        predicate["scope"] = scope

    sign_world(checkout, stack=STACK, assessment=assessed)
    checkout.commit()


@pytest.mark.parametrize(
    ("region", "jurisdiction"),
    [("us-east-1", "US"), ("eu-north-1", "EU"), ("ap-southeast-2", "AU")],
)
def test_a_stack_of_any_name_and_region_passes_unweakened(checkout, region, jurisdiction):
    move(checkout, region, jurisdiction)

    run = checkout.gate(STACK)

    assert run.denied_by == set(), [*map(run.messages, sorted(run.denied_by))]
    assert run.report["doubts"] == []
    assert run.report["errors"] == []
    assert run.report["pack"]["weakenings"] == []
    assert (run.code, run.report["verdict"]) == (0, "pass")
