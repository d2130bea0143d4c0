"""The CDN in front of a real AWS API, with the project's own viewer-request function."""

import itertools
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from mobile_ai.gobuild.progress import Quiet
from mobile_ai.sandbox.services import lifecycle
from mobile_ai.sandbox.services.cdn.origin import _FRESH_SECONDS, Origin
from mobile_ai.sandbox.services.endpoints import Endpoints
from mobile_ai.sandbox.services.state import SandboxFolder

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("services")]
FUNCTION = (
    Path(__file__).resolve().parents[3]
    / "components/mobile_ai/components/functions/delivery_function.js"
)
ROOT = "/metadata/1.root.json"
DIGEST = "ab" * 32


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    folder = SandboxFolder(tmp_path_factory.mktemp("cdn"), "cdn")
    wish = lifecycle.SandboxOptions(only=("cdn",))
    yield lifecycle.up(folder, wish, ambient=os.environ, progress=Quiet())
    lifecycle.down(folder, progress=Quiet())


_NUMBERS = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class Site:
    """A bucket with a distribution in front of it."""

    endpoints: Endpoints
    bucket: str = field(default_factory=lambda: f"models-{next(_NUMBERS)}")

    def client(self, name: str) -> Any:
        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
        return boto3.client(name, endpoint_url=self.endpoints.aws, region_name="us-east-1", **keys)

    def put(self, key: str, body: bytes, control: str = "max-age=60") -> None:
        self.client("s3").put_object(
            Bucket=self.bucket, Key=key.removeprefix("/"), Body=body, CacheControl=control
        )

    def create(self, *, access_control: str = "E0", enabled: bool = True, code: str = "") -> str:
        """Make the bucket, the function and the distribution; return the URL to ask."""
        self.client("s3").create_bucket(Bucket=self.bucket)
        cloudfront = self.client("cloudfront")
        function = cloudfront.create_function(
            Name=self.bucket,
            FunctionConfig={"Comment": "", "Runtime": "cloudfront-js-2.0"},
            FunctionCode=(code or FUNCTION.read_text()).encode(),
        )["FunctionSummary"]["FunctionMetadata"]["FunctionARN"]
        event = {"EventType": "viewer-request", "FunctionARN": function}
        origin = {
            "Id": "models",
            "DomainName": f"{self.bucket}.s3.eu-central-1.amazonaws.com",
            "OriginAccessControlId": access_control,
            "S3OriginConfig": {"OriginAccessIdentity": ""},
        }
        made = cloudfront.create_distribution(
            DistributionConfig={
                "CallerReference": self.bucket,
                "Comment": "",
                "Enabled": enabled,
                "Origins": {"Quantity": 1, "Items": [origin]},
                "DefaultCacheBehavior": {
                    "TargetOriginId": "models",
                    "ViewerProtocolPolicy": "https-only",
                    "FunctionAssociations": {"Quantity": 1, "Items": [event]},
                },
            }
        )["Distribution"]
        self.allow(made["ARN"])
        return f"{self.endpoints.cdn}/{made['Id']}"

    def allow(self, arn: str) -> None:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{self.bucket}/*",
            "Condition": {"StringEquals": {"AWS:SourceArn": arn}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.client("s3").put_bucket_policy(Bucket=self.bucket, Policy=policy)


@pytest.fixture
def site(endpoints: Endpoints) -> Site:
    return Site(endpoints=endpoints)


def _how(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.headers["x-cache"].removesuffix(" from sandbox")


def test_the_second_viewer_gets_the_copy(site):
    url = site.create()
    site.put(ROOT, b"one")
    first, second = httpx.get(url + ROOT), httpx.get(url + ROOT)

    assert (_how(first), first.content) == ((200, "Miss"), b"one")
    assert (_how(second), second.content) == ((200, "Hit"), b"one")
    assert int(second.headers["age"]) >= 0


def test_a_fresh_copy_hides_a_change_and_a_stale_one_does_not(site):
    url = site.create()
    site.put(ROOT, b"one")
    site.put("/metadata/timestamp.json", b"one", "no-cache")
    for path in (ROOT, "/metadata/timestamp.json"):
        httpx.get(url + path)
        site.put(path, b"two", "no-cache")

    assert httpx.get(url + ROOT).content == b"one"
    assert httpx.get(url + "/metadata/timestamp.json").content == b"two"


def test_a_stale_copy_is_confirmed_without_sending_it_again(site):
    url = site.create()
    site.put(ROOT, b"one", "no-cache")
    httpx.get(url + ROOT)

    assert _how(httpx.get(url + ROOT)) == (200, "RefreshHit")


def test_what_may_not_be_kept_is_not(site):
    url = site.create()
    site.put(ROOT, b"one", "no-store")

    assert [_how(httpx.get(url + ROOT)) for _ in range(2)] == [(200, "Miss")] * 2


def test_a_viewer_that_holds_the_object_gets_no_body(site):
    url = site.create()
    site.put(ROOT, b"one")
    etag = httpx.get(url + ROOT).headers["etag"]

    held = httpx.get(url + ROOT, headers={"if-none-match": f'"other", {etag}'})
    other = httpx.get(url + ROOT, headers={"if-none-match": '"other"'})

    assert (held.status_code, held.content) == (304, b"")
    assert (other.status_code, other.content) == (200, b"one")


@pytest.mark.parametrize(
    ("header", "status", "body", "described"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=20-", 416, b"", "bytes */10"),
    ],
)
def test_parts_of_an_object(site, header, status, body, described):
    url, path = site.create(), f"/targets/{DIGEST}.model"
    site.put(path, b"0123456789")

    part = httpx.get(url + path, headers={"range": header})

    assert (part.status_code, part.content) == (status, body)
    assert part.headers["content-range"] == described


def test_a_resumed_download_of_another_version_starts_over(site):
    url, path = site.create(), f"/targets/{DIGEST}.model"
    site.put(path, b"0123456789")

    whole = httpx.get(url + path, headers={"range": "bytes=5-", "if-range": '"old"'})

    assert (whole.status_code, whole.content) == (200, b"0123456789")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/private/key.pem", 404),
        ("GET", "/metadata/../private", 404),
        ("GET", "/targets/short.model", 404),
    ],
)
def test_the_projects_function_decides_what_may_be_asked_for(site, method, path, status):
    url = site.create()
    site.put("/private/key.pem", b"secret")

    refused = httpx.request(method, url + path)

    assert _how(refused) == (status, "FunctionGeneratedResponse")
    assert refused.headers["cache-control"] == "no-store"


def test_only_reading_is_allowed(site):
    assert httpx.put(site.create() + ROOT, content=b"x").status_code in {403, 405}


def test_a_function_that_fails_serves_nothing(site):
    url = site.create(code="function handler() { throw new Error('boom'); }")
    site.put(ROOT, b"one")

    assert _how(httpx.get(url + ROOT)) == (503, "FunctionExecutionError")


def test_a_missing_object_is_asked_for_again(site):
    url = site.create()
    missing = httpx.get(url + ROOT)
    site.put(ROOT, b"one")

    assert _how(missing) == (404, "Error")
    assert httpx.get(url + ROOT).content == b"one"


def test_nothing_is_served_that_the_bucket_does_not_give_to_this_distribution(site):
    url = site.create()
    site.allow("arn:aws:cloudfront::111122223333:distribution/OTHER")
    site.put(ROOT, b"one")

    assert _how(httpx.get(url + ROOT)) == (403, "Error")


def test_nothing_is_served_without_origin_access_control(site):
    url = site.create(access_control="")
    site.put(ROOT, b"one")

    assert _how(httpx.get(url + ROOT)) == (403, "Error")


def test_a_disabled_or_unknown_distribution_serves_nothing(site, endpoints):
    url = site.create(enabled=False)
    site.put(ROOT, b"one")

    assert httpx.get(url + ROOT).status_code == 403
    assert httpx.get(f"{endpoints.cdn}/EUNKNOWN{ROOT}").status_code == 403


def test_many_viewers_at_once_make_one_request_to_the_origin(site, endpoints):
    url = site.create()
    site.put(ROOT, b"x" * 100_000)
    before = httpx.get(f"{endpoints.cdn}/-/counters").json()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: httpx.get(url + ROOT).status_code, range(16)))
    after = httpx.get(f"{endpoints.cdn}/-/counters").json()

    assert answers == [200] * 16
    assert after["miss"] - before.get("miss", 0) == 1
    assert after["hit"] - before.get("hit", 0) == 15


def test_nothing_of_the_origin_is_told_but_the_object(site):
    url = site.create()
    site.put(ROOT, b"one")

    assert not [name for name in httpx.get(url + ROOT).headers if name.startswith("x-amz")]


def test_a_changed_distribution_is_seen_within_a_second(site):
    """The bound that tests of releases rely on: a halt in the function works at once."""
    assert _FRESH_SECONDS <= 1
    assert Origin(site.endpoints.aws).distribution("EUNKNOWN") is None


def test_health_tells_what_runs_the_functions(endpoints):
    assert httpx.get(f"{endpoints.cdn}/-/health").json()["node"]
