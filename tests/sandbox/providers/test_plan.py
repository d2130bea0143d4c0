"""Preview output: names, tags and regions, and nothing that only the cloud can know."""

from __future__ import annotations

import pytest
from pulumi.runtime.proto import provider_pb2

from mobile_ai.sandbox.providers.values import UNKNOWN, SecretValue, decode, encode

from .stub import ASSUMABLE, BUCKET, DEPLOYMENT, Engine, aws, deployment, kubernetes

TABLE = "aws:ec2/route:Route"
TAGS = '{"tags": {"team": "edge", "cost": "1"}}'
_Autonaming = provider_pb2.CheckRequest.AutonamingOptions


def planned(engine: Engine, token: str, **inputs: object) -> dict[str, object]:
    return dict(engine.create(token, engine.check(token, inputs)))


def test_ids_arns_and_endpoints_are_unknown_at_preview() -> None:
    with aws() as engine:
        outputs = planned(engine, BUCKET, bucket="models")
    assert outputs["arn"] is UNKNOWN
    assert outputs["bucketDomainName"] is UNKNOWN
    assert outputs["bucket"] == "models"


def test_what_only_the_cloud_knows_inside_of_an_input_is_unknown_at_preview() -> None:
    given = {
        "certificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/1",
        "endpointType": "REGIONAL",
    }
    configuration = {**given, "securityPolicy": "TLS_1_2"}
    with aws() as engine:
        outputs = planned(
            engine,
            "aws:apigatewayv2/domainName:DomainName",
            domainName="a.example.com",
            domainNameConfiguration=configuration,
        )
    assert outputs["domainNameConfiguration"] == {
        **configuration,
        "hostedZoneId": UNKNOWN,
        "targetDomainName": UNKNOWN,
    }


def test_a_preview_has_no_id() -> None:
    with aws() as engine:
        inputs = engine.check(BUCKET, {})
        assert engine.create_response(BUCKET, inputs, preview=True).id == ""


def test_optional_inputs_the_cloud_fills_in_are_unknown_until_given() -> None:
    token = "aws:ec2/vpc:Vpc"
    with aws() as engine:
        given = {"cidrBlock": "10.0.0.0/16"}
        assert planned(engine, token, **given)["enableDnsHostnames"] is UNKNOWN
        given |= {"enableDnsHostnames": True}
        assert planned(engine, token, **given)["enableDnsHostnames"] is True


def test_the_bridges_defaults_are_known() -> None:
    with aws() as engine:
        assert planned(engine, "aws:kms/key:Key")["enableKeyRotation"] is False


def test_default_tags_are_merged_and_own_tags_win() -> None:
    with aws(defaultTags=TAGS) as engine:
        checked = engine.check(BUCKET, {"tags": {"cost": "2"}})
    assert checked["tagsAll"] == {"team": "edge", "cost": "2"}
    assert checked["tags"] == {"cost": "2"}


def test_default_tags_alone_give_all_tags() -> None:
    with aws(defaultTags=TAGS) as engine:
        assert planned(engine, BUCKET)["tagsAll"] == {"team": "edge", "cost": "1"}


def test_all_tags_are_unknown_while_one_is() -> None:
    with aws(defaultTags=TAGS) as engine:
        assert planned(engine, BUCKET, tags={"a": UNKNOWN})["tagsAll"] is UNKNOWN


def test_types_without_tags_get_none() -> None:
    with aws(defaultTags=TAGS) as engine:
        assert "tagsAll" not in engine.check(TABLE, {"routeTableId": "rtb-1"})


def test_secret_tags_stay_secret() -> None:
    with aws(defaultTags=TAGS) as engine:
        outputs = planned(engine, BUCKET, tags=SecretValue({"a": "b"}))
    assert outputs["tags"] == SecretValue({"a": "b"})
    assert isinstance(outputs["tagsAll"], SecretValue)


def test_secret_inputs_stay_secret_outputs() -> None:
    token = "aws:rds/instance:Instance"
    with aws() as engine:
        outputs = planned(engine, token, instanceClass="db.t4g.micro", password=SecretValue("x"))
    assert outputs["password"] == SecretValue("x")


def test_the_region_comes_from_the_provider_unless_given() -> None:
    with aws(region="eu-west-1") as engine:
        assert planned(engine, BUCKET)["region"] == "eu-west-1"
        assert planned(engine, BUCKET, region="us-east-1")["region"] == "us-east-1"


def test_global_types_have_no_region() -> None:
    with aws() as engine:
        assert "region" not in engine.check("aws:iam/role:Role", {"assumeRolePolicy": ASSUMABLE})


def test_a_missing_name_is_made_from_the_logical_one() -> None:
    with aws() as engine:
        name = str(engine.check(BUCKET, {})["bucket"])
    assert name.startswith("thing-")
    assert len(name) == len("thing-") + 7


def test_the_same_seed_gives_the_same_name() -> None:
    with aws() as engine:
        assert engine.check(BUCKET, {})["bucket"] == engine.check(BUCKET, {})["bucket"]


def test_an_automatic_name_is_kept_on_update() -> None:
    with aws() as engine:
        first = engine.check(BUCKET, {})
        again = Engine(engine.stub, seed=b"other").check(BUCKET, {"tags": {"a": "b"}}, old=first)
    assert again["bucket"] == first["bucket"]


def test_a_name_the_program_gave_is_not_kept_once_removed() -> None:
    with aws() as engine:
        first = engine.check(BUCKET, {"bucket": "chosen"})
        assert engine.check(BUCKET, {}, old=first)["bucket"] != "chosen"


def test_a_name_prefix_leaves_the_name_to_the_cloud() -> None:
    with aws() as engine:
        assert planned(engine, BUCKET, bucketPrefix="models-")["bucket"] is UNKNOWN


def test_names_follow_the_services_rules() -> None:
    with aws() as engine:
        assert str(engine.check("aws:kms/alias:Alias", {"targetKeyId": "k"})["name"]).startswith(
            "alias/thing-"
        )
        assert str(engine.check("aws:sqs/queue:Queue", {"fifoQueue": True})["name"]).endswith(
            ".fifo"
        )


def test_an_enforced_name_is_taken_as_it_is() -> None:
    options = _Autonaming(proposed_name="dev-thing", mode=_Autonaming.ENFORCE)
    with aws() as engine:
        assert engine.check(BUCKET, {}, autonaming=options)["bucket"] == "dev-thing"


def test_switched_off_naming_asks_for_a_name() -> None:
    options = _Autonaming(mode=_Autonaming.DISABLE)
    with aws() as engine, pytest.raises(Exception, match="automatic naming is switched off"):
        engine.check(BUCKET, {}, autonaming=options)


def test_kubernetes_names_and_namespaces_are_filled_in() -> None:
    with kubernetes(namespace="edge") as engine:
        inputs = {**deployment(), "metadata": {"labels": {"a": "b"}}}
        metadata = engine.check(DEPLOYMENT, inputs)["metadata"]
    assert isinstance(metadata, dict)
    assert metadata["namespace"] == "edge"
    assert str(metadata["name"]).startswith("thing-")
    assert metadata["annotations"] == {"pulumi.com/autonamed": "true"}


def test_a_kubernetes_name_is_kept_on_update() -> None:
    inputs = {**deployment(), "metadata": {}}
    with kubernetes() as engine:
        first = engine.check(DEPLOYMENT, inputs)
        again = Engine(engine.stub, seed=b"other").check(DEPLOYMENT, inputs, old=first)
    assert again["metadata"] == first["metadata"]


def test_cluster_scoped_kinds_get_no_namespace() -> None:
    with kubernetes() as engine:
        metadata = engine.check("kubernetes:core/v1:Namespace", {"metadata": {"name": "n"}})
    assert metadata["metadata"] == {"name": "n"}


def test_fields_the_api_server_sets_are_unknown() -> None:
    with kubernetes() as engine:
        outputs = planned(engine, DEPLOYMENT, **deployment())
        service = planned(engine, "kubernetes:core/v1:Service", spec={"ports": [{"port": 1.0}]})
    assert outputs["status"] is UNKNOWN
    assert outputs["metadata"]["uid"] is UNKNOWN  # type: ignore[index]
    assert outputs["metadata"]["name"] == "edge"  # type: ignore[index]
    assert service["spec"]["clusterIP"] is UNKNOWN  # type: ignore[index]


def test_an_unknown_parent_stays_unknown() -> None:
    with kubernetes() as engine:
        outputs = planned(engine, "kubernetes:core/v1:Service", spec=UNKNOWN)
    assert outputs["spec"] is UNKNOWN


def test_an_update_keeps_what_the_cloud_said_and_marks_what_changes() -> None:
    token = "aws:cloudfront/function:Function"
    with aws() as engine:
        inputs = engine.check(token, {"code": "1", "runtime": "cloudfront-js-2.0", "name": "f"})
        made = engine.create(token, inputs, preview=False)
        outputs = engine.update(token, old=made, new={**inputs, "code": "2"})
    assert outputs["code"] == "2"
    assert outputs["arn"] == made["arn"]
    assert outputs["etag"] is UNKNOWN


def test_an_output_of_another_resource_arrives_unwrapped() -> None:
    """The engine may send output values: known, unknown or secret."""
    signature = {"4dabf18193072939515e22adb298388d": "d0e6a833031e9bbcd3f4e8bde6ca49a4"}
    with aws() as engine:
        checked = engine.check(
            BUCKET,
            {
                "bucket": {**signature, "value": "models"},
                "bucketNamespace": signature,
                "acl": {**signature, "value": "private", "secret": True},
            },
        )
    assert checked["bucket"] == "models"
    assert checked["bucketNamespace"] is UNKNOWN
    assert checked["acl"] == SecretValue("private")


def test_decoding_an_empty_message_gives_no_properties() -> None:
    with aws() as engine:
        assert decode(engine.check_response(TABLE, {}).inputs) == {}


def test_a_long_name_is_cut_before_its_random_end() -> None:
    token = "aws:lb/targetGroup:TargetGroup"
    long = provider_pb2.CheckRequest(
        urn="urn",
        type=token,
        name="a-rather-long-logical-name-of-a-group",
        news=encode({"port": 80.0, "protocol": "HTTP", "vpcId": UNKNOWN}),
    )
    with aws() as engine:
        names = set()
        for seed in (b"one", b"two"):
            long.randomSeed = seed
            names.add(str(decode(engine.stub.Check(long).inputs)["name"]))
    assert len(names) == 2
    assert {len(name) for name in names} == {32}


def test_checked_inputs_can_be_checked_again() -> None:
    with aws(defaultTags=TAGS) as engine:
        once = engine.check(BUCKET, {"tags": {"a": "b"}})
        assert engine.check(BUCKET, once, old=once) == once
