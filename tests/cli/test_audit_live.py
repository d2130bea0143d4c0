"""The clients of `mobile-ai audit --live --cloud aws`: AWS as moto has it, the rest as it answers.

The engine's part of an audit needs a real backend; this is everything that --live adds to it.
"""

import copy
import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import boto3
import pytest
import yaml
from moto import mock_aws

from mobile_ai.cli.deploy.audit_live import live_checks
from mobile_ai.cli.errors import UserError
from mobile_ai.contracts.resource import ProviderReference
from mobile_ai.operations.audit.contract import DeployedStack
from mobile_ai.operations.audit.merge import Result, look
from tests.operations.audit.support import PIN, deployed, resource
from tests.stack.sample import stack_text

ACCOUNT = "123456789012"
MODEL = b"the bytes of a model"


def _mine(values: dict[str, Any]) -> None:
    values["region"] = "eu-central-1"
    values["aws"]["accountId"] = ACCOUNT
    values["registry"] = FARGATE
    values["sites"] = [
        {**values["sites"][0], "name": "lab", "mode": "push", "context": "the-lab"},
    ]


FARGATE = {
    "kind": "fargate",
    "domain": "mlflow.example.com",
    "certificateArn": f"arn:aws:acm:eu-central-1:{ACCOUNT}:certificate/x",
    "tasks": 1,
    "cpu": 512,
    "memoryMb": 1024,
    "instanceClass": "db.t4g.micro",
    "storageGb": 20,
    "multiAz": False,
    "backupRetentionDays": 7,
}
STACK = stack_text(_mine)
DEPLOYMENT = "/apis/apps/v1/namespaces/models/deployments/edge"
POD = {"containers": [{"name": "edge", "image": "r@sha256:1"}]}
WORKLOAD = {
    "metadata": {"name": "edge", "namespace": "models"},
    "spec": {"template": {"spec": POD}},
}


class World(http.server.BaseHTTPRequestHandler):
    """A registry and a cluster: what they answer, by the beginning of a path."""

    answers: ClassVar[dict[str, tuple[int, Any]]] = {}
    logins: ClassVar[set[str | None]] = set()

    def do_GET(self) -> None:
        if self.path.startswith("/api/2.0/mlflow"):
            self.logins.add(self.headers["Authorization"])
        status, value = next(
            (answer for path, answer in self.answers.items() if self.path.startswith(path)),
            (404, {"error_code": "RESOURCE_DOES_NOT_EXIST"}),
        )
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, *_: Any) -> None:
        """Suppress the request log."""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Everything as it was deployed; gives the AWS clients to change it by hand."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), World)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "the-lab", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "the-lab",
    }
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
    (tmp_path / "Pulumi.yaml").write_text("name: mobile-ai\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(STACK)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    tags = [{"key": "mobile-ai.manifest-sha256", "value": PIN.sha256}]
    World.answers = {
        "/api/2.0/mlflow": (200, {"model_version": {"version": "1", "tags": tags}}),
        DEPLOYMENT: (200, copy.deepcopy(WORKLOAD)),
    }
    # The client reads KUBECONFIG when it is loaded.
    place = "kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION"
    monkeypatch.setattr(place, str(tmp_path / "kubeconfig"))
    with mock_aws():
        yield _aws()
    server.shutdown()
    server.server_close()


def _aws() -> dict[str, Any]:
    clients = {name: boto3.client(name, region_name="eu-central-1") for name in ("s3", "budgets")}
    s3, budgets = clients.values()
    s3.create_bucket(
        Bucket="models", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    s3.put_object(Bucket="models", Key="targets/x", Body=MODEL)
    budgets.create_budget(
        AccountId=ACCOUNT,
        Budget={
            "BudgetName": "stack",
            "BudgetLimit": {"Amount": "200", "Unit": "USD"},
            "TimeUnit": "MONTHLY",
            "BudgetType": "COST",
        },
    )
    return clients


def state() -> DeployedStack:
    metadata = {"sha256": hashlib.sha256(MODEL).hexdigest()}
    bucket_object = {"bucket": "models", "key": "targets/x", "metadata": metadata}
    budget = {"name": "stack", "limitAmount": "200", "limitUnit": "USD"}
    site = ProviderReference(type="pulumi:providers:kubernetes", name="lab", props={})
    resources = (
        resource("aws:s3/bucketObjectv2:BucketObjectv2", "model", bucket_object),
        resource("aws:budgets/budget:Budget", "stack", budget),
        resource("kubernetes:apps/v1:Deployment", "edge", WORKLOAD, provider=site),
    )
    return replace(deployed(), resources=resources)


def asked() -> dict[str, Result]:
    results = look(live_checks("dev", cloud="aws", store=None), state())
    return {result.check.id: result for result in results}


@pytest.mark.usefixtures("world")
def test_what_is_as_it_was_deployed_passes() -> None:
    results = asked()

    assert {name: (item.found, item.failure) for name, item in results.items()} == dict.fromkeys(
        (
            "objects-unchanged",
            "objects-released",
            "budgets-there",
            "aliases-follow-git",
            "workloads-as-declared",
        ),
        ((), ""),
    )


def test_what_was_changed_by_hand_is_found_with_what_is_known(world: dict[str, Any]) -> None:
    world["s3"].put_object(Bucket="models", Key="targets/x", Body=b"swapped")
    world["s3"].put_object(Bucket="models", Key="targets/stranger", Body=b"x")
    world["budgets"].delete_budget(AccountId=ACCOUNT, BudgetName="stack")
    World.answers["/api/2.0/mlflow"] = (200, {"model_version": {"version": "2", "tags": []}})
    live = copy.deepcopy(WORKLOAD)
    live["spec"]["template"]["spec"]["containers"][0]["image"] = "evil@sha256:2"
    image = {"f:containers": {'k:{"name":"edge"}': {"f:image": {}}}}
    live["metadata"]["managedFields"] = [
        {
            "manager": "kubectl-edit",
            "operation": "Update",
            "time": "2026-11-24T01:00:00Z",
            "fieldsV1": {"f:spec": {"f:template": {"f:spec": image}}},
        }
    ]
    World.answers[DEPLOYMENT] = (200, live)

    results = asked()

    assert {name: len(item.found) for name, item in results.items()} == dict.fromkeys(results, 1)
    who = {name: item.authors[0] for name, item in results.items()}
    assert all(who.values())
    assert (str(who["workloads-as-declared"])).startswith(
        "last changed by kubectl-edit, 2026-11-24T01:00:00Z"
    )
    # moto keeps no event history: what cannot be asked is told, and hides nothing.
    assert "the record could not be read" in str(who["budgets-there"])


def test_what_is_gone_is_found(world: dict[str, Any]) -> None:
    world["s3"].delete_object(Bucket="models", Key="targets/x")
    World.answers.clear()

    results = asked()

    found = {name: [item.finding.got for item in result.found] for name, result in results.items()}
    assert found["workloads-as-declared"] == ["no such object"]
    assert found["objects-unchanged"] == ["no object"]
    assert found["aliases-follow-git"] == ["no alias, or a version without a digest"]


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("user", "sent"), [("auditor", "Basic YXVkaXRvcjpzZWNyZXQ="), ("", None)], ids=["login", "none"]
)
def test_a_registry_with_a_login_gets_the_one_of_the_environment(
    user: str, sent: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", user)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    World.logins.clear()

    assert asked()["aliases-follow-git"].found == ()
    assert World.logins == {sent}


@pytest.mark.usefixtures("world")
def test_without_an_address_of_the_registry_nothing_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI")

    with pytest.raises(UserError, match="MLFLOW_TRACKING_URI"):
        live_checks("dev", cloud="aws", store=None)
