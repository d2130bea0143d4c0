"""Registry credentials: Amazon ECR through AWS credentials, others as stored by `docker login`."""

import base64
import binascii
import os
import re
from pathlib import Path
from typing import Final

from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.errors import DocumentError, GovernanceError

_ECR: Final = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?")


def login(host: str) -> tuple[str, str] | None:
    """Return user and password of a host, or ``None`` without stored credentials.

    Credential helpers are not run: that would execute a program named in a file at every check.

    Raises:
        GovernanceError: Credentials exist and cannot be used.
    """
    kept = _kept(host)
    match = _ECR.fullmatch(host)
    return kept or (_ecr(match[1], match[2]) if match else None)


def _kept(host: str) -> tuple[str, str] | None:
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    path = folder / "config.json"
    if not path.is_file():
        return None
    try:
        value = read_json(path.read_text(encoding="utf-8"), name=str(path))
        auth = value.get("auths", {}).get(host, {}).get("auth", "")
        user, found, password = base64.b64decode(auth, validate=True).decode().partition(":")
    except (OSError, AttributeError, ValueError, DocumentError, binascii.Error) as error:
        raise GovernanceError(
            str(path),
            got=type(error).__name__,
            expected="logins as `docker login` writes them",
            next_step=f"run `docker login {host}`",
        ) from error
    return (user, password) if found else None


def _ecr(account: str, region: str) -> tuple[str, str] | None:
    """Return ECR's credentials for the AWS caller; ECR tokens are valid for twelve hours."""
    import boto3  # noqa: PLC0415  # a second to load
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        answer = boto3.client("ecr", region_name=region).get_authorization_token()
    except (BotoCoreError, ClientError) as error:
        raise GovernanceError(
            f"login of {account} in {region}",
            got=str(error),
            expected="AWS credentials that may call ecr:GetAuthorizationToken",
            next_step="set credentials (AWS_PROFILE) of a role that may read the repositories",
        ) from error
    token = answer["authorizationData"][0]["authorizationToken"]
    user, _, password = base64.b64decode(token).decode().partition(":")
    return user, password
