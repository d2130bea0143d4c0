"""A cluster that the user already has, used instead of starting one."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from mobile_ai.gobuild.progress import Quiet
from mobile_ai.sandbox.errors import SandboxError
from mobile_ai.sandbox.kubernetes.api import KubernetesApi
from mobile_ai.sandbox.services import lifecycle
from mobile_ai.sandbox.services.adopted import adopt
from mobile_ai.sandbox.services.lifecycle import SandboxOptions
from mobile_ai.sandbox.services.state import SandboxFolder

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("kubernetes")]


def up(folder, **wish):
    return lifecycle.up(folder, SandboxOptions(**wish), ambient=os.environ, progress=Quiet())


def changed(source: str, to: Path, **user: str) -> Path:
    """A kubeconfig like another, with another user and what files hold inline, as kind has it."""
    document = yaml.safe_load(Path(source).read_text())
    for one in document["clusters"]:
        cluster = one["cluster"]
        ca = Path(cluster.pop("certificate-authority")).read_bytes()
        cluster["certificate-authority-data"] = base64.b64encode(ca).decode()
    for one in document["users"] if user else ():
        one["user"] = user
    to.write_text(yaml.safe_dump(document))
    return to


@pytest.fixture
def folder(tmp_path) -> Iterator[SandboxFolder]:
    made = SandboxFolder(tmp_path, "adopts")
    yield made
    lifecycle.down(made, progress=Quiet())


def test_an_adopted_cluster_is_used_and_left_alone(endpoints, namespace, folder, tmp_path):
    file = changed(endpoints.kubeconfig, tmp_path / "config")
    found = up(folder, only=("kubernetes",), kubeconfig=file)
    file.unlink()
    assert lifecycle.status(folder) == []
    assert found.cluster().server == endpoints.cluster().server
    document = yaml.safe_load(Path(found.kubeconfig).read_text())
    assert [one["name"] for one in document["contexts"]] == ["default"]

    again = up(folder, only=("kubernetes",))
    assert KubernetesApi.of(again.cluster()).request("get", f"/api/v1/namespaces/{namespace}")
    lifecycle.down(folder, progress=Quiet())
    assert KubernetesApi.of(endpoints.cluster()).request("get", f"/api/v1/namespaces/{namespace}")


def test_a_client_certificate_is_copied_where_only_its_owner_reads_it(endpoints, tmp_path):
    data = {
        "client-certificate-data": base64.b64encode(b"a certificate").decode(),
        "client-key-data": base64.b64encode(b"a key").decode(),
    }
    file = changed(endpoints.kubeconfig, tmp_path / "config", **data)
    with pytest.raises(SandboxError, match="expected a cluster that answers"):
        adopt(file, data=tmp_path / "data")
    key = tmp_path / "data/client.key"
    assert key.read_bytes() == b"a key"
    assert key.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "current context"),
        ("{", "current context"),
        ("[1]", "current context"),
        ("apiVersion: v1\nkind: Config\n", "current context"),
        (None, "current context"),
    ],
)
def test_what_is_no_kubeconfig_is_named(text, says, tmp_path):
    file = tmp_path / "config"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SandboxError, match=says):
        adopt(file, data=tmp_path / "data")


@pytest.mark.parametrize(
    ("server", "user", "says"),
    [
        ("https://10.0.0.1:6443", {"token": "t"}, "not on this machine"),
        ("https://127.0.0.1:9", {"token": "t"}, "expected a cluster that answers"),
        ("https://127.0.0.1:9", {"username": "u"}, "neither token nor client certificate"),
    ],
)
def test_a_cluster_that_cannot_be_used_is_refused(server, user, says, endpoints, tmp_path):
    file = changed(endpoints.kubeconfig, tmp_path / "config", **user)
    document = yaml.safe_load(file.read_text())
    for one in document["clusters"]:
        one["cluster"]["server"] = server
    file.write_text(yaml.safe_dump(document))
    with pytest.raises(SandboxError, match=says):
        adopt(file, data=tmp_path / "data")


def test_sites_of_its_own_and_an_adopted_cluster_do_not_go_together(endpoints, folder, tmp_path):
    file = changed(endpoints.kubeconfig, tmp_path / "config")
    with pytest.raises(SandboxError, match="expected one of both"):
        up(folder, only=("kubernetes",), sites=("lab",), kubeconfig=file)
