"""Preexisting resources of a company: hosted zones by the ID in a stack file."""

import json

import pytest

from mobile_ai.gate.state.leftovers import left_in_sandbox
from mobile_ai.sandbox.providers.aws.api.session import AwsApiError
from mobile_ai.sandbox.providers.aws.inventory import inventory
from mobile_ai.sandbox.providers.aws.kinds import KINDS
from mobile_ai.sandbox.services.endpoints import Endpoints

from .world import ACCOUNT, REGION, World

ZONE = "Z0123456789ABCDEFGHIJ"
CONFIG = {
    "mobile-ai:environment": "dev",
    "mobile-ai:region": REGION,
    "mobile-ai:aws": {"accountId": ACCOUNT},
}


def change(world: World, action: str, name: str = "models.mobile-ai.example.com") -> None:
    record = {"Name": name, "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"v"'}]}
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    world.api("route53", "change_resource_record_sets", HostedZoneId=ZONE, ChangeBatch=batch)


def test_the_first_record_finds_the_zone_that_its_stack_file_names(world: World):
    change(world, "CREATE")
    change(world, "CREATE", "telemetry.example.com")
    zone = world.api("route53", "get_hosted_zone", Id=ZONE)["HostedZone"]
    assert (zone["Name"], zone["Id"]) == ("example.com.", f"/hostedzone/{ZONE}")
    listed = world.api("route53", "list_resource_record_sets", HostedZoneId=ZONE)
    names = [item["Name"] for item in listed["ResourceRecordSets"] if item["Type"] == "TXT"]
    assert sorted(names) == ["models.mobile-ai.example.com.", "telemetry.example.com."]


def test_a_question_or_a_deletion_makes_no_zone(world: World):
    for ask in (
        lambda: world.api("route53", "get_hosted_zone", Id=ZONE),
        lambda: change(world, "DELETE"),
    ):
        with pytest.raises(AwsApiError, match="NoSuchHostedZone"):
            ask()
    assert world.api("route53", "list_hosted_zones")["HostedZones"] == []


def test_a_caller_reference_of_another_form_is_no_id(world: World):
    made = world.api("route53", "create_hosted_zone", Name="a.example", CallerReference="once")
    assert made["HostedZone"]["Id"].startswith("/hostedzone/Z")
    assert not made["HostedZone"]["Id"].endswith("once")


def test_a_condition_refuses_nothing_and_a_plain_denial_refuses(world: World):
    """As a bucket that takes TLS only: the sandbox knows no conditions, so none holds."""
    world.api("s3", "create_bucket", Bucket="models", CreateBucketConfiguration=PLACE)
    denied = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::models/*",
    }
    tls = {**denied, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    put_policy(world, tls)
    world.api("s3", "put_object", Bucket="models", Key="k", Body=b"v")
    put_policy(world, denied)
    with pytest.raises(AwsApiError, match=r"AccessDenied|Forbidden"):
        world.api("s3", "put_object", Bucket="models", Key="k", Body=b"v")


PLACE = {"LocationConstraint": "eu-central-1"}


def put_policy(world: World, statement: dict[str, object]) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    world.api("s3", "put_bucket_policy", Bucket="models", Policy=policy)


def test_a_listener_takes_the_certificate_that_a_stack_file_names(world: World):
    vpc = world.api("ec2", "create_vpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = {"VpcId": vpc, "CidrBlock": "10.0.0.0/24"}
    subnet_id = world.api("ec2", "create_subnet", **subnet)["Subnet"]["SubnetId"]
    made = world.api("elbv2", "create_load_balancer", Name="b", Subnets=[subnet_id])
    arn = "arn:aws:acm:eu-central-1:123456789012:certificate/5a3c1f60-7a57-4d0e-9c3b-2f1f0f6d8a11"
    listener = world.api(
        "elbv2",
        "create_listener",
        LoadBalancerArn=made["LoadBalancers"][0]["LoadBalancerArn"],
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": arn}],
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )["Listeners"][0]
    assert listener["Certificates"] == [{"CertificateArn": arn}]


@pytest.mark.slow
def test_what_is_left_in_aws_is_told_once_by_region_and_list(world: World):
    world.api("s3", "create_bucket", Bucket="models", CreateBucketConfiguration=PLACE)
    world.api("sns", "create_topic", Name="alarms")
    config = CONFIG
    left = left_in_sandbox(Endpoints(name="test", aws=world.endpoint), config, stack="dev")
    assert left == {
        f"{REGION} s3:list_buckets": ["models"],
        f"{REGION} sns:list_topics": [f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"],
    }


def test_a_domain_name_says_what_its_record_has_to_lead_to(world: World):
    token = "aws:apigatewayv2/domainName:DomainName"
    arn = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/5a3c1f60-7a57-4d0e-9c3b-2f1f0f6d8a11"
    given = {"certificateArn": arn, "endpointType": "REGIONAL", "securityPolicy": "TLS_1_2"}
    inputs = {"domainName": "a.example.com", "domainNameConfiguration": given}
    made = world.create(token, inputs)

    found = made.outputs["domainNameConfiguration"]
    assert {name: found[name] for name in given} == given
    assert found["targetDomainName"].endswith(f".execute-api.{REGION}.amazonaws.com")
    assert found["hostedZoneId"]
    live = world.api("apigatewayv2", "get_domain_name", DomainName="a.example.com")
    [configuration] = live["DomainNameConfigurations"]
    assert configuration["ApiGatewayDomainName"] == found["targetDomainName"]
    again = world.read(token, inputs, made)
    assert again is not None
    assert again.inputs["domainNameConfiguration"] == given


def test_a_change_of_a_database_makes_no_second_secret(world: World):
    database = {"DBInstanceIdentifier": "registry", "ManageMasterUserPassword": True}
    world.api(
        "rds",
        "create_db_instance",
        **database,
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        MasterUsername="owner",
        AllocatedStorage=20,
    )
    world.api("rds", "modify_db_instance", **database, BackupRetentionPeriod=1)
    assert len(world.api("secretsmanager", "list_secrets")["SecretList"]) == 1
    world.api("rds", "delete_db_instance", DBInstanceIdentifier="registry", SkipFinalSnapshot=True)
    assert world.api("secretsmanager", "list_secrets")["SecretList"] == []


@pytest.mark.slow
def test_a_deleted_cluster_that_is_still_listed_is_not_left(world: World):
    world.api("ecs", "create_cluster", clusterName="registry")
    config = CONFIG
    endpoints = Endpoints(name="test", aws=world.endpoint)
    assert set(left_in_sandbox(endpoints, config, stack="dev")) == {f"{REGION} ecs:list_clusters"}
    world.api("ecs", "delete_cluster", cluster="registry")
    assert left_in_sandbox(endpoints, config, stack="dev") == {}


def test_every_service_of_the_table_is_asked_what_is_left(world: World):
    world.session.calls.clear()
    inventory(world.session, account=ACCOUNT, region=REGION)
    asked = {name.partition(":")[0] for name in world.session.calls}
    assert {kind.service for kind in KINDS.values()} <= asked


@pytest.mark.parametrize(("window", "waiting"), [(0, []), (7, ["registry"])])
def test_a_secret_without_a_window_leaves_its_name_at_once(world: World, window, waiting):
    inputs = {"name": "registry", "recoveryWindowInDays": window}
    made = world.create("aws:secretsmanager/secret:Secret", inputs)
    wanted = world.wanted("aws:secretsmanager/secret:Secret", inputs)
    world.cloud.delete(wanted, object_id=made.id, known=made.outputs)
    listed = world.api("secretsmanager", "list_secrets", IncludePlannedDeletion=True)["SecretList"]
    assert [one["Name"] for one in listed] == waiting
