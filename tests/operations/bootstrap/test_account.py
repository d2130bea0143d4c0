"""Creating the missing resources of an account, against moto's AWS API."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from mobile_ai.cli.main import main
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.resource import Resource
from mobile_ai.operations.bootstrap.account import WantedAccount, bootstrap
from mobile_ai.operations.bootstrap.names import refuse_shared_names
from mobile_ai.operations.bootstrap.rights import StackPlace
from mobile_ai.operations.bootstrap.trust import Repository
from tests.stack.sample import stack_text


def planned(token: str, **props: Any) -> Resource:
    return Resource(type=token, name="t", urn="urn:pulumi:dev::p::t::t", props=props)


PLACE = StackPlace(
    account="123456789012",
    stack="dev",
    region="eu-central-1",
    regions=("eu-central-1", "us-east-1"),
)
WANTED = WantedAccount(
    place=PLACE,
    repository=Repository.parse("example/models"),
    plan=(
        planned("aws:sns/topic:Topic", name="mobile-ai-dev-t"),
        planned("aws:s3/bucket:Bucket", bucket="mobile-ai-dev-b"),
    ),
)
QUEUE = replace(WANTED, plan=(planned("aws:sqs/queue:Queue", name="mobile-ai-dev-q"),))
ROLE = "mobile-ai-pipeline-dev-deploy"


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    client.cache_clear()
    with mock_aws():
        yield


@lru_cache
def client(service: str) -> Any:
    return boto3.client(service, region_name="eu-central-1")


def run(wanted: WantedAccount = WANTED) -> dict[str, str]:
    return {item.what: item.outcome for item in bootstrap(wanted, client)}


def document(number: int = 1) -> dict[str, Any]:
    arn = f"arn:aws:iam::123456789012:policy/mobile-ai/{ROLE}-{number}"
    default = client("iam").get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    found = client("iam").get_policy_version(PolicyArn=arn, VersionId=default)
    value: dict[str, Any] = found["PolicyVersion"]["Document"]
    return value


def test_everything_is_made_once_and_found_again() -> None:
    first, second = run(), run()

    assert set(first.values()) == {"made"}
    assert set(second.values()) == {"there"}
    assert list(first) == list(second)


def test_the_state_is_encrypted_versioned_and_closed() -> None:
    run()
    s3 = client("s3")

    assert s3.get_bucket_versioning(Bucket=WANTED.bucket)["Status"] == "Enabled"
    blocked = s3.get_public_access_block(Bucket=WANTED.bucket)["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    rule = s3.get_bucket_encryption(Bucket=WANTED.bucket)["ServerSideEncryptionConfiguration"]
    assert rule["Rules"][0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    policy = json.loads(s3.get_bucket_policy(Bucket=WANTED.bucket)["Policy"])
    assert policy["Statement"][0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_state_that_was_opened_by_hand_is_closed_again() -> None:
    run()
    client("s3").delete_public_access_block(Bucket=WANTED.bucket)

    run()

    found = client("s3").get_public_access_block(Bucket=WANTED.bucket)
    assert set(found["PublicAccessBlockConfiguration"].values()) == {True}


def test_signers_are_keys_that_sign_and_images_cannot_change() -> None:
    run()

    for name in ("builder", "evaluator"):
        key = client("kms").describe_key(KeyId=f"alias/mobile-ai-{name}")["KeyMetadata"]
        assert (key["KeySpec"], key["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
    for repository in client("ecr").describe_repositories()["repositories"]:
        assert repository["imageTagMutability"] == "IMMUTABLE"


def gate_key_policy() -> dict[str, Any]:
    kms = client("kms")
    key = kms.describe_key(KeyId="alias/mobile-ai-gate-dev")["KeyMetadata"]["KeyId"]
    value: dict[str, Any] = json.loads(
        kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    )
    return value


def test_one_role_alone_may_sign_for_the_gate() -> None:
    run()

    key = client("kms").describe_key(KeyId="alias/mobile-ai-gate-dev")["KeyMetadata"]
    assert (key["KeySpec"], key["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
    signers = [s["Principal"] for s in gate_key_policy()["Statement"] if "kms:Sign" in s["Action"]]
    gate = "arn:aws:iam::123456789012:role/mobile-ai/mobile-ai-pipeline-dev-gate"
    assert signers == [{"AWS": gate}]
    role = client("iam").get_role(RoleName="mobile-ai-pipeline-dev-gate")["Role"]
    taken_by = role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringEquals"]
    assert "repo:example/models:environment:gate-dev" in taken_by.values()


def test_a_gate_key_that_was_opened_by_hand_is_closed_again() -> None:
    run()
    before = gate_key_policy()
    opened = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*"}]}
    key = client("kms").describe_key(KeyId="alias/mobile-ai-gate-dev")["KeyMetadata"]["KeyId"]
    client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(opened))

    assert run()["key alias/mobile-ai-gate-dev"] == "changed"
    assert gate_key_policy() == before


def test_other_types_change_the_policies_and_nothing_else() -> None:
    run()
    before = document()

    outcomes = run(QUEUE)

    assert before != document()
    assert {name for name, outcome in outcomes.items() if outcome == "changed"} == {
        f"policy {ROLE}-1",
        "policy mobile-ai-pipeline-dev-preview-1",
        "policy mobile-ai-pipeline-dev-gate-1",
    }
    for _ in range(3):  # AWS keeps five versions
        run()
        run(QUEUE)


def test_a_policy_that_is_no_longer_needed_is_taken_away() -> None:
    run()
    other = client("iam").create_policy(PolicyName="other", PolicyDocument=json.dumps(document()))
    client("iam").attach_role_policy(RoleName=ROLE, PolicyArn=other["Policy"]["Arn"])

    run()

    attached = client("iam").list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]
    assert [item["PolicyName"] for item in attached] == [f"{ROLE}-1"]


def test_another_account_is_refused_before_anything_is_made() -> None:
    with pytest.raises(GovernanceError, match="got account 123456789012; expected account 1111"):
        run(replace(WANTED, place=replace(PLACE, account="111122223333")))

    assert client("s3").list_buckets()["Buckets"] == []


def test_lambda_pulls_the_edge_image_and_what_was_changed_by_hand_is_put_back() -> None:
    first = run()
    ecr = client("ecr")
    text = ecr.get_repository_policy(repositoryName="mobile-ai/edge")["policyText"]
    opened = text.replace("lambda.amazonaws.com", "ec2.amazonaws.com")
    ecr.set_repository_policy(repositoryName="mobile-ai/edge", policyText=opened)

    second = run()

    assert first["repository policy mobile-ai/edge"] == "made"
    assert second["repository policy mobile-ai/edge"] == "changed"
    assert json.loads(text)["Statement"][0]["Principal"] == {"Service": "lambda.amazonaws.com"}
    again = ecr.get_repository_policy(repositoryName="mobile-ai/edge")["policyText"]
    assert json.loads(again) == json.loads(text)


def test_the_boundary_of_the_stacks_roles_is_made_before_the_role_that_names_it() -> None:
    made = list(run())

    boundary = made.index("policy mobile-ai-pipeline-dev-boundary")
    assert boundary < made.index(f"role {ROLE}")
    assert client("iam").get_policy(PolicyArn=PLACE.boundary)["Policy"]["IsAttachable"]


def test_a_refusal_of_aws_is_not_taken_for_a_missing_thing() -> None:
    class Refusing:
        def describe_key(self, **_: Any) -> None:
            answer = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
            raise ClientError(answer, "DescribeKey")  # type: ignore[arg-type]

    def clients(service: str) -> Any:
        return Refusing() if service == "kms" else client(service)

    with pytest.raises(ClientError, match="AccessDenied"):
        list(bootstrap(WANTED, clients))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    account = {"accountId": "123456789012", "allowedRegions": ["eu-central-1"]}
    text = stack_text(lambda values: values.update(region="eu-central-1", aws=account))
    (tmp_path / "Pulumi.dev.yaml").write_text(text)
    (tmp_path / "build" / "gate").mkdir(parents=True)
    urn = "urn:pulumi:dev::mobile-ai::aws:sns/topic:Topic::t"
    new = {"type": "aws:sns/topic:Topic", "urn": urn, "inputs": {"name": "mobile-ai-dev-t"}}
    step = {"resourcePreEvent": {"metadata": {"op": "create", "urn": urn, "new": new}}}
    (tmp_path / "build" / "gate" / "dev.events.jsonl").write_text(json.dumps(step))
    return tmp_path


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["bootstrap", "--stack", "dev", "--repository", "example/models", *arguments])
    return int(ended.value.code or 0)


@pytest.mark.usefixtures("folder")
def test_the_command_says_what_to_put_where(capsys: pytest.CaptureFixture[str]) -> None:
    assert command() == 0

    shown = capsys.readouterr().out
    assert f"backend           s3://{WANTED.bucket}" in shown
    assert "secrets provider  awskms:///" in shown
    assert "deploy role       arn:aws:iam::123456789012:role/mobile-ai/" in shown
    assert "gate key          awskms:alias/mobile-ai-gate-dev" in shown


@pytest.mark.usefixtures("folder")
def test_ids_of_the_repository_are_trusted_and_their_absence_says_how_they_are_found(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command() == 0
    told = capsys.readouterr().err
    assert "gh api repos/example/models --jq" in told

    assert command("--repository", "example@12/models@34") == 0
    assert capsys.readouterr().err == ""
    role = client("iam").get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
    subjects = role["Statement"][0]["Condition"]["StringEquals"]
    assert subjects["token.actions.githubusercontent.com:sub"] == [
        "repo:example/models:environment:dev",
        "repo:example@12/models@34:environment:dev",
    ]


@pytest.mark.usefixtures("folder")
def test_each_right_is_explained_by_the_resource_that_needs_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command("--explain") == 0
    shown = capsys.readouterr().out
    assert shown.startswith("calls to regions go to eu-central-1, us-east-1 alone\naws:sns/topic:")
    topic = "arn:aws:sns:eu-central-1:123456789012:mobile-ai-dev-t"
    assert f"  create sns:CreateTopic on {topic}\n" in shown

    assert command("--explain", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert {
        "type": "aws:sns/topic:Topic",
        "name": "t",
        "verb": "delete",
        "action": "sns:DeleteTopic",
        "arn": topic,
        "condition": {"StringEquals": {"aws:RequestedRegion": ["eu-central-1", "us-east-1"]}},
    } in rows
    assert client("s3").list_buckets()["Buckets"] == []


def test_what_the_plan_deletes_keeps_the_rights_that_deleting_needs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    urn = "urn:pulumi:dev::mobile-ai::aws:sqs/queue:Queue::q"
    old = {"type": "aws:sqs/queue:Queue", "urn": urn, "inputs": {"name": "mobile-ai-dev-q"}}
    gone = {"resourcePreEvent": {"metadata": {"op": "delete", "urn": urn, "old": old}}}
    with (folder / "build" / "gate" / "dev.events.jsonl").open("a") as events:
        events.write(f"\n{json.dumps(gone)}")

    assert command("--explain") == 0

    queue = "arn:aws:sqs:eu-central-1:123456789012:mobile-ai-dev-q"
    assert f"delete sqs:DeleteQueue on {queue}\n" in capsys.readouterr().out


@pytest.mark.parametrize("other", ["dev-eu", "dev"])
def test_a_stack_whose_names_begin_as_anothers_is_refused(
    other: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (folder / "Pulumi.dev.yaml").read_text()
    (folder / f"Pulumi.{other}.yaml").write_text(text)
    (folder / "Pulumi.devel.yaml").write_text(text)
    apart = text.replace("123456789012", "111122223333")
    (folder / "Pulumi.dev-us.yaml").write_text(apart)

    assert command("--policies") == (2 if other == "dev-eu" else 0)
    assert ("also those of stack 'dev-eu'" in capsys.readouterr().err) is (other == "dev-eu")


@pytest.mark.parametrize("name", ["pipeline", "gate", "state", "builder", "evaluator"])
def test_a_stack_whose_names_would_be_the_bootstraps_is_refused(name: str) -> None:
    with pytest.raises(GovernanceError, match="also those of the bootstrap"):
        refuse_shared_names(name, [])


@pytest.mark.usefixtures("folder")
def test_policies_are_printed_without_an_account(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--policies") == 0

    printed = json.loads(capsys.readouterr().out)
    assert set(printed) == {"trust", "deploy", "preview", "gate", "boundary"}
    assert set(printed["trust"]) == {"deploy", "preview", "gate"}
    assert client("s3").list_buckets()["Buckets"] == []


def test_mistakes_are_told_in_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--repository", "example/*") == 2
    assert "expected OWNER/NAME" in capsys.readouterr().err
    (folder / "build" / "gate" / "dev.events.jsonl").unlink()
    assert command() == 2
    assert "run `mobile-ai gate --stack dev`" in capsys.readouterr().err
    (folder / "Pulumi.dev.yaml").unlink()
    assert command() == 2
    assert "Pulumi.dev.yaml: got no such file" in capsys.readouterr().err
