"""Changes outside of the engine are found, each by its own check."""

import copy
import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.resource import ProviderReference
from mobile_ai.operations.audit.contract import Author
from mobile_ai.operations.audit.live.budgets import budgets_there
from mobile_ai.operations.audit.live.devices import versions_heard
from mobile_ai.operations.audit.live.registry import aliases_follow_git, mlflow_alias
from mobile_ai.operations.audit.live.trail import no_trail
from mobile_ai.operations.audit.live.workloads import workloads_as_declared
from tests.operations.audit.support import PIN, deployed, got, only, resource, told

ACCOUNT = "123456789012"

BUDGET = resource(
    "aws:budgets/budget:Budget",
    "stack",
    {"name": "mobile-ai-dev-stack", "limitAmount": "200", "limitUnit": "USD"},
)


@pytest.mark.parametrize(
    ("limit", "found"), [("200.0", []), ("2000", ["2000.00 USD"]), (None, ["no budget"])]
)
def test_a_deleted_or_raised_budget_is_found(aws: Any, limit: str | None, found: list[str]) -> None:
    budgets = aws("budgets")
    if limit is not None:
        budgets.create_budget(
            AccountId=ACCOUNT,
            Budget={
                "BudgetName": "mobile-ai-dev-stack",
                "BudgetLimit": {"Amount": limit, "Unit": "USD"},
                "TimeUnit": "MONTHLY",
                "BudgetType": "COST",
            },
        )

    assert got(budgets_there(budgets, ACCOUNT, no_trail), only(BUDGET)) == found


def test_who_changed_a_budget_is_asked_of_the_trail(aws: Any) -> None:
    asked = []

    def last(*question: Any) -> Author:
        asked.append(question)
        return Author(who="ada", when="2026-11-24T01:00:00Z", source="CloudTrail")

    check = budgets_there(aws("budgets"), ACCOUNT, last)

    assert told(check, only(BUDGET)) == "last changed by ada, 2026-11-24T01:00:00Z (CloudTrail)"
    assert asked == [("mobile-ai-dev-stack", ("UpdateBudget", "DeleteBudget", "CreateBudget"))]


class Registry(http.server.BaseHTTPRequestHandler):
    """MLflow's alias endpoint, as documented."""

    answer: ClassVar[tuple[int, Any]] = (200, {})
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        status, value = self.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


@pytest.fixture
def registry() -> Iterator[str]:
    Registry.asked.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def version(digest: str) -> dict[str, Any]:
    tags = [{"key": "mobile-ai.manifest-sha256", "value": digest}]
    return {"model_version": {"name": "digits", "version": "2", "tags": tags}}


@pytest.mark.parametrize(
    ("status", "value", "found"),
    [
        (200, version(PIN.sha256), []),
        (200, version("f" * 64), [f"manifest {'f' * 16}..."]),
        (200, {"model_version": {}}, ["no alias, or a version without a digest"]),
        (
            404,
            {"error_code": "RESOURCE_DOES_NOT_EXIST"},
            ["no alias, or a version without a digest"],
        ),
    ],
)
def test_a_moved_alias_is_found(registry: str, status: int, value: Any, found: list[str]) -> None:
    Registry.answer = (status, value)

    assert got(aliases_follow_git(mlflow_alias(registry)), deployed()) == found
    assert Registry.asked == [
        "/api/2.0/mlflow/registered-models/alias?name=digits&alias=dev",
    ]


def test_an_alias_has_no_author_and_its_version_has_a_maker(registry: str) -> None:
    value = version("f" * 64)
    value["model_version"] |= {"user_id": "grace", "creation_timestamp": 1764032400000}
    Registry.answer = (200, value)

    sentence = told(aliases_follow_git(mlflow_alias(registry)), deployed())

    assert sentence.startswith(
        "last changed by not known (MLflow); aliases have no recorded author"
    )
    assert sentence.endswith("version 2 was registered by grace on 2025-11-25T01:00:00Z")


@pytest.mark.parametrize("answer", [(500, {"error_code": "INTERNAL_ERROR"}), (403, {})])
def test_a_registry_that_does_not_tell_is_no_pass(registry: str, answer: tuple[int, Any]) -> None:
    Registry.answer = answer

    with pytest.raises(GovernanceError, match=f"status {answer[0]}"):
        got(aliases_follow_git(mlflow_alias(registry)), deployed())


SPEC = {
    "metadata": {
        "name": "edge",
        "namespace": "models",
        "annotations": {"mobile-ai.dev/manifest-sha256": "a" * 64},
    },
    "spec": {
        "replicas": 2.0,
        "template": {
            "spec": {
                "hostNetwork": False,
                "containers": [
                    {
                        "name": "edge",
                        "image": "r@sha256:1",
                        "resources": {"limits": {"memory": "1024Mi", "cpu": "1000m"}},
                        "ports": [{"containerPort": 8080.0}],
                    }
                ],
            }
        },
    },
}
WORKLOAD = resource(
    "kubernetes:apps/v1:Deployment",
    "edge",
    SPEC,
    provider=ProviderReference(type="pulumi:providers:kubernetes", name="site-lab", props={}),
)


def edited(change: Any) -> dict[str, Any]:
    live: dict[str, Any] = copy.deepcopy(SPEC)
    live["metadata"] |= {"uid": "u", "labels": {"added": "by the server"}}
    live["spec"]["replicas"] = 5
    pod = live["spec"]["template"]["spec"]
    del pod["hostNetwork"]
    pod["dnsPolicy"] = "ClusterFirst"
    pod["containers"][0]["resources"]["limits"] = {"memory": "1Gi", "cpu": "1"}
    change(live)
    return live


def pod_of(live: dict[str, Any]) -> Any:
    return live["spec"]["template"]["spec"]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda _: None, []),
        (
            lambda it: pod_of(it)["containers"][0].update(image="evil@sha256:2"),
            ["other spec.template.spec.containers[0].image"],
        ),
        (
            lambda it: pod_of(it)["containers"][0]["resources"]["limits"].update(memory="2Gi"),
            ["other spec.template.spec.containers[0].resources.limits.memory"],
        ),
        (
            lambda it: pod_of(it).update(hostNetwork=True),
            ["other spec.template.spec.hostNetwork"],
        ),
        (
            lambda it: pod_of(it)["containers"].append({"name": "sidecar"}),
            ["other spec.template.spec.containers"],
        ),
        (
            lambda it: it["metadata"].pop("annotations"),
            ["other metadata.annotations.mobile-ai.dev/manifest-sha256"],
        ),
    ],
)
def test_an_edited_workload_is_found(change: Any, found: list[str]) -> None:
    asked = []

    def workload(*where: str) -> dict[str, Any]:
        asked.append(where)
        return edited(change)

    assert got(workloads_as_declared(workload), only(WORKLOAD)) == found
    assert asked == [("site-lab", "models", "edge")]


def test_a_deleted_workload_is_found() -> None:
    check = workloads_as_declared(lambda *_: None)

    assert got(check, only(WORKLOAD)) == ["no such object"]
    assert told(check, only(WORKLOAD)).startswith("last changed by not known; a deleted object")


@pytest.mark.parametrize(
    ("version_", "found"), [("1.1.0", []), ("0.9.0", ["version 0.9.0 in 7 events"])]
)
def test_a_version_that_nobody_released_is_advice(version_: str, found: list[str]) -> None:
    check = versions_heard(lambda: [("field-assistant", "digits", version_, 7)])
    state = deployed()

    assert got(check, state) == found
    assert not any(item.denies for item in check.look(state))
