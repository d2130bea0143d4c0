"""Lambda function that rotates the registry's administrator password (Secrets Manager, four steps).

The first rotation creates the first password, before the server has started; later rotations set
the new password through the server's API. A restart makes every task reread it.
"""

import base64
import json
import os
import urllib.error
import urllib.request
from typing import Any

import boto3

_SECONDS = 20
_USER = "admin"
_LENGTH = 40


def handler(event: dict[str, str], _context: Any) -> None:
    """Run one step of a rotation."""
    rotate(boto3.client("secretsmanager"), event, url=os.environ["REGISTRY_URL"])


def rotate(secrets: Any, event: dict[str, str], *, url: str) -> None:
    """Run the rotation step of the event.

    Raises:
        ValueError: If the step is unknown.
        urllib.error.HTTPError: If the server refuses the password.
    """
    secret, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    current = _before(secrets, secret, token)
    if step == "createSecret":
        _create(secrets, secret, token, current)
    elif step == "setSecret":
        _tell_server(url, current, _pending(secrets, secret, token))
    elif step == "testSecret":
        _try_login(url, current, _pending(secrets, secret, token))
    elif step == "finishSecret":
        _finish(secrets, secret, token)
    else:
        raise ValueError(f"rotation: got step {step!r}, expected one of Secrets Manager's four")


def _create(secrets: Any, secret: str, token: str, current: dict[str, str] | None) -> None:
    if _read(secrets, secret, VersionId=token, VersionStage="AWSPENDING"):
        return  # a repeated step must not make another password
    value = {
        "username": _USER,
        "password": _random(secrets),
        # Keeps sessions valid across a rotation: a new key would end all of them.
        "flaskSecretKey": current["flaskSecretKey"] if current else _random(secrets),
    }
    secrets.put_secret_value(
        SecretId=secret,
        ClientRequestToken=token,
        SecretString=json.dumps(value),
        VersionStages=["AWSPENDING"],
    )


def _tell_server(url: str, current: dict[str, str] | None, pending: dict[str, str]) -> None:
    if current is None or _accepts(url, pending):
        return
    change = {"username": pending["username"], "password": pending["password"]}
    _call(url, "users/update-password", current, method="PATCH", body=change)


def _try_login(url: str, current: dict[str, str] | None, pending: dict[str, str]) -> None:
    if current is not None:
        _call(url, f"users/get?username={pending['username']}", pending)


def _finish(secrets: Any, secret: str, token: str) -> None:
    stages = secrets.describe_secret(SecretId=secret)["VersionIdsToStages"]
    before = [version for version, names in stages.items() if "AWSCURRENT" in names]
    if before == [token]:
        return
    secrets.update_secret_version_stage(
        SecretId=secret,
        VersionStage="AWSCURRENT",
        MoveToVersionId=token,
        **({"RemoveFromVersionId": before[0]} if before else {}),
    )


def _accepts(url: str, login: dict[str, str]) -> bool:
    try:
        _call(url, f"users/get?username={login['username']}", login)
    except urllib.error.HTTPError as error:
        if error.code == 401:  # noqa: PLR2004 - HTTP Unauthorized
            return False
        raise
    return True


def _call(
    url: str,
    path: str,
    login: dict[str, str],
    *,
    method: str = "GET",
    body: dict[str, str] | None = None,
) -> None:
    pair = base64.b64encode(f"{login['username']}:{login['password']}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 - the address is the stack's own
        f"{url}/api/2.0/mlflow/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Basic {pair}", "Content-Type": "application/json"},
        method=method,
    )
    urllib.request.urlopen(request, timeout=_SECONDS).close()  # noqa: S310 - as above


def _pending(secrets: Any, secret: str, token: str) -> dict[str, str]:
    value = _read(secrets, secret, VersionId=token, VersionStage="AWSPENDING")
    if value is None:
        raise ValueError(
            f"rotation: version {token} has no pending value; createSecret comes first"
        )
    return value


def _before(secrets: Any, secret: str, token: str) -> dict[str, str] | None:
    """Return the value before this rotation, if there is one.

    The first version of a secret becomes current immediately, whatever stage is requested
    (PutSecretValue).
    """
    stages = secrets.describe_secret(SecretId=secret).get("VersionIdsToStages", {})
    if "AWSCURRENT" in stages.get(token, ()):
        return None
    return _read(secrets, secret, VersionStage="AWSCURRENT")


def _read(secrets: Any, secret: str, **version: str) -> dict[str, str] | None:
    try:
        text = secrets.get_secret_value(SecretId=secret, **version)["SecretString"]
    except secrets.exceptions.ResourceNotFoundException:
        return None
    value: dict[str, str] = json.loads(text)
    return value


def _random(secrets: Any) -> str:
    answer = secrets.get_random_password(PasswordLength=_LENGTH, ExcludePunctuation=True)
    return str(answer["RandomPassword"])
