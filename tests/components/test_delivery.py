"""Delivery: private origin, CDN, targets named by digest, signed freshness."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from mobile_ai.components.aws.names import AwsScope
from mobile_ai.components.delivery import plan
from mobile_ai.components.delivery.delivery import DeliveryArgs, ModelDelivery
from mobile_ai.components.delivery.policy import models_bucket_policy, models_key_policy
from tests.components.aws_support import ACCOUNT, DEV, PLATFORM, PROD, allowed, listing, statements
from tests.components.support import Engine, declare

GOLDENS = Path(__file__).parent / "golden"
DISTRIBUTION = f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1"
PIN = "b" * 64


def target(folder: Path, content: bytes = b"model") -> plan.Target:
    path = folder / "int8.tflite"
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return {"file": path.name, "path": str(path), "sha256": digest, "manifest_sha256": PIN}


def arguments(targets: list[plan.Target], *, scope: AwsScope = DEV) -> DeliveryArgs:
    return {
        "scope": scope,
        "platform": PLATFORM,
        "domain": None,
        "certificate_arn": None,
        "hosted_zone_id": None,
        "waf": False,
        "rate_limit_per_five_minutes": 2_000,
        "country_rule": None,
        "price_class": "PriceClass_100",
        "metadata_ttl_seconds": 300,
        "refresh_minutes": 60,
        "expiry_minutes": 1_440,
        "targets": targets,
    }


def production(targets: list[plan.Target]) -> DeliveryArgs:
    return {
        **arguments(targets, scope=PROD),
        "domain": "models.example.com",
        "certificate_arn": f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/1",
        "waf": True,
        "country_rule": {"mode": "allow", "countries": ["IE", "DE"]},
    }


def delivery(args: DeliveryArgs, *, preview: bool = True) -> Engine:
    return declare(
        lambda: ModelDelivery("delivery", args), stack=args["scope"]["stack"], preview=preview
    )


@pytest.fixture(scope="module")
def item(tmp_path_factory: pytest.TempPathFactory) -> plan.Target:
    return target(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def dev(item: plan.Target) -> Engine:
    return delivery(arguments([item]))


@pytest.fixture(scope="module")
def prod(item: plan.Target) -> Engine:
    return delivery(production([item]))


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_the_delivery_is_the_one_recorded(
    name: str, request: pytest.FixtureRequest, golden: Callable[[Path, str], None]
) -> None:
    golden(GOLDENS / f"delivery-{name}.txt", listing(request.getfixturevalue(name)))


def test_a_target_is_named_by_its_digest_and_says_which_manifest_names_it(
    dev: Engine, item: plan.Target
) -> None:
    made = dev.one("BucketObjectv2")

    assert made.inputs["key"] == f"targets/{item['sha256']}.int8.tflite"
    assert made.inputs["metadata"] == {"sha256": item["sha256"], "manifest-sha256": PIN}
    assert made.inputs["cacheControl"] == "public, max-age=31536000, immutable"


def test_a_target_stays_in_the_bucket_when_it_leaves_the_stack(dev: Engine) -> None:
    assert dev.one("BucketObjectv2").retained


def test_bytes_that_the_manifest_does_not_name_are_refused(tmp_path: Path) -> None:
    swapped: plan.Target = {**target(tmp_path), "sha256": "0" * 64}

    with pytest.raises(ValueError, match="restore the file that was signed for"):
        delivery(arguments([swapped]))


def test_two_applications_share_one_object(item: plan.Target) -> None:
    other: plan.Target = {**item, "manifest_sha256": "a" * 64}

    kept = plan.unique_targets([item, other])

    assert kept == plan.unique_targets([other, item]) == {plan.target_key(item): other}


@pytest.mark.parametrize("digest", ["A" * 64, "0" * 63, ""])
def test_a_target_without_a_digest_is_refused(item: plan.Target, digest: str) -> None:
    with pytest.raises(ValueError, match="expected 64 lower-case"):
        plan.target_key({**item, "sha256": digest})


@pytest.mark.parametrize("file", ["../x", "", "a b", "x" * 129])
def test_a_file_name_that_the_edge_would_refuse_is_refused_here(
    item: plan.Target, file: str
) -> None:
    with pytest.raises(ValueError, match="the CDN would refuse"):
        plan.target_key({**item, "file": file})


def test_devices_reach_the_models_over_https_and_http3_only(prod: Engine) -> None:
    made = prod.one("Distribution").inputs

    behaviours = [made["defaultCacheBehavior"], *made["orderedCacheBehaviors"]]
    assert {one["viewerProtocolPolicy"] for one in behaviours} == {"https-only"}
    assert made["httpVersion"] == "http2and3"
    assert made["viewerCertificate"]["minimumProtocolVersion"] == "TLSv1.2_2021"
    assert made["viewerCertificate"]["sslSupportMethod"] == "sni-only"


def test_a_protected_stack_cannot_lose_its_distribution(dev: Engine, prod: Engine) -> None:
    assert prod.one("Distribution").protect
    assert not dev.one("Distribution").protect


def test_the_firewall_is_global_and_shows_no_addresses(dev: Engine, prod: Engine) -> None:
    acl = prod.one("WebAcl").inputs

    assert (acl["region"], acl["scope"]) == ("us-east-1", "CLOUDFRONT")
    assert '"sampledRequestsEnabled": true' not in json.dumps(acl)
    assert not dev.of_type("WebAcl")


def test_countries_are_restricted_as_asked(prod: Engine) -> None:
    rule = prod.one("Distribution").inputs["restrictions"]["geoRestriction"]

    assert rule == {"restrictionType": "whitelist", "locations": ["DE", "IE"]}


def test_a_hosted_zone_makes_a_proven_certificate_and_both_records(item: plan.Target) -> None:
    args: DeliveryArgs = {
        **arguments([item]),
        "domain": "models.example.com",
        "hosted_zone_id": "Z0123456789",
    }

    engine = delivery(args)

    assert engine.one("Certificate").inputs["region"] == "us-east-1"
    kinds = {record.name: record.inputs.get("type") for record in engine.of_type("record:Record")}
    assert (kinds["delivery-a"], kinds["delivery-aaaa"]) == ("A", "AAAA")
    assert engine.one("CertificateValidation").inputs["region"] == "us-east-1"


def test_a_domain_in_somebody_elses_zone_tells_its_target(item: plan.Target) -> None:
    certificate = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/1"
    proof = {"domain": "models.example.com", "certificate_arn": certificate}
    told: dict[str, Any] = {}

    def program() -> None:
        made = ModelDelivery("delivery", {**arguments([item]), **proof})  # type: ignore[typeddict-item]
        pulumi.Output.from_input(dict(made.dns_targets)).apply(told.update)

    engine = declare(program, preview=False)

    assert engine.of_type("record:Record") == []
    assert told == {"models.example.com": "delivery-domainName"}


@pytest.mark.parametrize(("seconds", "compressed"), [(0, False), (60, True)])
def test_what_may_not_be_cached_is_not_compressed_either(
    item: plan.Target, seconds: int, *, compressed: bool
) -> None:
    engine = delivery({**arguments([item]), "metadata_ttl_seconds": seconds})
    policy = engine.one("CachePolicy", "delivery-metadata").inputs
    key = policy["parametersInCacheKeyAndForwardedToOrigin"]

    assert policy["maxTtl"] == seconds
    assert key["enableAcceptEncodingGzip"] is key["enableAcceptEncodingBrotli"] is compressed


def test_without_signing_keys_models_are_open_to_all(dev: Engine) -> None:
    assert not dev.of_type("KeyGroup")
    (targets,) = dev.one("Distribution").inputs["orderedCacheBehaviors"]
    assert "trustedKeyGroups" not in targets


def test_with_signing_keys_models_need_a_signed_url_and_metadata_never_does(
    item: plan.Target,
) -> None:
    keys = ["first\n", "second\n"]

    engine = delivery({**arguments([item]), "signed_url_keys": keys}, preview=False)

    made = engine.of_type("PublicKey")
    assert {one.inputs["encodedKey"] for one in made} == set(keys)
    assert len({one.inputs["name"] for one in made}) == len(keys)
    assert set(engine.one("KeyGroup").inputs["items"]) == {f"{one.name}-id" for one in made}
    cdn = engine.one("Distribution").inputs
    (targets,) = cdn["orderedCacheBehaviors"]
    assert targets["trustedKeyGroups"] == ["delivery-signers-id"]
    assert "trustedKeyGroups" not in cdn["defaultCacheBehavior"]


def test_access_logs_do_not_tell_who_asked(prod: Engine) -> None:
    fields = set(prod.one("LogDelivery").inputs["recordFields"])

    assert "sc-status" in fields
    assert not fields & {"c-ip", "x-forwarded-for", "cs(User-Agent)", "cs(Cookie)", "cs(Referer)"}


def test_only_the_one_distribution_reads_bucket_and_key() -> None:
    bucket = json.loads(models_bucket_policy("models", DISTRIBUTION))["Statement"]
    key = json.loads(models_key_policy(DEV, DISTRIBUTION))["Statement"]

    for statement in [one for one in (*bucket, *key) if "Service" in one.get("Principal", {})]:
        assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        assert statement["Condition"] == {"StringEquals": {"AWS:SourceArn": DISTRIBUTION}}


def test_both_policies_come_after_the_distribution(item: plan.Target) -> None:
    engine = delivery(arguments([item]), preview=False)
    distribution = engine.one("Distribution")

    for kind in ("KeyPolicy", "BucketPolicy"):
        policy = next(one for one in engine.of_type(kind) if one.name == "delivery")
        assert distribution.urn in policy.dependencies
        assert "delivery-arn" in json.dumps(policy.inputs["policy"])


def test_the_signer_writes_the_timestamp_and_nothing_else(dev: Engine) -> None:
    writes = [
        resources
        for _, action, resources in allowed(dev)
        if action in {"s3:PutObject", "s3:DeleteObject"}
    ]

    assert writes == [[f"arn:aws:s3:::mobile-ai-dev-models-{ACCOUNT}/metadata/timestamp.json"]]


def test_the_signing_key_is_p256_and_only_signs(dev: Engine) -> None:
    key = dev.one("key:Key", "delivery-timestamp").inputs

    assert key["customerMasterKeySpec"] == "ECC_NIST_P256"
    assert key["keyUsage"] == "SIGN_VERIFY"
    (sign,) = [one for one in allowed(dev) if one[1] == "kms:Sign"]
    assert sign[0] == "delivery-timestamp"


def test_a_timestamp_that_is_not_signed_for_two_periods_is_an_alarm(dev: Engine) -> None:
    alarm = dev.one("MetricAlarm").inputs

    assert alarm["period"] * alarm["evaluationPeriods"] == 2 * 60 * 60
    assert alarm["treatMissingData"] == "breaching"
    assert alarm["alarmActions"]


def test_the_bucket_is_private_versioned_encrypted_and_logged(dev: Engine) -> None:
    block = dev.one("BucketPublicAccessBlock").inputs

    assert {value for key, value in block.items() if key != "bucket"} == {True}
    assert dev.one("BucketVersioning").inputs["versioningConfiguration"]["status"] == "Enabled"
    assert dev.one("BucketLogging").inputs["targetBucket"] == PLATFORM["log_bucket"]
    (rule,) = dev.one("BucketServerSideEncryptionConfiguration").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"


def test_the_function_key_policy_is_the_platforms(dev: Engine) -> None:
    policy = statements(dev.one("RolePolicy", "delivery-timestamp"))

    assert policy["UseFunctionKey"]["Condition"]["ForAnyValue:StringEquals"] == {
        "kms:ResourceAliases": [PLATFORM["key_alias"]]
    }


# --- the edge function, run by a JavaScript engine -------------------------------------------

# Events in the shape that CloudFront documents for functions: methods, headers and cookies by name.
EVENTS = json.loads((Path(__file__).parent / "vectors/cloudfront_events.json").read_text())
node = pytest.mark.skipif(
    shutil.which("node") is None, reason="needs Node to run the edge function"
)


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, Any]]:
    """Return what the edge function answers to every event, by the event's name."""
    script = (
        f"{plan.edge_function_code(EVENTS['halted'])}\n"
        f"const cases = {json.dumps(EVENTS['events'])};\n"
        "console.log(JSON.stringify(cases.map((item) => handler(item.event))));"
    )
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    names = [item["name"] for item in EVENTS["events"]]
    return dict(zip(names, json.loads(done.stdout), strict=True))


@node
@pytest.mark.parametrize("item", EVENTS["events"], ids=lambda item: item["name"])
def test_the_edge_lets_release_paths_through_and_nothing_else(
    item: dict[str, Any], answers: dict[str, dict[str, Any]]
) -> None:
    answer = answers[item["name"]]

    if item["answer"] == "pass":
        request = item["event"]["request"]
        assert (answer["uri"], answer["headers"]) == (request["uri"], request["headers"])
        assert (answer["querystring"], answer["cookies"]) == ({}, {})
    else:
        assert answer["statusCode"] == item["answer"]
        assert answer["headers"]["cache-control"]["value"] == "no-store"


def test_an_edge_function_that_cloudfront_would_refuse_is_refused_here() -> None:
    with pytest.raises(ValueError, match="CloudFront takes 10240"):
        plan.edge_function_code([f"{at:064x}" for at in range(200)])
