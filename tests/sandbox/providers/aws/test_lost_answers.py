"""Calls that AWS carried out and whose answer, or asker, was lost; calls that it refuses once."""

from __future__ import annotations

import pytest

from mobile_ai.sandbox.providers.aws.api.session import AwsApiError
from mobile_ai.sandbox.providers.aws.kinds import KINDS
from mobile_ai.sandbox.providers.cloud import UnfinishedError
from tests.cases import always

from .test_faults import BUCKET, OBJECTS, SHOWN, TOPIC
from .world import Killed, World, answering, losing

pytestmark = pytest.mark.slow

MANY_STEPS = (
    "aws:kinesis/stream:Stream",
    "aws:kms/key:Key",
    "aws:ec2/vpc:Vpc",
    "aws:sns/topic:Topic",
    "aws:s3/bucket:Bucket",
    "aws:cloudwatch/logGroup:LogGroup",
)
QUEUE = "aws:sqs/queue:Queue"


def counted(world: World) -> dict[str, int]:
    return {name: len(ids) for name, ids in world.objects().items()}


@pytest.mark.fault("provider killed after any later call of a create")
@pytest.mark.parametrize("token", always([TOPIC, BUCKET], of=MANY_STEPS))
def test_a_process_killed_after_any_call_is_followed_by_one_that_goes_on(world: World, token: str):
    wanted = world.wanted(token, OBJECTS[token])
    made = world.create(token, OBJECTS[token])
    calls, whole = len(world.session.calls), counted(world)
    for call in range(1, calls):
        world.cloud.delete(wanted, object_id=made.id, known=made.outputs)
        assert counted(world) == {}
        world.start()
        world.session.die_at = call
        with pytest.raises(Killed):
            world.create(token, OBJECTS[token])
        world.start()
        made = world.create(token, OBJECTS[token])
        assert counted(world) == whole
        assert world.read(token, OBJECTS[token], made).inputs == OBJECTS[token]


@pytest.mark.fault("answer of a create call lost, connection broken")
@pytest.mark.parametrize("token", always(SHOWN, of=sorted(OBJECTS)))
def test_a_create_whose_answer_is_lost_makes_one_object(world: World, token: str):
    world.session.losing = losing(KINDS[token].create.operation)
    try:
        made = world.create(token, OBJECTS[token])
    except AwsApiError:
        world.start()
        made = world.create(token, OBJECTS[token])
    assert set(counted(world).values()) == {1}
    assert world.read(token, OBJECTS[token], made).inputs == OBJECTS[token]


@pytest.mark.fault("update refused")
def test_a_refused_update_is_done_by_the_next_run(world: World):
    made = world.create(QUEUE, OBJECTS[QUEUE])
    more = {**OBJECTS[QUEUE], "delaySeconds": 7.0}
    wanted = world.wanted(QUEUE, more, before=OBJECTS[QUEUE])
    world.session.answers = [answering(403, "AccessDenied")] * 2
    with pytest.raises((AwsApiError, UnfinishedError), match="AccessDenied"):
        world.cloud.update(wanted, object_id=made.id, old=made.outputs)
    world.session.answers = []
    world.cloud.update(wanted, object_id=made.id, old=made.outputs)
    assert world.read(QUEUE, more, made).inputs == more
    assert counted(world) == {"sqs:list_queues": 1}


@pytest.mark.fault("delete refused")
def test_a_refused_delete_is_done_by_the_next_run(world: World):
    made = world.create(TOPIC, OBJECTS[TOPIC])
    wanted = world.wanted(TOPIC, OBJECTS[TOPIC])
    world.session.answers = [answering(403, "AuthorizationError")]
    with pytest.raises(AwsApiError, match="AuthorizationError"):
        world.cloud.delete(wanted, object_id=made.id, known=made.outputs)
    assert counted(world) == {"sns:list_topics": 1}
    world.cloud.delete(wanted, object_id=made.id, known=made.outputs)
    assert counted(world) == {}
