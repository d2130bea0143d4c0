"""Endpoints file of the sandbox."""

import json
import stat

import pytest

from mobile_ai.sandbox.services.endpoints import (
    ENDPOINTS_VARIABLE,
    Cluster,
    Endpoints,
    EndpointsError,
)

ONE = Cluster(server="https://127.0.0.1:6443", ca="/tmp/ca.crt", token="abc")  # noqa: S108
TWO = Cluster(server="https://[::1]:6444", ca="/tmp/ca.crt", token="def")  # noqa: S108


def _endpoints(**changed):
    given = {
        "name": "default",
        "aws": "http://127.0.0.1:5000",
        "kubernetes": {"default": ONE, "lab": TWO},
        "mlflow": "http://localhost:5001",
        "cdn": "http://127.0.0.1:5002",
    }
    return Endpoints(**(given | changed))


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "new" / "endpoints.json"
    _endpoints().write(path)

    assert Endpoints.read(path) == _endpoints()
    assert Endpoints.from_environment({ENDPOINTS_VARIABLE: str(path)}) == _endpoints()


def test_only_the_owner_may_read_the_tokens(tmp_path):
    path = tmp_path / "endpoints.json"
    _endpoints().write(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_the_variable_there_is_no_sandbox():
    assert Endpoints.from_environment({}) is None


@pytest.mark.parametrize(("context", "cluster"), [("lab", TWO), ("other", ONE), ("", ONE)])
def test_a_context_without_a_cluster_of_its_own_is_the_default_one(context, cluster):
    assert _endpoints().cluster(context) is cluster


@pytest.mark.parametrize(
    "changed",
    [
        {"aws": "https://s3.amazonaws.com"},
        {"mlflow": "http://127.0.0.1.example.com:5000"},
        {"cdn": "http://user@10.0.0.1"},
        {"kubernetes": {"lab": Cluster(server="https://10.0.0.1:6443", ca="", token="")}},
    ],
)
def test_an_endpoint_elsewhere_is_refused(changed):
    with pytest.raises(EndpointsError, match="is not on this machine"):
        _endpoints(**changed)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", json.dumps({"format": 2}), json.dumps({"format": 1, "x": 1})]
)
def test_a_file_that_cannot_be_used_is_told_with_the_next_step(tmp_path, text):
    path = tmp_path / "endpoints.json"
    path.write_text(text)

    with pytest.raises(EndpointsError, match="mobile-ai sandbox up"):
        Endpoints.read(path)
