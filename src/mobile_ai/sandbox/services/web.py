"""AWS API and CDN services."""

import sys

from mobile_ai.sandbox.services.places import ServicePaths
from mobile_ai.sandbox.services.service import Service


def aws_service(places: ServicePaths) -> Service:
    """Return moto's server: its AWS services at one address, in memory."""
    options = ("-H", "127.0.0.1", "-p", str(places.port("aws")))
    return Service(
        name="aws",
        command=(sys.executable, "-P", "-m", "mobile_ai.sandbox.services.aws_server", *options),
        # One account, independent of the client's access key.
        env={"MOTO_ACCOUNT_ID": places.account, "AWS_EC2_METADATA_DISABLED": "true"},
    )


def cdn_service(places: ServicePaths) -> Service:
    """Return the caching proxy in front of the AWS API's S3."""
    port = str(places.port("cdn"))
    command = (
        sys.executable,
        "-P",
        "-m",
        "mobile_ai.sandbox.services.cdn",
        "--port",
        port,
        "--aws",
        places.url("aws"),
    )
    return Service(name="cdn", command=command)
