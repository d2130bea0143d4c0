"""The AWS API and the CDN."""

import sys

from sandbox.services.places import Places
from sandbox.services.service import Service

__all__ = ["aws_service", "cdn_service"]


def aws_service(places: Places) -> Service:
    """Moto's server: all services of AWS that it knows at one address, kept in memory."""
    options = ("-H", "127.0.0.1", "-p", str(places.port("aws")))
    return Service(
        name="aws",
        command=(sys.executable, "-P", "-m", "sandbox.services.aws_server", *options),
        # One account, whatever key a client signs with.
        env={"MOTO_ACCOUNT_ID": places.account, "AWS_EC2_METADATA_DISABLED": "true"},
    )


def cdn_service(places: Places) -> Service:
    """The caching proxy in front of the AWS API's S3."""
    port = str(places.port("cdn"))
    command = (
        sys.executable,
        "-P",
        "-m",
        "sandbox.services.cdn",
        "--port",
        port,
        "--aws",
        places.url("aws"),
    )
    return Service(name="cdn", command=command)
