"""Reads distributions from the AWS API, and fetches the objects of their origins."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mobile_ai.sandbox.services.cdn.access import may_read

# Cache lifetime of a distribution's configuration; on AWS a change takes minutes to deploy.
_FRESH_SECONDS: Final = 1.0
_METADATA: Final = ("cache-control", "content-type", "content-encoding", "etag", "last-modified")


class OriginError(Exception):
    """The AWS API is not reachable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """Cache behaviour for a path pattern.

    Attributes:
        pattern: Path pattern without the leading slash; `*` for the default.
        methods: Allowed methods; empty if the API reports none.
        code: Code of the viewer-request function; empty if there is none.
    """

    pattern: str
    methods: frozenset[str]
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """A distribution with one S3 origin.

    Attributes:
        id: Its ID.
        arn: Its ARN, as used in bucket policies.
        domain: Its domain name.
        enabled: Whether it serves requests.
        bucket: Name of the origin's bucket.
        prefix: Origin path, with a leading slash or empty.
        signs: Whether it signs requests to the bucket (origin access control).
        behaviours: In order of precedence, with the default last.
        policy: The bucket's policy, JSON; empty if it has none.
    """

    id: str
    arn: str
    domain: str
    enabled: bool
    bucket: str
    prefix: str
    signs: bool
    behaviours: tuple[Behaviour, ...]
    policy: str

    def behaviour(self, uri: str) -> Behaviour:
        """Return the behaviour of a path."""
        path = uri.removeprefix("/")
        return next(one for one in self.behaviours if fnmatchcase(path, one.pattern))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A response of the origin.

    Attributes:
        status: 200, 304, 403 or 404.
        headers: Names in lower case; without S3-specific ones.
        body: The whole object.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Origin:
    """The sandbox's AWS API; thread-safe."""

    def __init__(self, url: str) -> None:
        """Create the clients of the API."""
        settings = Config(
            s3={"addressing_style": "path"}, retries={"max_attempts": 1}, connect_timeout=2
        )
        keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
        session = boto3.session.Session(region_name="us-east-1", **keys)
        self._s3 = session.client("s3", endpoint_url=url, config=settings)
        self._cloudfront = session.client("cloudfront", endpoint_url=url, config=settings)
        self._known: dict[str, tuple[float, Distribution | None]] = {}

    def distribution(self, distribution_id: str) -> Distribution | None:
        """Return a distribution, at most one second old; None if it does not exist.

        Raises:
            OriginError: The API is not reachable.
        """
        until, known = self._known.get(distribution_id, (0.0, None))
        if time.monotonic() >= until:
            known = self._look_up(distribution_id)
            self._known[distribution_id] = (time.monotonic() + _FRESH_SECONDS, known)
        return known

    def fetch(self, distribution: Distribution, uri: str, *, etag: str) -> Fetched:
        """Get an object with the rights of the distribution.

        Args:
            distribution: Requesting distribution.
            uri: Path of the object.
            etag: Entity tag of the cached copy; empty without one.

        Raises:
            OriginError: The API is not reachable.
        """
        key = f"{distribution.prefix}{uri}".removeprefix("/")
        bucket, arn = distribution.bucket, distribution.arn
        allowed = may_read(distribution.policy, bucket=bucket, key=key, distribution_arn=arn)
        if not (distribution.signs and allowed):
            return Fetched(status=403, headers={})
        condition = {"IfNoneMatch": etag} if etag else {}
        try:
            answer = self._s3.get_object(Bucket=bucket, Key=key, **condition)
            body = answer["Body"].read()
        except ClientError as error:
            status = int(error.response["ResponseMetadata"]["HTTPStatusCode"])
            return Fetched(status=status, headers=_headers(error.response))
        except BotoCoreError as error:
            raise OriginError(str(error)) from error
        return Fetched(status=200, headers=_headers(answer), body=body)

    def _look_up(self, distribution_id: str) -> Distribution | None:
        try:
            found = self._cloudfront.get_distribution(Id=distribution_id)["Distribution"]
            return self._read(found)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchDistribution":
                return None
            raise OriginError(str(error)) from error
        except BotoCoreError as error:
            raise OriginError(str(error)) from error

    def _read(self, found: Mapping[str, Any]) -> Distribution:
        config = found["DistributionConfig"]
        origin = config["Origins"]["Items"][0]
        bucket = origin["DomainName"].split(".s3.")[0].split(".s3-")[0]
        others = config.get("CacheBehaviors", {}).get("Items", [])
        return Distribution(
            id=found["Id"],
            arn=found["ARN"],
            domain=found["DomainName"],
            enabled=config["Enabled"],
            bucket=bucket,
            prefix=origin.get("OriginPath", ""),
            signs=bool(origin.get("OriginAccessControlId")),
            behaviours=(
                *(self._behaviour(one, one["PathPattern"]) for one in others),
                self._behaviour(config["DefaultCacheBehavior"], "*"),
            ),
            policy=self._policy(bucket),
        )

    def _behaviour(self, config: Mapping[str, Any], pattern: str) -> Behaviour:
        associations = config.get("FunctionAssociations", {}).get("Items", [])
        names = [
            one["FunctionARN"].rsplit("/", 1)[-1]
            for one in associations
            if one["EventType"] == "viewer-request"
        ]
        return Behaviour(
            pattern=pattern.removeprefix("/"),
            methods=frozenset(config.get("AllowedMethods", {}).get("Items", [])),
            code=self._code(names[0]) if names else "",
        )

    def _code(self, name: str) -> str:
        answer = self._cloudfront.get_function(Name=name, Stage="LIVE")
        return str(answer["FunctionCode"].read().decode())

    def _policy(self, bucket: str) -> str:
        try:
            return str(self._s3.get_bucket_policy(Bucket=bucket)["Policy"])
        except ClientError:
            return ""  # no policy, no access


def _headers(answer: Mapping[str, Any]) -> dict[str, str]:
    sent = answer["ResponseMetadata"]["HTTPHeaders"]
    return {name: sent[name] for name in _METADATA if name in sent}
