"""Faults between engine and API: nothing is lost, nothing is created twice."""

from __future__ import annotations

import pytest

from mobile_ai.sandbox.providers.aws.api.session import AwsApiError
from mobile_ai.sandbox.providers.aws.kinds import KINDS
from mobile_ai.sandbox.providers.cloud import UnfinishedError
from mobile_ai.sandbox.providers.errors import ProviderError
from tests.cases import always

from .world import Killed, World, answering, answering_json, dead_line, fault

pytestmark = pytest.mark.slow

ROLE = {"name": "r", "path": "/", "assumeRolePolicy": '{"Version": "2012-10-17", "Statement": []}'}
TAGS = {"team": "edge"}
# One object of each way to be found again: by its mark, by its name, by being as wanted.
OBJECTS = {
    "aws:s3/bucket:Bucket": {"bucket": "models", "tagsAll": TAGS},
    "aws:ec2/vpc:Vpc": {"cidrBlock": "10.0.0.0/16", "enableDnsSupport": True, "tagsAll": TAGS},
    "aws:ec2/internetGateway:InternetGateway": {"tagsAll": TAGS},
    "aws:kms/key:Key": {"description": "d", "enableKeyRotation": True, "tagsAll": TAGS},
    "aws:iam/role:Role": {**ROLE, "tagsAll": TAGS},
    "aws:sns/topic:Topic": {"name": "alarms", "tagsAll": TAGS},
    "aws:sqs/queue:Queue": {"name": "dead", "delaySeconds": 5.0, "tagsAll": TAGS},
    "aws:cloudwatch/logGroup:LogGroup": {"name": "/l", "retentionInDays": 30.0, "tagsAll": TAGS},
    "aws:apigatewayv2/api:Api": {"name": "edge", "protocolType": "HTTP", "tagsAll": TAGS},
    "aws:kinesis/stream:Stream": {"name": "events", "shardCount": 1.0, "tagsAll": TAGS},
    "aws:ecr/repository:Repository": {"name": "edge", "tagsAll": TAGS},
    "aws:glue/catalogDatabase:CatalogDatabase": {"name": "telemetry"},
    "aws:athena/workgroup:Workgroup": {"name": "w", "tagsAll": TAGS},
    "aws:acm/certificate:Certificate": {
        "domainName": "models.example.com",
        "validationMethod": "DNS",
        "tagsAll": TAGS,
    },
    "aws:cloudfront/originAccessControl:OriginAccessControl": {
        "name": "oac",
        "description": "d",
        "originAccessControlOriginType": "s3",
        "signingBehavior": "always",
        "signingProtocol": "sigv4",
    },
    "aws:budgets/budget:Budget": {
        "name": "b",
        "budgetType": "COST",
        "limitAmount": "10.0",
        "limitUnit": "USD",
        "timeUnit": "MONTHLY",
    },
}
THROTTLED_JSON = answering_json(400, "ThrottlingException")
BUCKET, VPC, TOPIC = "aws:s3/bucket:Bucket", "aws:ec2/vpc:Vpc", "aws:sns/topic:Topic"
# By its mark, by its name, by being as wanted.
SHOWN = (
    "aws:ec2/internetGateway:InternetGateway",
    BUCKET,
    "aws:cloudfront/originAccessControl:OriginAccessControl",
)


@pytest.mark.fault("provider killed right after a create call")
@pytest.mark.parametrize("token", always(SHOWN, of=sorted(OBJECTS)))
def test_a_process_killed_after_the_create_call_leaves_no_orphan(world: World, token: str):
    world.session.die_after = KINDS[token].create.operation
    with pytest.raises(Killed):
        world.create(token, OBJECTS[token])
    left = world.objects()
    world.start()
    made = world.create(token, OBJECTS[token])
    assert world.objects() == left
    assert world.read(token, OBJECTS[token], made).inputs == OBJECTS[token]


@pytest.mark.parametrize(
    ("token", "answer"),
    [
        fault("API throttles", TOPIC, answering(400, "Throttling")),
        fault("API throttles", "aws:ecr/repository:Repository", THROTTLED_JSON),
        fault("API overloaded (503)", BUCKET, answering(503, "SlowDown")),
        fault("API overloaded (503)", VPC, answering(503, "RequestLimitExceeded")),
        fault("API fails inside (500)", "aws:iam/role:Role", answering(500, "ServiceFailure")),
        fault("connection refused", "aws:kms/key:Key", dead_line),
    ],
)
def test_a_busy_api_is_asked_again(world: World, token: str, answer):
    world.session.answers = [answer, answer]
    assert world.create(token, OBJECTS[token]).id


@pytest.mark.fault("API busy for good")
def test_an_api_that_stays_busy_is_given_up_with_the_next_step(world: World, monkeypatch):
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    world.session.answers = [answering(503, "SlowDown")] * 50
    with pytest.raises(AwsApiError, match=r"after 6 attempt\(s\).*run the same command again"):
        world.create(BUCKET, OBJECTS[BUCKET])


@pytest.mark.fault("create done in part, then refused")
def test_an_object_that_could_not_be_finished_is_kept_and_finished_later(world: World):
    token, inputs = "aws:kinesis/stream:Stream", OBJECTS["aws:kinesis/stream:Stream"]
    ok = [lambda _: None]  # the create call passes, what follows is refused
    world.session.answers = [*ok, answering(400, "AccessDeniedException")]
    with pytest.raises(UnfinishedError) as caught:
        world.create(token, inputs)
    wanted = world.wanted(token, inputs, before=inputs)
    made = caught.value.made
    outputs = world.cloud.update(wanted, object_id=made.id, old=made.outputs)
    assert outputs["name"] == "events"
    assert world.cloud.read(wanted, object_id=made.id, known=outputs).inputs == inputs


@pytest.mark.fault("somebody else's object of the same name")
def test_an_object_of_somebody_else_is_not_taken_over(world: World):
    world.api("iam", "create_role", RoleName="r", AssumeRolePolicyDocument="{}")
    with pytest.raises(ProviderError, match="another resource made"):
        world.create("aws:iam/role:Role", OBJECTS["aws:iam/role:Role"])


def test_an_object_that_the_state_holds_is_not_taken_for_its_replacement(world: World):
    old = world.create(VPC, OBJECTS[VPC])
    world.start()
    new = world.create(VPC, OBJECTS[VPC], held=frozenset({old.id}))
    assert new.id != old.id


def test_a_replacement_without_a_known_id_takes_over_nothing(world: World):
    old = world.create(VPC, OBJECTS[VPC])
    world.start()
    assert world.create(VPC, OBJECTS[VPC], held=frozenset({""})).id != old.id


@pytest.mark.fault("object deleted by hand before its update")
def test_an_update_of_an_object_that_is_gone_says_how_to_go_on(world: World):
    made = world.create(TOPIC, OBJECTS[TOPIC])
    world.api("sns", "delete_topic", TopicArn=made.id)
    with pytest.raises(ProviderError, match="refresh"):
        world.cloud.update(world.wanted(TOPIC, OBJECTS[TOPIC]), object_id=made.id, old=made.outputs)


@pytest.mark.fault("delete of what is gone")
@pytest.mark.parametrize("token", always(SHOWN, of=sorted(OBJECTS)))
def test_a_delete_can_be_repeated_and_leaves_nothing(world: World, token: str):
    made = world.create(token, OBJECTS[token])
    wanted = world.wanted(token, OBJECTS[token])
    for _ in range(2):
        world.cloud.delete(wanted, object_id=made.id, known=made.outputs)
    assert world.objects() == {}


@pytest.mark.fault("object about to be deleted in the place of a new one")
@pytest.mark.parametrize("token", always(SHOWN, of=sorted(OBJECTS)))
def test_what_waits_for_its_deletion_is_not_taken_for_a_leftover(world: World, token: str):
    made = world.create(token, OBJECTS[token])
    world.cloud.delete(world.wanted(token, OBJECTS[token]), object_id=made.id, known=made.outputs)
    world.start()
    again = world.create(token, OBJECTS[token])
    assert world.read(token, OBJECTS[token], again) is not None
