"""The edge server accepts the environment and files that the components give a workload."""

from pathlib import PurePosixPath
from typing import Any

import pytest

from mobile_ai.components.endpoints.cloud_api import COMMAND, routes
from mobile_ai.edge.admission import ThrottleFile
from mobile_ai.edge.models.settings import ENVIRONMENT
from mobile_ai.edge.rest import RestApp
from mobile_ai.edge.settings import THROTTLE, ServerSettings, from_environment
from tests.components.support import Engine

CLOUD = "field-assistant-digits-cloud-function"
URL = "https://models.example.com"


def deployments(engine: Engine) -> list[dict[str, Any]]:
    found = [item.inputs["spec"] for item in engine.of_type("kubernetes:apps/v1:Deployment")]
    assert len(found) >= 2
    return found


def container(spec: dict[str, Any]) -> dict[str, Any]:
    [value] = spec["template"]["spec"]["containers"]
    return dict(value)


def environment(spec: dict[str, Any]) -> dict[str, str]:
    """Return a pod's variables; the address of releases is known after the deployment."""
    given = {item["name"]: item["value"] for item in container(spec)["env"]}
    return {**given, "MOBILE_AI_RELEASE_URL": URL}


def settings(spec: dict[str, Any]) -> ServerSettings:
    return from_environment(environment(spec))


def test_a_pod_s_variables_are_the_server_s(prod: Engine) -> None:
    for spec in deployments(prod):
        known = settings(spec).models
        given = environment(spec)
        [followed] = known.follow

        assert set(given) <= set(ENVIRONMENT)
        assert known.releases is not None
        assert known.releases.url == URL
        assert known.releases.target == "edge"
        assert known.releases.place == given["MOBILE_AI_SITE"]
        assert (known.releases.app, followed.model) == ("field-assistant", "digits")
        assert followed.ring == given["MOBILE_AI_RING"]


def test_a_pod_s_port_is_the_server_s(prod: Engine) -> None:
    for spec in deployments(prod):
        [port] = container(spec)["ports"]
        listen = settings(spec).listen
        assert (listen.host, listen.port) == ("0.0.0.0", port["containerPort"])  # noqa: S104


def test_probes_ask_what_the_server_answers(prod: Engine) -> None:
    answered = RestApp(front=None, limits=None)._plain  # type: ignore[arg-type]
    for spec in deployments(prod):
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            asked = container(spec)[probe]["httpGet"]
            assert asked["path"] in answered
            assert asked["port"] == container(spec)["ports"][0]["name"]


def test_the_server_writes_only_where_a_pod_lets_it(prod: Engine) -> None:
    for spec in deployments(prod):
        mounts = {item["mountPath"]: item for item in container(spec)["volumeMounts"]}
        volumes = {item["name"] for item in spec["template"]["spec"]["volumes"]}

        assert container(spec)["securityContext"]["readOnlyRootFilesystem"] is True
        assert not mounts[str(settings(spec).models.cache)].get("readOnly")
        assert "/tmp" in mounts  # noqa: S108  # self-tests run in processes that may want it
        assert {item["name"] for item in mounts.values()} == volumes


def test_the_throttle_is_mounted_where_the_server_looks(prod: Engine) -> None:
    for spec in deployments(prod):
        [mount] = [m for m in container(spec)["volumeMounts"] if m["name"] == "throttle"]
        assert PurePosixPath(mount["mountPath"]) == THROTTLE.parent
        assert mount["readOnly"] is True


def test_the_throttle_is_made_and_says_what_the_server_reads(prod: Engine) -> None:
    made = {
        item.inputs["metadata"]["name"]: item.inputs["data"]
        for item in prod.of_type("kubernetes:core/v1:ConfigMap")
    }
    for spec in deployments(prod):
        [volume] = [v for v in spec["template"]["spec"]["volumes"] if v["name"] == "throttle"]
        data = made[volume["configMap"]["name"]]
        assert not volume["configMap"].get("optional")
        # Four times the 40 requests a second that the stack file declares.
        assert ThrottleFile.model_validate_json(data[THROTTLE.name]).requestsPerSecond == 160


def test_a_server_drains_before_its_pod_is_killed(prod: Engine) -> None:
    for spec in deployments(prod):
        drain = settings(spec).drain
        patience = spec["template"]["spec"]["terminationGracePeriodSeconds"]
        probe = container(spec)["readinessProbe"]
        noticed = probe["periodSeconds"] * probe["failureThreshold"]

        assert drain.announce_seconds + drain.finish_seconds < patience
        assert drain.announce_seconds >= noticed / 2  # endpoints leave when the pod terminates


def test_a_request_waits_no_longer_than_a_route_or_a_function_does() -> None:
    values = dict.fromkeys(ENVIRONMENT[:6], "x") | {"MOBILE_AI_RELEASE_URL": URL}
    assert from_environment(values).requests.timeout_ms < 15_000


def test_a_function_s_variables_are_the_server_s(prod: Engine) -> None:
    function = prod.one("aws:lambda/function:Function", CLOUD).inputs
    given = {**function["environment"]["variables"], "MOBILE_AI_RELEASE_URL": URL}
    ours = {"AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_REGION": "eu-west-1"}  # Lambda's own
    known = from_environment(given | ours).models

    assert set(given) <= set(ENVIRONMENT)
    assert known.releases is not None
    assert (known.releases.target, known.releases.place) == ("cloud", "eu-west-1")
    assert known.cache.is_relative_to("/tmp")  # noqa: S108  # all that a function may write


def test_a_function_runs_the_handler(prod: Engine) -> None:
    function = prod.one("aws:lambda/function:Function", CLOUD).inputs
    module, _, name = COMMAND[-1].rpartition(".")

    assert tuple(function["imageConfig"]["commands"]) == COMMAND
    assert (module, name) == ("mobile_ai.edge.lambda_function", "handler")


@pytest.mark.parametrize("route", routes("digits"))
def test_the_routes_of_the_api_are_the_protocol_s(route: str) -> None:
    from mobile_ai.edge.paths import model_path  # noqa: PLC0415

    found = model_path(route.split()[1])
    assert found is not None
    assert found.name == "digits"
