"""Lambda function that starts the remediation workflow on GitHub for a budget notification (SNS).

It authenticates as a GitHub App whose private key never leaves KMS, requests an installation token
limited to starting workflows of one repository, and dispatches one workflow. The workflow itself is
in Git.

Source: GitHub REST API, "Generating a JWT for a GitHub App" and "Create a workflow dispatch event".
"""

import base64
import json
import os
import time
import urllib.request
from typing import Any

import boto3

_SECONDS = 20
_CLOCK_SKEW = 60  # seconds, as GitHub advises
_TOKEN_LIFE = 540  # seconds; GitHub accepts at most ten minutes
_LONGEST_REASON = 1_000  # characters


def handler(event: dict[str, Any], _context: Any) -> None:
    """Start the workflow once for each message."""
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["APP_SECRET_ARN"])
    app = json.loads(secret["SecretString"])
    token = app_token(
        boto3.client("kms"), key_id=os.environ["KEY_ID"], app_id=app["appId"], now=int(time.time())
    )
    for record in event["Records"]:
        dispatch(
            token,
            installation=app["installationId"],
            target=json.loads(os.environ["TARGET"]),
            inputs={"reason": reason(record["Sns"]), "stack": os.environ["STACK"]},
        )


def app_token(kms: Any, *, key_id: str, app_id: str | int, now: int) -> str:
    """Return a JSON Web Token that authenticates as the App, signed by KMS (RS256)."""
    claims = {"iat": now - _CLOCK_SKEW, "exp": now + _TOKEN_LIFE, "iss": str(app_id)}
    parts = [_encode({"alg": "RS256", "typ": "JWT"}), _encode(claims)]
    signed = kms.sign(
        KeyId=key_id,
        Message=".".join(parts).encode(),
        MessageType="RAW",
        SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256",
    )
    return ".".join([*parts, _base64url(signed["Signature"])])


def dispatch(
    token: str, *, installation: str | int, target: dict[str, str], inputs: dict[str, str]
) -> None:
    """Start the workflow.

    Args:
        token: JSON Web Token of the App.
        installation: Installation ID of the App in the repository's organisation.
        target: ``api``, ``repository`` (owner/name), ``workflow`` (file name), ``ref``.
        inputs: Inputs of the workflow.

    Raises:
        urllib.error.HTTPError: If GitHub refuses; the message goes to the dead-letter queue.
    """
    api, (_, _, name) = target["api"], target["repository"].partition("/")
    wanted = {"repositories": [name], "permissions": {"actions": "write"}}
    path = f"/app/installations/{installation}/access_tokens"
    answer = json.loads(_post(f"{api}{path}", token, wanted))
    path = f"/repos/{target['repository']}/actions/workflows/{target['workflow']}/dispatches"
    _post(f"{api}{path}", answer["token"], {"ref": target["ref"], "inputs": inputs})


def reason(message: dict[str, Any]) -> str:
    """Return the message in one line, for display only; the workflow does not execute it."""
    text = f"{message.get('Subject') or 'alarm'}: {message.get('Message', '')}"
    return " ".join(text.split())[:_LONGEST_REASON]


def _post(url: str, token: str, body: dict[str, Any]) -> bytes:
    request = urllib.request.Request(  # noqa: S310 - the address is in the plan
        url,
        data=json.dumps(body).encode(),
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "X-GitHub-Api-Version": "2022-11-28",
        },
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310 - as above
        content: bytes = response.read()
        return content


def _encode(value: dict[str, Any]) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
