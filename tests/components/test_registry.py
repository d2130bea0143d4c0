"""Registry: external, or an MLflow server of the stack."""

import base64
import configparser
import io
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from moto import mock_aws

from mobile_ai.components.aws.names import AwsScope
from mobile_ai.components.functions.registry_redeploy import restart_if_stale
from mobile_ai.components.functions.registry_rotate import rotate
from mobile_ai.components.functions.registry_start import auth_config, database_uri, server_command
from mobile_ai.components.registry import plan
from mobile_ai.components.registry.registry import ModelRegistry, RegistryArgs
from tests.components.aws_support import ACCOUNT, DEV, PLATFORM, PROD, allowed, listing
from tests.components.support import Engine, declare

GOLDENS = Path(__file__).parent / "golden"
IMAGE = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/mobile-ai/mlflow@sha256:{'a' * 64}"
STAGES = ("createSecret", "setSecret", "testSecret", "finishSecret")


def arguments(scope: AwsScope = DEV) -> RegistryArgs:
    return {
        "scope": scope,
        "platform": PLATFORM,
        "tracking_uri": None,
        "artifact_bucket": None,
        "image_repository": None,
        "fargate": {
            "network": {
                "vpc_id": "vpc-0",
                "app_subnet_ids": ["subnet-a", "subnet-b"],
                "data_subnet_ids": ["subnet-c", "subnet-d"],
                "assign_public_ip": False,
            },
            "image": IMAGE,
            "domain": "registry.example.com",
            "certificate_arn": f"arn:aws:acm:eu-west-1:{ACCOUNT}:certificate/1",
            "tasks": 2,
            "cpu": 512,
            "memory_mb": 1_024,
            "instance_class": "db.t4g.small",
            "storage_gb": 20,
            "multi_az": scope["protect"],
            "backup_retention_days": 14,
        },
    }


def external() -> RegistryArgs:
    uri = "https://mlflow.example.com"
    return {
        **arguments(),
        "fargate": None,
        "tracking_uri": uri,
        "image_repository": "mobile-ai/edge",
    }


def registry(args: RegistryArgs) -> Engine:
    return declare(lambda: ModelRegistry("registry", args), stack=args["scope"]["stack"])


@pytest.fixture(scope="module")
def dev() -> Engine:
    return registry(arguments())


@pytest.fixture(scope="module")
def prod() -> Engine:
    return registry(arguments(PROD))


def test_the_registry_is_the_one_recorded(dev: Engine, golden: Callable[[Path, str], None]) -> None:
    golden(GOLDENS / "registry-fargate.txt", listing(dev))


def test_somebody_elses_registry_makes_nothing() -> None:
    engine = registry(external())

    assert [item.type for item in engine.registered if item.type.startswith("aws:")] == []


def test_two_registries_at_once_are_refused() -> None:
    with pytest.raises(ValueError, match="exactly one"):
        registry({**arguments(), "tracking_uri": "https://mlflow.example.com"})


def test_the_container_is_known_at_preview_with_its_image_by_digest(dev: Engine) -> None:
    definitions = dev.one("TaskDefinition").inputs["containerDefinitions"]

    (container,) = json.loads(definitions)
    assert container["image"] == IMAGE


def test_the_container_is_confined_and_holds_no_secret(dev: Engine) -> None:
    (container,) = json.loads(dev.one("TaskDefinition").inputs["containerDefinitions"])

    assert container["readonlyRootFilesystem"] is True
    assert container["privileged"] is False
    assert container["user"] != "0"
    assert container["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}
    assert not [item for item in container["environment"] if "PASSWORD" in item["name"]]


def test_the_database_is_private_encrypted_backed_up_and_watched(dev: Engine) -> None:
    database = dev.one("instance:Instance").inputs

    assert database["publiclyAccessible"] is False
    assert database["storageEncrypted"] is True
    assert database["backupRetentionPeriod"] >= 7
    assert database["iamDatabaseAuthenticationEnabled"] is True
    assert database["manageMasterUserPassword"] is True
    assert "password" not in database
    assert database["performanceInsightsEnabled"] is True
    assert database["enabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]


def test_a_protected_registry_survives_a_zone_and_a_mistake(dev: Engine, prod: Engine) -> None:
    database = prod.one("instance:Instance").inputs

    assert (database["multiAz"], database["deletionProtection"]) == (True, True)
    assert database["skipFinalSnapshot"] is False
    assert prod.one("LoadBalancer").inputs["enableDeletionProtection"] is True
    assert dev.one("instance:Instance").inputs["deletionProtection"] is False


def test_the_balancer_is_internal_and_speaks_tls_13_only(dev: Engine) -> None:
    balancer, listener = dev.one("LoadBalancer").inputs, dev.one("Listener").inputs

    assert balancer["internal"] is True
    assert balancer["dropInvalidHeaderFields"] is True
    assert balancer["accessLogs"]["enabled"] is True
    assert (listener["protocol"], listener["port"]) == ("HTTPS", 443)
    assert listener["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-3-2021-06"


def test_nothing_is_let_in_from_an_address(dev: Engine) -> None:
    rules = dev.of_type("SecurityGroupIngressRule")

    assert rules
    assert not [
        rule.name for rule in rules if "cidrIpv4" in rule.inputs or "cidrIpv6" in rule.inputs
    ]


def test_where_only_public_addresses_lead_out_the_rotation_has_its_own_way() -> None:
    args = arguments()
    assert args["fargate"] is not None
    args["fargate"]["network"]["assign_public_ip"] = True

    engine = registry(args)

    assert engine.one(":VpcEndpoint").inputs["serviceName"].endswith(".secretsmanager")


def test_images_are_immutable_scanned_and_encrypted(dev: Engine) -> None:
    repository = dev.one("repository:Repository").inputs

    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    assert repository["encryptionConfigurations"][0]["encryptionType"] == "KMS"


def test_the_server_reads_only_its_own_secrets(dev: Engine) -> None:
    read = [
        resources
        for name, action, resources in allowed(dev)
        if name == "registry-task" and action == "secretsmanager:GetSecretValue"
    ]

    start = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:"
    assert read == [[f"{start}rds!db-*"], [f"{start}mobile-ai-dev-registry-auth-??????"]]


def test_of_the_databases_secrets_only_the_own_instances_one_is_readable() -> None:
    statements = {one["Sid"]: one for one in plan.task_rights(DEV, artifacts="b", key_alias="k")}

    assert statements["DatabaseLogin"]["Condition"]["StringEquals"] == {
        "secretsmanager:ResourceTag/aws:rds:primaryDBInstanceArn": (
            f"arn:aws:rds:eu-west-1:{ACCOUNT}:db:mobile-ai-dev-registry"
        )
    }


def test_a_failed_deployment_is_rolled_back(dev: Engine) -> None:
    service = dev.one("service:Service").inputs

    assert service["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert service["enableExecuteCommand"] is False


@pytest.mark.parametrize(
    ("image", "repository"),
    [(IMAGE, "mobile-ai/mlflow"), ("mlflow@sha256:0", "mlflow"), ("ghcr.io/a/b@sha256:0", "a/b")],
)
def test_the_repository_of_an_image_is_what_is_between_host_and_digest(
    image: str, repository: str
) -> None:
    assert plan.repository_name(image) == repository


# --- the start of the container --------------------------------------------------------------

DATABASE = {"host": "db.example", "port": 5433, "name": "mlflow"}


def test_the_database_is_reached_with_its_certificate_and_name_verified() -> None:
    uri = urlsplit(database_uri(DATABASE, {"username": "o", "password": "p"}, "/ca.pem"))

    assert parse_qs(uri.query) == {"sslmode": ["verify-full"], "sslrootcert": ["/ca.pem"]}


def test_a_password_cannot_change_the_address() -> None:
    login = {"username": "owner", "password": "a@evil.example:1/x?sslmode=disable#"}

    uri = urlsplit(database_uri(DATABASE, login, "/ca.pem"))

    assert (uri.hostname, uri.port, uri.path) == ("db.example", 5433, "/mlflow")
    assert "disable" not in uri.query


def test_nobody_may_do_anything_unasked_and_percent_signs_survive() -> None:
    config = auth_config("postgresql://a%40b", {"username": "admin", "password": "50%"})
    written = io.StringIO()
    config.write(written)

    assert "default_permission = NO_PERMISSIONS" in written.getvalue()
    # Read as MLflow reads it.
    read = configparser.ConfigParser()
    read.read_string(written.getvalue())
    assert read["mlflow"]["admin_password"] == "50%"
    assert read["mlflow"]["database_uri"] == "postgresql://a%40b"


def test_the_server_answers_to_its_own_domain_and_wants_a_login() -> None:
    environment = {"PORT": "5000", "ALLOWED_HOSTS": "registry.example.com", "ARTIFACTS": "s3://b"}

    command = server_command(environment)

    assert "--allowed-hosts=registry.example.com" in command
    assert "--app-name=basic-auth" in command


# --- rotation of the administrator's password -------------------------------------------------


class Mlflow(BaseHTTPRequestHandler):
    """The two calls of MLflow's user API that the rotation makes."""

    password = "first"

    def do_GET(self) -> None:
        self._answer(200 if self._login() == f"admin:{type(self).password}" else 401)

    def do_PATCH(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = self._login() == f"admin:{type(self).password}"
        if known and self.path == "/api/2.0/mlflow/users/update-password":
            type(self).password = body["password"]
        self._answer(200 if known else 401)

    def _login(self) -> str:
        return base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        del format, args


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Mlflow) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        client = boto3.client("secretsmanager")
        client.create_secret(Name="auth")
        yield client


def turn(secrets: Any, url: str, token: str, *, stages: tuple[str, ...] = STAGES) -> None:
    for stage in stages:
        event = {"SecretId": "auth", "ClientRequestToken": token, "Step": stage}
        rotate(secrets, event, url=url)


def value(secrets: Any) -> dict[str, str]:
    found: dict[str, str] = json.loads(
        secrets.get_secret_value(SecretId="auth", VersionStage="AWSCURRENT")["SecretString"]
    )
    return found


TOKENS = [f"{at:032d}" for at in range(3)]


def test_the_first_rotation_needs_no_server(secrets: Any) -> None:
    turn(secrets, "http://127.0.0.1:9", TOKENS[0])

    assert value(secrets)["username"] == "admin"
    assert len(value(secrets)["password"]) == 40


def test_a_rotation_tells_the_server_and_keeps_sessions(secrets: Any, server: str) -> None:
    turn(secrets, server, TOKENS[0])
    before = value(secrets)
    Mlflow.password = before["password"]

    turn(secrets, server, TOKENS[1])

    after = value(secrets)
    assert Mlflow.password == after["password"] != before["password"]
    assert after["flaskSecretKey"] == before["flaskSecretKey"]


def test_repeated_steps_change_nothing(secrets: Any, server: str) -> None:
    turn(secrets, server, TOKENS[0])
    Mlflow.password = value(secrets)["password"]

    turn(secrets, server, TOKENS[1], stages=tuple(step for step in STAGES for _ in range(2)))

    assert Mlflow.password == value(secrets)["password"]


def test_a_password_that_the_server_does_not_know_is_not_made_current(
    secrets: Any, server: str
) -> None:
    turn(secrets, server, TOKENS[0])
    before = value(secrets)
    Mlflow.password = "somebody changed it by hand"

    with pytest.raises(HTTPError):
        turn(secrets, server, TOKENS[1])

    assert value(secrets) == before


def test_an_unknown_step_is_refused(secrets: Any) -> None:
    with pytest.raises(ValueError, match="Secrets Manager's four"):
        turn(secrets, "http://127.0.0.1:9", TOKENS[0], stages=("dropSecret",))


class Clients:
    """ECS, RDS and Secrets Manager, as far as the restart calls them."""

    def __init__(self, *, started: list[datetime], rotated: dict[str, datetime]) -> None:
        self.started, self.rotated = started, rotated
        self.restarts: list[dict[str, Any]] = []

    def __call__(self, name: str) -> "Clients":
        assert name in {"ecs", "rds", "secretsmanager"}
        return self

    def describe_services(self, **_: Any) -> dict[str, Any]:
        deployments = [{"createdAt": moment} for moment in self.started]
        return {"services": [{"deployments": deployments}] if deployments else []}

    def describe_db_instances(self, *, DBInstanceIdentifier: str) -> dict[str, Any]:  # noqa: N803
        assert self.started, "the database was looked for before there was a service"
        secret = {"SecretArn": f"rds!{DBInstanceIdentifier}"}
        return {"DBInstances": [{"MasterUserSecret": secret}]}

    def describe_secret(self, *, SecretId: str) -> dict[str, Any]:  # noqa: N803
        moment = self.rotated.get(SecretId)
        return {} if moment is None else {"LastRotatedDate": moment}

    def update_service(self, **arguments: Any) -> None:
        self.restarts.append(arguments)


EARLY, LATE, LATEST = (datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3))


@pytest.mark.parametrize("secret", ["auth", "rds!db"])
def test_a_rotation_of_either_secret_restarts_the_service_once(secret: str) -> None:
    clients = Clients(started=[EARLY], rotated={secret: LATE})
    names = {"cluster": "c", "service": "s", "database": "db", "secret": "auth"}

    assert restart_if_stale(clients, **names)
    assert clients.restarts == [{"cluster": "c", "service": "s", "forceNewDeployment": True}]
    clients.started.append(LATEST)  # the new deployment, beside the old one
    assert not restart_if_stale(clients, **names)
    assert len(clients.restarts) == 1


@pytest.mark.parametrize(
    "clients",
    [
        Clients(started=[], rotated={"auth": LATE}),
        Clients(started=[EARLY], rotated={}),
        Clients(started=[LATE], rotated={"auth": EARLY, "rds!db": EARLY}),
    ],
    ids=["no service yet", "nothing was rotated", "tasks are newer"],
)
def test_without_a_newer_rotation_nothing_is_restarted(clients: Clients) -> None:
    names = {"cluster": "c", "service": "s", "database": "db", "secret": "auth"}

    assert not restart_if_stale(clients, **names)
    assert clients.restarts == []


def test_the_restart_needs_no_trail_and_may_change_the_one_service(dev: Engine) -> None:
    rights = {
        action: resources for name, action, resources in allowed(dev) if name == "registry-restart"
    }

    assert [item.name for item in dev.of_type("eventRule:EventRule")] == []
    assert dev.one("schedule:Schedule", "registry-restart").inputs["scheduleExpression"]
    assert {action for action in rights if not action.startswith(("kms:", "logs:", "xray:"))} == {
        "ecs:DescribeServices",
        "ecs:UpdateService",
        "rds:DescribeDBInstances",
        "secretsmanager:DescribeSecret",
        "sqs:SendMessage",
    }


def test_the_database_is_pinned_by_its_major_version_and_upgrades_itself(dev: Engine) -> None:
    database = dev.one("instance:Instance").inputs

    assert database["engineVersion"].isdigit()
    assert database["autoMinorVersionUpgrade"] is True
    family = dev.one("parameterGroup:ParameterGroup").inputs["family"]
    assert family == f"postgres{database['engineVersion']}"
