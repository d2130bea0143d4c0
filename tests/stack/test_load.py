"""A stack file is either usable or refused with every reason at once."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.stack.errors import SettingsError
from mobile_ai.stack.load import decode_config, load_stack
from mobile_ai.stack.settings_checks import check_class
from tests.components.support import ROOT, stack_values

Values = dict[str, Any]
MANIFEST = "models/digits/1.1.0/manifest.yaml"


def deployment(values: Values) -> Any:
    return values["deployments"][0]


def problems(values: Values, root: Path, stack: str = "dev") -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_stack(values, root=root, stack=stack)
    return [str(problem) for problem in caught.value.problems]


def put(*path: str | int, value: Any) -> Callable[[Values], None]:
    def change(values: Values) -> None:
        target: Any = values
        for part in path[:-1]:
            target = target[part]
        target[path[-1]] = value

    return change


def drop(*path: str | int) -> Callable[[Values], None]:
    def change(values: Values) -> None:
        target: Any = values
        for part in path[:-1]:
            target = target[part]
        del target[path[-1]]

    return change


def repeat_deployment(values: Values) -> None:
    values["deployments"].append(deployment(values))


FIRST = ("deployments", 0)
RINGS = (*FIRST, "rollout", "rings")

# case: (what is changed, the key that the message names, what the message also says)
BAD: dict[str, tuple[Callable[[Values], None], str, str]] = {
    "wrong type": (
        put("protect", value="yes"),
        "mobile-ai:protect",
        "got 'yes'; expected true or false",
    ),
    "number for text": (put("aws", "accountId", value=111122223333), "aws.accountId", "in quotes"),
    "unknown top-level key": (
        put("regoin", value="x"),
        "mobile-ai:regoin",
        "did you mean 'region'",
    ),
    "unknown nested key": (
        put(*FIRST, "rollout", "stagee", value="x"),
        "deployments[0].rollout.stagee",
        "did you mean 'stage'",
    ),
    "unknown key of a placement": (
        put(*FIRST, "placement", 1, "sites", value=[]),
        "deployments[0].placement[1].sites",
        "did you mean 'site'",
    ),
    "missing key": (drop("owner", "costCenter"), "mobile-ai:owner.costCenter", "Cost centre that"),
    "missing file": (
        put(*FIRST, "manifest", value="models/digits/9.9.9/manifest.yaml"),
        "deployments[0].manifest",
        "no such file",
    ),
    "wrong sha256": (put(*FIRST, "sha256", value="a" * 64), "deployments[0].sha256", "got aaaa"),
    "digest of another form": (put(*FIRST, "sha256", value="abc"), "sha256", "64 lower-case hexa"),
    "region of another form": (
        put("region", value="Frankfurt"),
        "mobile-ai:region",
        "an AWS region",
    ),
    "region of another partition": (
        put("region", value="cn-north-1"),
        "mobile-ai:region",
        "'cn-north-1' of partition aws-cn",
    ),
    "a zone twice": (
        put("network", "zoneLetters", value=["a", "a"]),
        "mobile-ai:network",
        "a letter twice",
    ),
    "too few zones": (put("network", "zoneLetters", value=["c"]), "mobile-ai:network", "fewer le"),
    "region not allowed": (put("region", value="eu-west-1"), "region", "aws.allowedRegions"),
    "budget not found": (
        put(*FIRST, "budget", value="nobody"),
        "deployments[0].budget",
        "one of ['stack', 'field-assistant']",
    ),
    "budget of an unknown application": (
        put("budgets", 1, "scope", value="app:other"),
        "budgets[1].scope",
        "field-assistant",
    ),
    "duplicate deployment": (repeat_deployment, "mobile-ai:deployments", "2 entries named"),
    "percent over 100": (put(*RINGS, 1, "percent", value=101), "rings[1].percent", "at most 100"),
    "percent not cumulative": (put(*RINGS, 1, "percent", value=5), "rollout", "must rise"),
    "stage that is no ring": (put(*FIRST, "rollout", "stage", value="beta"), "rollout", "'beta'"),
    "path outside models": (
        put(*FIRST, "manifest", value="models/../secrets/1/manifest.yaml"),
        "deployments[0].manifest",
        "a path below models/",
    ),
    "absolute path": (
        put(*FIRST, "manifest", value="/etc/models/x/manifest.yaml"),
        "deployments[0].manifest",
        "a path below models/",
    ),
    "site not found": (
        put(*FIRST, "placement", 1, "site", value="moon"),
        "deployments[0].placement[1].site",
        "one of ['lab']",
    ),
    "variant not in the manifest": (
        put(*FIRST, "placement", 0, "variant", value="int2"),
        "deployments[0].placement[0].variant",
        "['int8', 'int8-onnx']",
    ),
    "another version's manifest": (
        put(*FIRST, "version", value="1.2.0"),
        "deployments[0].manifest",
        "the manifest of digits 1.1.0; expected digits 1.2.0",
    ),
    "unknown privacy tier": (
        put(*FIRST, "dataProcessing", "privacyTier", value="Secret"),
        "dataProcessing.privacyTier",
        "'GDPR_Sensitive'",
    ),
    "image by tag": (
        put("images", "mlflow", value="registry.example.com/mlflow:latest"),
        "images.mlflow",
        "repository@sha256:",
    ),
    "image that nothing runs": (
        put("images", "jobs", value=f"registry.example.com/jobs@sha256:{'0' * 64}"),
        "images.jobs",
        "expected one of edge, mlflow. Next: remove the key",
    ),
    "image in another registry than Lambda's": (
        put("images", "edge", "arm64", value=f"ghcr.io/x/edge@sha256:{'0' * 64}"),
        "images.edge.arm64",
        "where Lambda can pull it",
    ),
    "another account than that of the images": (
        put("aws", "accountId", value="999999999999"),
        "mobile-ai:aws.accountId",
        "the account whose registry has the image",
    ),
    "gateway in a namespace of every cluster": (
        put("sites", 0, "gateway", "namespace", value="kube-system"),
        "mobile-ai:sites[0].gateway.namespace",
        "not `default` or `kube-*`",
    ),
    "cloud placement abroad": (
        put(*FIRST, "placement", 2, "region", value="us-west-2"),
        "deployments[0].placement[2].region",
        "the home region 'eu-central-1'",
    ),
    "push without a context": (
        put("sites", 0, "mode", value="push"),
        "sites[0]",
        "needs a context",
    ),
    "replicas upside down": (
        put(*FIRST, "placement", 1, "replicas", value={"min": 3, "max": 1}),
        "placement[1].replicas",
        "min 3 is above max 1",
    ),
    "network too small": (
        put("network", "cidr", value="10.0.0.0/28"),
        "network.cidr",
        "/16 and /24",
    ),
    "a role of an earlier version": (
        put("aws", "deployRole", value="arn:aws:iam::999999999999:role/x"),
        "aws.deployRole",
        "remove the key: a job takes its role before the program runs",
    ),
    "going back to the same version": (
        put(*FIRST, "previous", "version", value="1.1.0"),
        "deployments[0].previous.version",
        "another version",
    ),
    "certificate without a domain": (
        put("delivery", "hostedZoneId", value="Z0123456789"),
        "mobile-ai:delivery",
        "belong to a domain",
    ),
    "events move sooner than the cloud allows": (
        put("telemetry", "infrequentAfterDays", value=29),
        "telemetry.infrequentAfterDays",
        "at least 30",
    ),
    "events move after they are gone": (
        put("telemetry", "infrequentAfterDays", value=400),
        "mobile-ai:telemetry",
        "less than retentionDays",
    ),
    "freshness that expires too soon": (
        put("delivery", "timestampExpiryMinutes", value=60),
        "mobile-ai:delivery",
        "3 x timestampRefreshMinutes",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_stack_file_is_refused_by_key_and_reason(case: str, shared_repository: Path) -> None:
    change, key, reason = BAD[case]
    values = stack_values(shared_repository)
    change(values)

    found = problems(values, shared_repository)

    matching = [line for line in found if key in line.split(": got")[0] and reason in line]
    assert matching, found
    assert all(": got " in line and "; expected " in line and ". Next: " in line for line in found)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_both_sample_stacks_load(stack: str, shared_repository: Path) -> None:
    inputs = load_stack(stack_values(shared_repository, stack), root=shared_repository, stack=stack)

    assert set(inputs.models) == {"digits-1.0.0", "digits-1.1.0"}
    assert inputs.settings.environment == stack


def test_every_problem_is_reported_at_once(shared_repository: Path) -> None:
    values = stack_values(shared_repository)
    deployment(values).update(budget="nobody", sha256="b" * 64)
    values["aws"]["allowedRegions"] = ["eu-west-1"]

    found = problems(values, shared_repository)

    assert len(found) == 3


def test_the_error_counts_its_problems_and_says_nothing_was_deployed(
    shared_repository: Path,
) -> None:
    values = stack_values(shared_repository)
    deployment(values)["budget"] = "nobody"

    with pytest.raises(SettingsError, match=r"Pulumi\.dev\.yaml has 1 problem; nothing was deploy"):
        load_stack(values, root=shared_repository, stack="dev")


def test_production_without_a_domain_is_refused(shared_repository: Path) -> None:
    values = stack_values(shared_repository, "prod")
    del values["delivery"]["domain"], values["delivery"]["hostedZoneId"]
    settings = load_stack(values, root=shared_repository, stack="prod").settings

    [problem] = check_class(settings, "production")

    assert str(problem).startswith("mobile-ai:delivery.domain: got nothing")
    assert check_class(settings, "development") == []


@pytest.mark.parametrize("name", ["staging", "live", "eu-2"])
def test_an_environment_has_any_name(shared_repository: Path, name: str) -> None:
    values = {**stack_values(shared_repository), "environment": name}

    inputs = load_stack(values, root=shared_repository, stack="any-stack")

    assert inputs.settings.environment == name


@pytest.mark.parametrize("name", ["Staging", "2nd", "a" * 32, "a b", ""])
def test_an_environment_of_another_form_is_refused(shared_repository: Path, name: str) -> None:
    values = {**stack_values(shared_repository), "environment": name}

    [line] = problems(values, shared_repository)

    assert line.startswith("mobile-ai:environment: got")


def test_a_name_too_long_for_the_cloud_is_refused(shared_repository: Path) -> None:
    values = stack_values(shared_repository)
    deployment(values)["app"] = "a" * 24
    values["budgets"][1]["scope"] = f"app:{'a' * 24}"

    [line] = problems(values, shared_repository, "dev-" + "x" * 20)

    assert "at most 63 characters" in line


@pytest.mark.parametrize(
    "stack", ["dev-" + "x" * 21, "dev-Test", "dev-a_b", "dev-a.b", "dev--eu", "dev-eu-"]
)
def test_a_stack_that_cannot_be_part_of_a_name_in_aws_is_refused(
    shared_repository: Path, stack: str
) -> None:
    [line] = problems(stack_values(shared_repository), shared_repository, stack)

    assert f"stack {stack!r}" in line
    assert "at most 24 lower-case letters" in line


def test_an_application_that_would_take_the_name_of_a_platform_function_is_refused(
    shared_repository: Path,
) -> None:
    values = stack_values(shared_repository)
    deployment(values).update(app="registry", model="task")
    values["budgets"][1]["scope"] = "app:registry"

    lines = problems(values, shared_repository)

    assert any("got 'registry-task' for application and model" in line for line in lines)


def test_a_manifest_edited_after_pinning_is_refused(repository: Path) -> None:
    with (repository / MANIFEST).open("a") as file:
        file.write("# harmless\n")

    [line] = problems(stack_values(repository), repository)

    assert line.startswith("mobile-ai:deployments[0].sha256: got ")


def test_a_manifest_that_is_no_manifest_is_refused(repository: Path) -> None:
    text = "kind: Other\n"
    (repository / MANIFEST).write_text(text)
    values = stack_values(repository)
    deployment(values)["sha256"] = hashlib.sha256(text.encode()).hexdigest()

    [line] = problems(values, repository)

    assert line.startswith("mobile-ai:deployments[0].manifest: got ")
    assert "got apiVersion None" in line


def test_an_artifact_with_other_bytes_is_refused(repository: Path) -> None:
    artifact = repository / "models/digits/1.1.0/artifacts/int8.tflite"
    artifact.write_bytes(b"something else")

    [line] = problems(stack_values(repository), repository)

    assert "artifacts/int8.tflite with SHA-256" in line


def test_a_link_out_of_models_is_refused(repository: Path, tmp_path_factory: Any) -> None:
    outside = tmp_path_factory.mktemp("outside") / "manifest.yaml"
    (repository / MANIFEST).rename(outside)
    (repository / MANIFEST).symlink_to(outside)

    [line] = problems(stack_values(repository), repository)

    assert "manifest.yaml is a symbolic link" in line


def test_a_linked_folder_is_refused(repository: Path) -> None:
    folder = repository / "models" / "digits" / "1.1.0"
    folder.rename(repository / "elsewhere")
    folder.symlink_to(repository / "elsewhere")

    [line] = problems(stack_values(repository), repository)

    assert "1.1.0 is a symbolic link" in line


def test_evidence_that_is_missing_is_named(repository: Path) -> None:
    (repository / "models/digits/1.1.0/evidence/assessment.dsse.json").unlink()

    [line] = problems(stack_values(repository), repository)

    assert "evidence/assessment.dsse.json (no such file" in line


def test_values_arrive_decoded_from_the_engine(shared_repository: Path) -> None:
    values = stack_values(shared_repository)
    raw = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()
    }

    assert decode_config(raw) == values


def test_text_that_is_not_json_is_refused_and_not_a_crash(shared_repository: Path) -> None:
    raw = {"environment": "dev", "owner": "{broken"}

    found = problems(decode_config(raw), shared_repository)

    assert any("mobile-ai:owner: got '{broken'" in line for line in found)


@pytest.mark.parametrize("place", ["images/stray.yaml", "images/old/x.yml", "usage/old/x.yaml"])
def test_a_record_that_no_stack_reads_is_refused(repository: Path, place: str) -> None:
    path = repository / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("a: b\n")

    (problem,) = problems(stack_values(repository, "dev"), repository)
    assert f"{place}: got a record that no stack reads" in problem


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_stack_files_of_the_repository_load_with_the_models_in_it(stack: str) -> None:
    inputs = load_stack(stack_values(ROOT, stack), root=ROOT, stack=stack)

    assert inputs.settings.deployments
