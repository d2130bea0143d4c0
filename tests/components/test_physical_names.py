"""Names in AWS: as long and of such characters as each service takes, for any names we accept."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.components.aws.names import AwsScope, balancer_name
from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.stack.settings_checks import LONGEST_STACK, TAKEN_NAMES
from tests.components.aws_support import DEV
from tests.components.support import Engine, Registered, run_stack, write_repository

WORD: Final = r"[A-Za-z0-9_-]"
# (type, property) -> (longest, characters), from each service's API reference.
BOUNDS: Final[dict[tuple[str, str], tuple[int, str]]] = {
    ("Alias", "name"): (256, r"alias/[A-Za-z0-9/_-]+"),
    ("AnomalyMonitor", "name"): (1_024, r"\S+"),
    ("AnomalySubscription", "name"): (1_024, r"\S+"),
    ("Api", "name"): (128, r"\S+"),
    ("Authorizer", "name"): (128, r"\S+"),
    ("Bucket", "bucket"): (63, r"[a-z0-9](-?[a-z0-9])+"),
    ("Budget", "name"): (100, r"[^:\\]+"),
    ("CachePolicy", "name"): (128, rf"{WORD}+"),
    ("CatalogDatabase", "name"): (255, r"[a-z0-9_]+"),
    ("CatalogTable", "name"): (255, r"[a-z0-9_]+"),
    ("Cluster", "name"): (255, rf"{WORD}+"),
    ("Dashboard", "dashboardName"): (255, rf"{WORD}+"),
    ("FirehoseDeliveryStream", "name"): (64, r"[a-zA-Z0-9_.-]+"),
    ("aws:cloudfront/function:Function", "name"): (64, rf"{WORD}+"),
    ("aws:lambda/function:Function", "name"): (64, rf"{WORD}+"),
    ("Instance", "identifier"): (63, r"[a-z](-?[a-z0-9])*"),
    ("Instance", "finalSnapshotIdentifier"): (255, r"[a-z](-?[a-z0-9])*"),
    ("KeyGroup", "name"): (128, rf"{WORD}+"),
    ("LoadBalancer", "name"): (32, r"(?!internal-)[A-Za-z0-9](-*[A-Za-z0-9])*"),
    ("LogDeliveryDestination", "name"): (60, rf"{WORD}+"),
    ("LogDeliverySource", "name"): (60, rf"{WORD}+"),
    ("LogGroup", "name"): (512, r"[A-Za-z0-9_/.#-]+"),
    ("MetricAlarm", "name"): (255, r"\S+"),
    ("OriginAccessControl", "name"): (64, rf"{WORD}+"),
    ("Parameter", "name"): (1_011, r"[a-zA-Z0-9_./-]+"),
    ("aws:rds/parameterGroup:ParameterGroup", "name"): (255, r"[a-z](-?[a-z0-9])*"),
    ("PublicKey", "name"): (128, rf"{WORD}+"),
    ("Repository", "name"): (256, r"[a-z0-9]+([._/-][a-z0-9]+)*"),
    ("ResponseHeadersPolicy", "name"): (128, rf"{WORD}+"),
    ("Role", "name"): (64, r"[A-Za-z0-9_+=,.@-]+"),
    ("RolePolicy", "name"): (128, r"[A-Za-z0-9_+=,.@-]+"),
    ("Schedule", "name"): (64, r"[0-9a-zA-Z_.-]+"),
    ("Secret", "name"): (512, r"[A-Za-z0-9/_+=.@-]+"),
    ("SecurityGroup", "name"): (255, r"(?!sg-)[\w .:/()#,@\[\]+=&;{}!$*-]+"),
    ("Service", "name"): (255, rf"{WORD}+"),
    ("Stage", "name"): (128, r"\$default"),
    ("Stream", "name"): (128, r"[a-zA-Z0-9_.-]+"),
    ("SubnetGroup", "name"): (255, r"[a-z0-9_. -]+"),
    ("TargetGroup", "name"): (32, r"[A-Za-z0-9](-*[A-Za-z0-9])*"),
    ("TaskDefinition", "family"): (255, rf"{WORD}+"),
    ("Topic", "name"): (256, rf"{WORD}+"),
    ("Queue", "name"): (80, rf"{WORD}+"),
    ("WebAcl", "name"): (128, rf"{WORD}+"),
    ("Workgroup", "name"): (128, r"[a-zA-Z0-9._-]+"),
}
NAMES: Final = (
    "name",
    "bucket",
    "identifier",
    "finalSnapshotIdentifier",
    "family",
    "dashboardName",
)
# A name of another resource, of a domain, or of something that AWS names.
NOT_NAMES: Final = {
    ("Record", "name"),
    ("Zone", "name"),
    ("ParameterGroup", "family"),
    *((f"Bucket{part}", "bucket") for part in ("LifecycleConfiguration", "Logging", "Objectv2")),
    *((f"Bucket{part}", "bucket") for part in ("OwnershipControls", "Policy", "Versioning")),
    ("BucketPublicAccessBlock", "bucket"),
    ("BucketServerSideEncryptionConfiguration", "bucket"),
}


def named(engine: Engine) -> Iterator[tuple[Registered, str, int, str]]:
    """Yield every AWS resource with a name, the name, and what its service takes."""
    for item in engine.registered:
        for field in NAMES:
            short = (item.type.rsplit(":", 1)[-1], field)
            if not item.type.startswith("aws:") or field not in item.inputs or short in NOT_NAMES:
                continue
            bound = BOUNDS.get((item.type, field)) or BOUNDS[short]
            yield item, item.inputs[field], *bound


def renamed(root: Path, stack: str, *, app: str, model: str) -> Engine:
    """Run prod with everything under other names, each as long as the stack file takes."""
    document = read_yaml((root / "Pulumi.prod-full.yaml").read_text(), name=stack)
    config = document["config"]
    [deployment] = config["mobile-ai:deployments"]
    (root / "models" / "digits").rename(root / "models" / model)
    for entry in (deployment, deployment["previous"]):
        entry["manifest"] = f"models/{model}/{entry['version']}/manifest.yaml"
        manifest = root / entry["manifest"]
        text = manifest.read_text().replace("name: digits", f"name: {model}")
        manifest.write_text(text)
        entry["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    for budget in config["mobile-ai:budgets"]:
        budget["name"] = budget["name"][0] * 24
    config["mobile-ai:budgets"][1]["scope"] = f"app:{app}"
    own = {"app": app, "model": model, "budget": config["mobile-ai:budgets"][1]["name"]}
    deployment.update(own)
    (root / f"Pulumi.{stack}.yaml").write_text(dump_yaml(document))
    return run_stack(root, stack)


@pytest.mark.parametrize(
    ("stack", "app"),
    [("prod", "a" * 24), ("prod-" + "s" * (LONGEST_STACK - 5), "a" * 21)],
    ids=["longest application", "longest stack"],
)
def test_the_longest_names_that_are_accepted_fit_every_service(
    tmp_path: Path, stack: str, app: str
) -> None:
    root = write_repository(tmp_path)
    longest = 63 - len(f"mobile-ai-{stack}-{app}-")
    engine = renamed(root, stack, app=app, model="m" * min(24, longest))

    wrong = [
        (item.type, name, longest, characters)
        for item, name, longest, characters in named(engine)
        if len(name) > longest or not re.fullmatch(characters, name)
    ]
    assert wrong == []
    assert max(len(name) for item, name, *_ in named(engine) if item.type.endswith(":Role")) >= 60


def test_no_two_resources_of_a_type_have_one_name(full: Engine) -> None:
    names = [(item.type, name, item.inputs.get("role")) for item, name, *_ in named(full)]
    names = [entry for entry in names if entry[1] != "$default"]

    assert sorted(map(str, names)) == sorted(map(str, set(names)))


def test_no_application_may_have_what_the_platform_calls_its_own(full: Engine) -> None:
    mine = ("lambda/function:Function", "iam/role:Role", "api:Api", "LogGroup")
    names = {
        name.rpartition("/")[2].removeprefix("mobile-ai-prod-full-")
        for item, name, *_ in named(full)
        if item.type.endswith(mine)
    }
    own = "field-assistant-digits"

    assert {name for name in names if "-" in name} - {own} == TAKEN_NAMES


SCOPES: Final = st.from_regex(r"prod(-[a-z0-9]{1,6}){0,3}", fullmatch=True).map(
    lambda stack: AwsScope(**{**DEV, "stack": stack})  # type: ignore[typeddict-item]
)
PARTS: Final = st.from_regex(r"[a-z][a-z0-9]{0,7}(-[a-z0-9]{1,7}){0,2}", fullmatch=True)


@given(scope=SCOPES, part=PARTS)
def test_a_balancer_has_a_name_that_elb_takes(scope: AwsScope, part: str) -> None:
    name = balancer_name(scope, part)

    assert len(name) <= 32
    assert re.fullmatch(BOUNDS["LoadBalancer", "name"][1], name)
    assert name.startswith("mobile-ai-prod")


@given(one=SCOPES, other=SCOPES, part=PARTS)
def test_two_stacks_never_share_a_balancer(one: AwsScope, other: AwsScope, part: str) -> None:
    same = one["stack"] == other["stack"]

    assert (balancer_name(one, part) == balancer_name(other, part)) is same
