"""A refresh and an import see what was changed by hand."""

from __future__ import annotations

import pytest

from mobile_ai.sandbox.providers.values import Special

from .world import World

BUCKET = {
    "bucket": "models",
    "forceDestroy": True,
    "tags": {"a": "1"},
    "tagsAll": {"a": "1", "b": "2"},
}
BUDGET = {
    "name": "b",
    "budgetType": "COST",
    "limitAmount": "10.0",
    "limitUnit": "USD",
    "timeUnit": "MONTHLY",
}
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"


def test_a_swapped_object_is_seen(world: World):
    world.create("aws:s3/bucket:Bucket", BUCKET)
    inputs = {"bucket": "models", "key": "m", "source": Special("asset", {"text": "good"})}
    made = world.create(OBJECT, inputs)
    assert world.read(OBJECT, inputs, made).inputs == inputs
    world.api("s3", "put_object", Bucket="models", Key="m", Body=b"bad")
    assert world.read(OBJECT, inputs, made).inputs.keys() - inputs.keys() == {"etag"}


@pytest.mark.fault("bytes of an object swapped by hand")
def test_a_swapped_object_is_put_back(world: World):
    world.create("aws:s3/bucket:Bucket", BUCKET)
    inputs = {"bucket": "models", "key": "m", "source": Special("asset", {"text": "good"})}
    made = world.create(OBJECT, inputs)
    world.api("s3", "put_object", Bucket="models", Key="m", Body=b"bad")
    wanted = world.wanted(OBJECT, inputs, before={**inputs, "etag": "of bad"})
    world.cloud.update(wanted, object_id=made.id, old=made.outputs)
    assert world.api("s3", "get_object", Bucket="models", Key="m")["Body"].read() == b"good"


@pytest.mark.fault("object deleted by hand")
def test_a_deleted_object_of_a_bucket_is_gone_and_so_is_its_bucket(world: World):
    bucket = world.create("aws:s3/bucket:Bucket", BUCKET)
    inputs = {"bucket": "models", "key": "m", "source": Special("asset", {"text": "good"})}
    made = world.create(OBJECT, inputs)
    world.api("s3", "delete_object", Bucket="models", Key="m")
    assert world.read(OBJECT, inputs, made) is None
    world.api("s3", "delete_bucket", Bucket="models")
    assert world.read("aws:s3/bucket:Bucket", BUCKET, bucket) is None


@pytest.mark.fault("object deleted by hand")
def test_a_deleted_budget_is_gone(world: World):
    token = "aws:budgets/budget:Budget"
    made = world.create(token, BUDGET)
    world.api("budgets", "delete_budget", AccountId="123456789012", BudgetName="b")
    assert world.read(token, BUDGET, made) is None


@pytest.mark.fault("property edited by hand")
def test_an_alias_moved_to_another_key_is_seen(world: World):
    keys = [world.create("aws:kms/key:Key", {"description": n}, name=n).id for n in ("a", "b")]
    inputs = {"name": "alias/models", "targetKeyId": keys[0]}
    made = world.create("aws:kms/alias:Alias", inputs)
    world.api("kms", "update_alias", AliasName="alias/models", TargetKeyId=keys[1])
    found = world.read("aws:kms/alias:Alias", inputs, made)
    assert found.inputs["targetKeyId"] == keys[1]


@pytest.mark.fault("tag edited by hand")
def test_an_edited_tag_is_seen_and_the_mark_is_not_shown(world: World):
    made = world.create("aws:s3/bucket:Bucket", BUCKET)
    tags = [{"Key": "a", "Value": "9"}, {"Key": "b", "Value": "2"}]
    world.api("s3", "put_bucket_tagging", Bucket="models", Tagging={"TagSet": tags})
    found = world.read("aws:s3/bucket:Bucket", BUCKET, made)
    assert found.inputs["tags"] == {"a": "9"}
    assert found.inputs["tagsAll"] == {"a": "9", "b": "2"}


def test_an_object_that_nobody_touched_reads_as_recorded(world: World):
    made = world.create("aws:s3/bucket:Bucket", BUCKET)
    found = world.read("aws:s3/bucket:Bucket", BUCKET, made)
    assert (found.inputs, found.outputs) == (BUCKET, made.outputs)


def test_an_import_reads_the_inputs_off_the_object(world: World):
    world.api("sqs", "create_queue", QueueName="q", Attributes={"DelaySeconds": "7"})
    url = world.api("sqs", "get_queue_url", QueueName="q")["QueueUrl"]
    token = "aws:sqs/queue:Queue"
    found = world.cloud.read(world.wanted(token, {}), object_id=url, known={})
    assert found.inputs["delaySeconds"] == 7.0
    assert found.outputs["arn"].endswith(":q")


def test_a_role_is_made_with_its_boundary_and_gets_another_on_update(world: World):
    role, first, second = "aws:iam/role:Role", *(f"arn:aws:iam::1:policy/{n}" for n in "ab")
    inputs = {"name": "r", "assumeRolePolicy": "{}", "permissionsBoundary": first}

    made = world.create(role, inputs)

    found = world.read(role, inputs, made)
    assert found is not None
    assert found.inputs["permissionsBoundary"] == first
    wanted = world.wanted(role, {**inputs, "permissionsBoundary": second}, before=inputs)
    world.cloud.update(wanted, object_id=made.id, old=made.outputs)
    live = world.api("iam", "get_role", RoleName="r")["Role"]
    assert live["PermissionsBoundary"]["PermissionsBoundaryArn"] == second
