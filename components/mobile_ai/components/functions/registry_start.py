"""Container entry point of the MLflow server; reads its secrets at startup.

Runs as ``python -c`` in an image with mlflow, psycopg2 and boto3. Secrets are read here instead of
by the task definition, so the definition stays plain text and a restart picks up a rotated
password.
"""

import configparser
import json
import os
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_AUTH_FILE = Path("/tmp/basic_auth.ini")  # noqa: S108 - a volume of this container alone


def database_uri(database: Mapping[str, Any], login: Mapping[str, str], root_ca: str) -> str:
    """Return the database URI; the server's certificate and host name are verified."""
    user, password = (urllib.parse.quote(login[key], safe="") for key in ("username", "password"))
    query = urllib.parse.urlencode({"sslmode": "verify-full", "sslrootcert": root_ca})
    place = f"{database['host']}:{database['port']}/{database['name']}"
    return f"postgresql+psycopg2://{user}:{password}@{place}?{query}"


def auth_config(uri: str, auth: Mapping[str, str]) -> configparser.RawConfigParser:
    """Return the configuration of MLflow's basic-auth app: no permissions by default."""
    values = {
        "default_permission": "NO_PERMISSIONS",
        "database_uri": uri,
        "admin_username": auth["username"],
        "admin_password": auth["password"],
        "authorization_function": "mlflow.server.auth:authenticate_request_basic_auth",
    }
    config = configparser.RawConfigParser()
    # MLflow reads the file with interpolation (mlflow/server/auth/config.py): % must be escaped.
    config["mlflow"] = {key: value.replace("%", "%%") for key, value in values.items()}
    return config


def server_command(environment: Mapping[str, str]) -> list[str]:
    """Return the command line of the server."""
    return [
        "mlflow",
        "server",
        "--host=0.0.0.0",
        f"--port={environment['PORT']}",
        "--app-name=basic-auth",
        f"--allowed-hosts={environment['ALLOWED_HOSTS']}",
        "--serve-artifacts",
        f"--artifacts-destination={environment['ARTIFACTS']}",
    ]


def main() -> None:
    """Read the secrets and replace this process by the server."""
    import boto3  # noqa: PLC0415 - the only thing of the image that the tests of this file lack

    environment = os.environ
    secrets, parameters = boto3.client("secretsmanager"), boto3.client("ssm")

    def secret(secret_id: str) -> dict[str, str]:
        value: dict[str, str] = json.loads(
            secrets.get_secret_value(SecretId=secret_id)["SecretString"]
        )
        return value

    answer = parameters.get_parameter(Name=environment["DATABASE_PARAMETER"], WithDecryption=True)
    database = json.loads(answer["Parameter"]["Value"])
    auth = secret(environment["AUTH_SECRET_NAME"])
    uri = database_uri(database, secret(database["secretArn"]), environment["DATABASE_ROOT_CA"])
    with os.fdopen(os.open(_AUTH_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        auth_config(uri, auth).write(file)
    command = server_command(environment)
    settings = {
        "MLFLOW_AUTH_CONFIG_PATH": str(_AUTH_FILE),
        "MLFLOW_BACKEND_STORE_URI": uri,
        "MLFLOW_FLASK_SERVER_SECRET_KEY": auth["flaskSecretKey"],
    }
    os.execvpe(command[0], command, {**environment, **settings})  # noqa: S606 - no shell wanted


if __name__ == "__main__":
    main()
